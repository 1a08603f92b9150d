import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { inspect, Sandbox } from "../../src/sandbox/index.ts";
import { type CliOptions, type CliResult, cordon, cordonInShell } from "../support/cli.ts";
import { failsWith } from "../support/errors.ts";
import { bundled, temporaryFolder, TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";
import { parse } from "../support/wasm-tools.ts";

/** The command with a file as its stdin. */
function withStdin(file: string, words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return cordonInShell(`exec "$@" < '${file}'`, words, options);
}

test("a component may come by stdin, bounded, and not together with the guest's", async (context) => {
  const guest = await testGuest();
  assert.deepEqual(await withStdin(guest, ["run", "-", "add", "5", "3"]), { code: 0, stdout: "8\n", stderr: "" });
  assert.match((await withStdin(guest, ["inspect", "-"])).stdout, /^Can run +yes$/m);
  assert.match((await withStdin(guest, ["types", "-"])).stdout, /^export interface Types \{$/m);
  const both = await withStdin(guest, ["run", "--stdin", "-", "add", "5", "3"]);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /^error: .*comes by stdin, which --stdin would give to it as well/);
  const large = await cordonInShell('head -c 1000 /dev/zero | "$@"', ["run", "--max-component-size", "100", "-", "f"]);
  assert.equal(large.code, 5);
  assert.match(large.stderr, /it gives more than 100 bytes/);
  // One that never ends is read no further than the bound.
  const endless = await cordonInShell('yes | "$@"', ["run", "--max-component-size", "1MiB", "-", "f"]);
  assert.equal(endless.code, 5);
  const empty = await cordon(["run", "-", "f"]);
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /the given bytes|the file is empty/);
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "code.py"), "x = 1\n");
  assert.equal((await withStdin(join(folder, "code.py"), ["scan", "--file", "-"])).code, 0);
});

test("scan FILE says how a file is named", async () => {
  const { code, stderr } = await cordon(["scan", "skill.py"]);
  assert.equal(code, 2);
  assert.equal(stderr, 'error: Cannot scan "skill.py": name a file with --file "skill.py", or give code with --code\n');
});

test("what an embedder would have to give is told so, and what only Cordon could is not", async () => {
  const own = await textGuest(
    "lacks-outbox",
    `(component (import "acme:mail/outbox" (instance (export "send" (func)))))`,
  );
  const run = await cordon(["run", own, "f"]);
  assert.equal(run.code, 2);
  assert.match(run.stderr, /acme:mail\/outbox; use hostFunctions of the library for functions of your own, .*none/);
  assert.match((await cordon(["inspect", own])).stdout, /^Can run +no: it lacks acme:mail\/outbox; .*hostFunctions/m);
  await failsWith("unsupported", /hostFunctions/, Sandbox.open(own, { cache: TEST_CACHE }));
  const future = await textGuest(
    "lacks-wasi",
    `(component (import "wasi:keyvalue/store@0.2.0" (instance (export "get" (func)))))`,
  );
  assert.doesNotMatch((await cordon(["run", future, "f"])).stderr, /hostFunctions/);
});

test("inspect does not say that it can run what has nothing to call", async (context) => {
  const folder = await temporaryFolder(context);
  const library = join(folder, "library.wasm");
  await writeFile(library, await parse('(module (memory (export "memory") 1) (func (export "_initialize")))'));
  assert.match((await cordon(["inspect", library])).stdout, /^Can run +no: it exports no function that can be called/m);
  const nothing = await textGuest("exports-nothing", "(component)");
  assert.match((await cordon(["inspect", nothing])).stdout, /^Can run +no: it exports no function that can be called/m);
  await copyFile(await testGuest(), join(folder, "guest.wasm"));
  assert.match((await cordon(["inspect", "guest.wasm"], { cwd: folder })).stdout, /^Can run +yes$/m);
});

test("what a toolchain exports for itself is no callable, and an export of its name that is another is", async () => {
  const scanner = await inspect(bundled("skill-scanner"));
  assert.ok(scanner.interface.exports.functions.some(({ name }) => name === "init"));
  assert.deepEqual(scanner.callable, ["sandbox:skill/scanner#scan-code"]);
  await failsWith("usage", /there is no such export/, async () => {
    await using sandbox = await Sandbox.open(await readFile(bundled("skill-scanner")), { cache: TEST_CACHE });
    await sandbox.call("init", ["", "", undefined, false]);
  });
  const own = await textGuest(
    "own-init",
    `(component (core module $m (func (export "f") (result i32) i32.const 5)) (core instance $i (instantiate $m))
      (func (export "init") (result u32) (canon lift (core func $i "f"))))`,
  );
  assert.deepEqual((await inspect(own)).callable, ["init"]);
});
