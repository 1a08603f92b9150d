import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { Sandbox } from "../../src/sandbox/index.ts";
import { bundled, TEST_CACHE, temporaryFolder, testGuest, textGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

const run = promisify(execFile);
const ENTRY = new URL("../../src/sandbox/index.ts", import.meta.url).href;

/** Runs a module in a process of its own and returns what it printed, as JSON. */
async function inProcess(code: string, environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const module = `import { Sandbox, run } from ${JSON.stringify(ENTRY)};\n${code}`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", module], {
    // Where Node keeps compiled sources is not what is tested, and without it each process compiles all of them.
    env: {
      PATH: process.env["PATH"] ?? "",
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
      ...environment,
    },
  });
  return JSON.parse(stdout);
}

/** A small component whose `f` returns that. */
function returning(value: number): Promise<string> {
  return textGuest(
    "returning",
    `(component
      (core module $m (func (export "f") (result i32) i32.const ${value}))
      (core instance $i (instantiate $m))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))`,
  );
}

test(
  "closing leaves no thread, no open file and nothing that keeps the process alive",
  needing(["linux"], async () => {
    const guest = await testGuest();
    // That the process ends by itself is part of the test: execFile would wait for ever.
    const seen = await inProcess(`
    import { readdirSync, readlinkSync } from "node:fs";
    const files = () => readdirSync("/proc/self/fd").map((fd) => { try { return readlinkSync("/proc/self/fd/" + fd) } catch { return "" } })
      .filter((target) => target.startsWith("/") && !target.startsWith("/dev/") && !target.startsWith("/proc/"));
    const threads = () => readdirSync("/proc/self/task").length;
    const cache = ${JSON.stringify(TEST_CACHE)};
    const use = async () => {
      await using sandbox = await Sandbox.open(${JSON.stringify(guest)}, { cache });
      await sandbox.call("add", [1, 2]);
      await sandbox.call("spin", [], { limits: { timeoutMs: 100 } }).catch(() => undefined);
      await sandbox.call("read", ["/etc/passwd"]).catch(() => undefined);
    };
    await use();
    const before = { files: files(), threads: threads() };
    for (let round = 0; round < 5; round += 1) await use();
    console.log(JSON.stringify({ before, after: { files: files(), threads: threads() } }));
  `);
    const { before, after } = seen as { readonly before: unknown; readonly after: unknown };
    assert.deepEqual(after, before);
  }),
);

test("a sandbox that is never closed does not keep the process alive", async () => {
  const guest = await testGuest();
  const value = await inProcess(`
    const sandbox = await Sandbox.open(${JSON.stringify(guest)}, { cache: ${JSON.stringify(TEST_CACHE)} });
    console.log((await sandbox.call("add", [1, 2])).value);
  `);
  assert.equal(value, 3);
});

test("two processes that load the same new component at once both succeed, and leave one entry", async (context) => {
  const cacheHome = await temporaryFolder(context);
  const code = `console.log(JSON.stringify(await run(${JSON.stringify(bundled("demo-malicious"))})));`;
  const values = await Promise.all([1, 2].map(() => inProcess(code, { XDG_CACHE_HOME: cacheHome })));
  for (const value of values) assert.match(String(value), /^BLOCKED/);
  const entries = readdirSync(join(cacheHome, "cordon/artifacts"));
  assert.equal(entries.length, 1);
  assert.match(entries[0] ?? "", /^[0-9a-f]{64}\.artifact$/);
});

test("a second load is from the cache; a truncated or altered entry is noticed and made again", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  const source = await returning(7);
  const load = async (): Promise<boolean> => {
    let prepared = false;
    const onStage = (): void => void (prepared = true);
    await using sandbox = await Sandbox.open(source, { cache: { directory }, onStage });
    assert.equal((await sandbox.call("f")).value, 7);
    return prepared;
  };
  assert.equal(await load(), true);
  assert.equal(await load(), false);
  const [entry = ""] = readdirSync(directory);
  const path = join(directory, entry);
  const whole = readFileSync(path);
  const altered = Buffer.from(whole);
  const middle = Math.floor(whole.length / 2);
  altered.writeUInt8(altered.readUInt8(middle) ^ 1, middle);
  for (const damage of [whole.subarray(0, middle), altered]) {
    writeFileSync(path, damage);
    assert.equal(await load(), true);
    assert.deepEqual(readFileSync(path).equals(whole), true);
    assert.equal(await load(), false);
  }
});

test("an entry made for another component is not used", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  for (const value of [7, 8]) {
    await using sandbox = await Sandbox.open(await returning(value), { cache: { directory } });
    await sandbox.call("f");
  }
  const [first = "", second = ""] = readdirSync(directory);
  writeFileSync(join(directory, first), readFileSync(join(directory, second)));
  for (const value of [7, 8]) {
    await using sandbox = await Sandbox.open(await returning(value), { cache: { directory } });
    assert.equal((await sandbox.call("f")).value, value);
  }
});

test("without a cache nothing is written", async (context) => {
  const cacheHome = await temporaryFolder(context);
  const code = `console.log(JSON.stringify(await run(${JSON.stringify(bundled("demo-malicious"))}, undefined, [], { cache: false })));`;
  assert.match(String(await inProcess(code, { XDG_CACHE_HOME: cacheHome })), /^BLOCKED/);
  assert.deepEqual(readdirSync(cacheHome), []);
});

test("the guests' threads inherit no environment and no arguments", () => {
  const source = readFileSync(
    fileURLToPath(new URL("../../src/runtime/threads/guest-thread.ts", import.meta.url)),
    "utf8",
  );
  for (const pin of ["argv: [],", "env: workerEnvironment(),", "execArgv: [...flags],", "stdin: false,"])
    assert.ok(source.includes(pin), pin);
});
