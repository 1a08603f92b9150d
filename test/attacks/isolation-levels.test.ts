import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import { ProcessPool } from "../../src/runtime/process/pool.ts";
import { leaseProcessPool } from "../../src/runtime/process/shared-process-pool.ts";
import { type OsSandbox, Sandbox, type SandboxOptions, serveHttp } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { playgroundWithSecret } from "../support/filesystem.ts";
import { proxyGuest, TEST_CACHE, testGuest, wasiProbe } from "../support/guests.ts";
import { Probe } from "../support/probe.ts";
import { type Need, needing } from "../support/needs.ts";

/*
 * The same guests and the same answers at the level `process`, and what only processes can lose.
 */

let guest: string;
before(async () => {
  guest = await testGuest();
});

/** What the operating system adds, and what that takes. */
const MODES: readonly (readonly [mode: OsSandbox, needs: readonly Need[]])[] = [
  ["off", []],
  ["required", ["bubblewrap"]],
];

function open(osSandbox: OsSandbox, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(guest, { cache: TEST_CACHE, isolation: "process", osSandbox, ...options });
}

/** The processes there are, of every sandbox that is wrapped like this. */
async function pids(osSandbox: OsSandbox): Promise<readonly number[]> {
  const { pool, release } = leaseProcessPool(osSandbox);
  try {
    return pool.pids;
  } finally {
    await release();
  }
}

for (const [mode, needs] of MODES)
  describe(`a guest in a process of its own, its sandbox ${mode}`, () => {
    test(
      "is called, and the process stays for the next call",
      needing(needs, async () => {
        await using sandbox = await open(mode);
        const first = await pids(mode);
        assert.equal(first.length, 1);
        for (let a = 0; a < 5; a++) assert.equal((await sandbox.call("add", [a, 1])).value, a + 1);
        const many = await Promise.all(Array.from({ length: 50 }, (_, a) => sandbox.call("add", [a, 1])));
        assert.deepEqual(
          many.map(({ value }) => value),
          Array.from({ length: 50 }, (_, a) => a + 1),
        );
        assert.deepEqual(await pids(mode), first);
      }),
    );

    test(
      "is ended at its deadline, and its process goes on",
      needing(needs, async () => {
        await using sandbox = await open(mode);
        const before = await pids(mode);
        const error = await failsWith(
          "limit",
          /did not end within 300 ms/,
          sandbox.call("spin", [], { limits: { timeoutMs: 300 } }),
        );
        assert.equal(error.limit?.limit, "deadline");
        assert.equal((await sandbox.call("add", [1, 2])).value, 3);
        assert.deepEqual(await pids(mode), before);
      }),
    );

    test(
      "is cancelled, and the sandbox that is closed leaves no process",
      needing(needs, async () => {
        const sandbox = await open(mode);
        const stop = new AbortController();
        const called = sandbox.call("spin", [], { signal: stop.signal });
        stop.abort(new Error("enough"));
        await failsWith("cancelled", /cancelled/, called);
        const [pid = 0] = await pids(mode);
        await sandbox.close();
        assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
      }),
    );

    test(
      "whose process is killed loses its calls, the next call has a new one, and others lose nothing",
      needing(needs, async () => {
        await using other = await open(mode);
        const others = await pids(mode);
        await using sandbox = await open(mode);
        const pid = (await pids(mode)).find((one) => !others.includes(one)) ?? 0;
        const [lost, kept] = [sandbox.call("spin"), other.call("add", [1, 1])];
        const rejected = failsWith("host", /it was lost, since its process ended with signal SIGKILL/, lost);
        // A call that has begun is lost; one that has not would run in the next process.
        await sandbox.call("add", [1, 1]);
        process.kill(pid, "SIGKILL");
        await rejected;
        assert.equal((await kept).value, 2);
        assert.equal((await other.call("add", [2, 2])).value, 4);
        assert.equal((await sandbox.call("add", [3, 3])).value, 6);
        assert.ok(!(await pids(mode)).includes(pid));
      }),
    );

    test(
      "reads and writes what is granted, and nothing else",
      needing(needs, async () => {
        using place = playgroundWithSecret();
        writeFileSync(join(place.inside, "given"), "text");
        const options: SandboxOptions = {
          cache: TEST_CACHE,
          isolation: "process",
          osSandbox: mode,
          grants: { filesystem: { preopens: [`${place.inside}::/:rw`], create: true, delete: true } },
        };
        await using probe = new Probe(await Sandbox.open(await wasiProbe(), options), []);
        const answers = await probe.run(
          ({ folders, everyWay }, paths) => paths.map((path) => everyWay(folders()[0], path)),
          ["../outside/O", "/etc/passwd", join(place.outside, "O")],
        );
        for (const each of answers)
          assert.ok(
            each.every((one) => /^!(?:not-permitted|no-entry)$/u.test(one)),
            each.join(),
          );
        const events: unknown[] = [];
        const grants = { filesystem: { read: [place.inside], write: [place.inside] } };
        await using sandbox = await open(mode, { grants, onEvent: (event) => events.push(event) });
        assert.equal((await sandbox.call("read", [join(place.inside, "given")])).value, "text");
        await sandbox.call("write", [join(place.inside, "made"), "by the guest"]);
        assert.equal(readFileSync(join(place.inside, "made"), "utf8"), "by the guest");
        await failsWith("guest-error", /denied/i, sandbox.call("read", [join(place.outside, "O")]));
        assert.equal(events.length, 3);
      }),
    );
  });

for (const [mode, needs] of MODES)
  test(
    `a guest in a process answers HTTP requests, and makes those that are granted, its sandbox ${mode}`,
    needing(needs, async (context) => {
      const server = createServer((request, response) => response.end(`you asked for ${request.url ?? ""}`));
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      context.after(() => server.close());
      const host = `127.0.0.1:${(server.address() as { readonly port: number }).port}`;
      await using sandbox = await open(mode, { grants: { network: { hosts: [host] } } });
      assert.equal((await sandbox.call("get", [`http://${host}/a`])).value, "you asked for /a");
      await using refused = await open(mode);
      await failsWith("guest-error", /denied/i, refused.call("get", [`http://${host}/a`]));
      const options: SandboxOptions = { cache: TEST_CACHE, isolation: "process", osSandbox: mode };
      await using proxy = await Sandbox.open(await proxyGuest(), options);
      await using serving = await serveHttp(proxy, { port: 0 });
      const body = "0123456789".repeat(30_000);
      const answer = await fetch(`http://127.0.0.1:${serving.port}/echo`, { method: "POST", body });
      assert.equal(await answer.text(), body);
    }),
  );

test("what is asked for and cannot be had is refused, in words", async () => {
  const wrong = { isolation: "vm" } as unknown as SandboxOptions;
  await failsWith(
    "usage",
    /it is "thread", "process" or "auto", not "vm"/,
    Sandbox.open(guest, { cache: TEST_CACHE, ...wrong }),
  );
  await failsWith(
    "usage",
    /set isolation to "process"/,
    Sandbox.open(guest, { cache: TEST_CACHE, osSandbox: "required" }),
  );
});

test("a sandbox that is required and cannot be had is refused", async () => {
  const pool = new ProcessPool({
    osSandbox: "required",
    find: async () => ({ kind: "refused", path: "/usr/bin/bwrap", reason: "no" }),
  });
  await failsWith("usage", /bubblewrap cannot make a sandbox here \(no\); run cordon doctor/, pool.warm(NO_GRANTS));
  await pool.close();
});
