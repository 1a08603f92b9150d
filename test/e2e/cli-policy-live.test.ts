import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cordon, documentOf, startCordon } from "../support/cli.ts";
import { proxyGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

const NARROW = 'version: "1.0"\npermissions:\n  network:\n    allow: [{host: one.example}]\n';
const WIDE = 'version: "1.0"\npermissions:\n  network:\n    allow: [{host: one.example}, {host: two.example}]\n';

interface Versions {
  readonly versions: readonly { readonly version: string; readonly by: string; readonly gained?: readonly string[] }[];
}

test(
  "a server is told to read its policy anew, its versions are listed, and one is put back",
  needing(["linux"], async () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), "cordon-live-")));
    const environment = { HOME: home, XDG_RUNTIME_DIR: join(home, "run") };
    mkdirSync(environment.XDG_RUNTIME_DIR, { mode: 0o700 });
    const file = join(home, "policy.yaml");
    const put = (text: string): void => {
      writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    };
    const own = async (...words: readonly string[]): ReturnType<typeof cordon> =>
      cordon(["policy", ...words], { cwd: home, environment });
    let server: ReturnType<typeof startCordon> | undefined;
    try {
      put(NARROW);
      const nobody = await own("reload");
      assert.deepEqual([nobody.code, /no server of this user/u.test(nobody.stderr)], [2, true]);
      const words = ["serve-http", await proxyGuest(), "--addr=127.0.0.1:0", "--isolation=thread", `--policy=${file}`];
      server = startCordon(words, { cwd: home, environment });
      await server.said("Serving");
      const first = documentOf(await own("reload", "--json")) as {
        readonly servers: readonly [{ readonly version: string }];
      };
      put(WIDE);
      await server.said("2 gained, 0 lost");
      // Written in place, it is read when that is asked for.
      writeFileSync(file, "nonsense: true\n");
      const refused = await own("reload");
      assert.deepEqual([refused.code, /failed/u.test(refused.stdout)], [2, true]);
      const { versions } = documentOf(await own("history", "--json")) as unknown as Versions;
      assert.deepEqual(
        versions.map(({ by }) => by),
        ["open", "reload", "files"],
      );
      assert.equal(versions.at(-1)?.gained?.length, 2);
      const back = await own("rollback");
      assert.equal(back.code, 0, back.stderr);
      const last = documentOf(await own("reload", "--json")) as {
        readonly servers: readonly [{ readonly version: string }];
      };
      assert.equal(last.servers[0].version, first.servers[0].version);
      server.child.kill("SIGINT");
      await server.ended;
    } finally {
      server?.child.kill("SIGKILL");
      rmSync(home, { recursive: true, force: true });
    }
  }),
);
