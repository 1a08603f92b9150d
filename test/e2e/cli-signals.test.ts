import assert from "node:assert/strict";
import { existsSync, watch } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { before, test } from "node:test";
import { assertNoLeftovers, documentOf, startCordon } from "../support/cli.ts";
import { temporaryFolder, testGuest } from "../support/guests.ts";

let guest: string;
before(async () => {
  guest = await testGuest();
});

/** Resolves once a file or folder of that name is in a folder. */
async function appears(folder: string, name: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(folder, () => {
    if (existsSync(join(folder, name))) resolve();
  });
  if (existsSync(join(folder, name))) resolve();
  await promise;
  watcher.close();
}

test("SIGINT ends a guest that spins, and the exit code says so", async () => {
  const { child, ended, said } = startCordon(["run", guest, "--timeout=10m", "read-then-spin", "/etc/passwd"]);
  await said("[DENIED]");
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stdout], [130, ""]);
  assert.match(stderr, /error: Calling cordon:test\/api#read-then-spin was cancelled: interrupted by SIGINT\n$/);
});

test("SIGTERM ends a guest that waits, and --json is still one document", async (context) => {
  const asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const words = ["run", "--json", `--allow-network=${host}`, guest, "get", `http://${host}/`];
  const { child, ended } = startCordon(words);
  await asked.promise;
  child.kill("SIGTERM");
  const result = await ended;
  assert.equal(result.code, 143);
  assert.equal((documentOf(result)["error"] as { code: string }).code, "cancelled");
});

for (const words of [["run"], ["demo"], ["scan", "--code", "x = 1"]]) {
  test(`SIGINT during the first load of ${words[0]} leaves nothing behind`, async (context) => {
    const cache = await temporaryFolder(context);
    const temporary = await temporaryFolder(context);
    await mkdir(join(cache, "cordon"));
    const environment = { XDG_CACHE_HOME: cache, TMPDIR: temporary };
    const whole = words[0] === "run" ? ["run", guest, "add", "1", "2"] : words;
    const { child, ended } = startCordon(whole, { environment });
    // Made right before a component is looked up, and then prepared.
    await appears(join(cache, "cordon"), "artifacts");
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    assert.equal(code, 130);
    assert.match(stderr, /^error: Loading the component was cancelled: interrupted by SIGINT\n$/);
    await assertNoLeftovers(cache);
    assert.deepEqual(await readdir(temporary), []);
  });
}
