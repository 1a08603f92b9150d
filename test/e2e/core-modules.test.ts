import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { componentEmbed, parse } from "../support/wasm-tools.ts";
import { recognize } from "../../src/component/preparation/recognize.ts";
import { inspect } from "../../src/sandbox/loading/inspect.ts";
import { Sandbox } from "../../src/sandbox/sandbox.ts";
import { failsWith } from "../support/errors.ts";
import { goGuest } from "../support/compiled-guests.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

/** A program that writes to stdout and exits with a code. */
const HELLO = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
    (call $proc_exit (i32.const 7))))`;

const REACTOR = `(module
  (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  (memory (export "memory") 1)
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`;

describe("programs for WASI preview 1", () => {
  test("are told from their bytes, and inspected", async () => {
    const found = await inspect(await textGuest("hello", HELLO));
    assert.equal(found.form, "preview1-command");
    assert.ok(
      found.callable.some((name) => /^wasi:cli\/run@0\.2\.\d+#run$/.test(name)),
      found.callable.join(),
    );
    assert.deepEqual(
      found.interface.imports.interfaces.map(({ name, functions }) => [name, ...functions.map((fn) => fn.name)]),
      [["wasi_snapshot_preview1", "fd_write", "proc_exit"]],
    );
    assert.deepEqual([found.coreModules, found.runnable], [1, true]);
    assert.deepEqual(found.reach, [
      { interface: "wasi_snapshot_preview1", access: "its own output and its own end", grants: [] },
    ]);
  });

  test("run, with their output and exit code", async () => {
    await using sandbox = await Sandbox.open(await textGuest("hello", HELLO), { cache: TEST_CACHE });
    const { exitCode, stdout } = await sandbox.execute();
    assert.deepEqual([exitCode, Buffer.from(stdout).toString()], [7, "hello\n"]);
    assert.match(sandbox.component.digest, /^sha256:[0-9a-f]{64}$/);
  });

  test("that are libraries without WIT load, and say that there is nothing to call", async () => {
    const path = await textGuest("reactor", REACTOR);
    const found = await inspect(path);
    assert.deepEqual([found.form, found.callable], ["preview1-reactor", []]);
    await using sandbox = await Sandbox.open(path, { cache: TEST_CACHE });
    await failsWith(
      "usage",
      /no function that can be called; of a core module, only programs/,
      sandbox.call("add", [1, 2]),
    );
    await failsWith("usage", /./, sandbox.execute());
  });

  test("that carry WIT are to be made components first", async () => {
    const module = await parse(`(module
      (memory (export "memory") 1)
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`);
    const witSource = "package test:add; world sums { export add: func(a: u32, b: u32) -> u32; }";
    const embedded = await componentEmbed({ binary: module, witSource, world: "sums" });
    await failsWith("unsupported", /wasm-tools component new/, Sandbox.open(embedded, { cache: TEST_CACHE }));
  });
});

test(
  "a program of Go runs, with a heap that takes the memory to be its own",
  needing(["go-for-wasi"], async () => {
    const program = await goGuest(
      "core-module",
      `package main
import ("fmt"; "os"; "runtime")
func main() {
  fmt.Println(os.Args[1:], os.Getenv("WHO"))
  var kept [][]byte
  for i := 0; i < 40; i++ {
    block := make([]byte, 1<<20)
    for at := range block { block[at] = 0xaa }
    kept = append(kept, block)
  }
  runtime.GC()
  _, err := os.ReadDir("/")
  fmt.Println(len(kept), err != nil)
  os.Exit(3)
}`,
    );
    await using sandbox = await Sandbox.open(program, {
      cache: TEST_CACHE,
      grants: { environment: { set: { WHO: "gopher" } } },
    });
    const { exitCode, stdout, stderr } = await sandbox.execute(["a", "b c"]);
    assert.deepEqual(
      [exitCode, Buffer.from(stdout).toString(), Buffer.from(stderr).toString()],
      [3, "[a b c] gopher\n40 true\n", ""],
    );
  }),
);

describe("a hostile core module", () => {
  const start = '(memory (export "memory") 1) (func (export "_start"))';
  const refused: readonly (readonly [string, string, "unsupported" | "invalid-component" | "limit", RegExp])[] = [
    [
      "asks for what preview 1 does not have",
      `(import "wasi_snapshot_preview1" "exec" (func)) ${start}`,
      "unsupported",
      /"exec", which is not provided/,
    ],
    [
      "asks for it with another type",
      `(import "wasi_snapshot_preview1" "sched_yield" (func (param i64))) ${start}`,
      "unsupported",
      /"sched_yield" of type \(i64\) -> \(\) \(it is \(\) -> i32\)/,
    ],
    [
      "carries WIT, and is no command",
      `(@custom "component-type" "\\ff\\00") (memory (export "memory") 1) (func (export "f"))`,
      "unsupported",
      /wasm-tools component new/,
    ],
    ["is not valid", `(func (result i32) i64.const 0) ${start}`, "invalid-component", /not valid WebAssembly/],
    [
      "has a large table",
      `(table 600000 funcref) ${start}`,
      "limit",
      /tables and passive element segments take 600000 entries/,
    ],
  ];
  for (const [what, fields, code, message] of refused) {
    test(`that ${what} is refused`, async () => {
      const path = await textGuest("hostile", `(module ${fields})`);
      await failsWith(code, message, Sandbox.open(path, { cache: false }));
    });
  }

  test("may have names of any kind: they are data", async () => {
    const names = ["'+x+'", "constructor", "__proto__", "then", "", "\\u{2028}"];
    const exports = names.map((name) => `(func (export "${name}"))`).join(" ");
    await using sandbox = await Sandbox.open(await textGuest("names", `(module ${exports} ${start})`), {
      cache: false,
    });
    assert.equal((await sandbox.execute()).exitCode, 0);
  });

  test("that is cut anywhere is refused with a typed error", async () => {
    const whole = await readFile(await textGuest("hello", HELLO));
    for (let length = 8; length < whole.length; length += 17) {
      const cut = whole.subarray(0, length);
      await failsWith("invalid-component", /./, async () => recognize(cut)).catch((error: unknown) => {
        throw new Error(`cut at ${length}`, { cause: error });
      });
    }
  });

  test("may not import from the host's own namespace", async () => {
    const reserved = `(module (import "cordon:memory" "m0" (memory 1)) (@custom "component-type" "") ${start})`;
    await failsWith(
      "invalid-component",
      /"cordon:memory", which is reserved/,
      Sandbox.open(await textGuest("reserved", reserved), { cache: false }),
    );
  });

  test("that is a command may carry any WIT: nobody reads it", async () => {
    for (const wit of ["\\ff\\00", "\\00asm\\0d\\00\\01\\00\\07\\7f"]) {
      const path = await textGuest("wit", `(module (@custom "component-type:x" "${wit}") ${start})`);
      await using sandbox = await Sandbox.open(path, { cache: false });
      assert.equal((await sandbox.execute()).exitCode, 0);
    }
  });

  test("has its memory capped, like any other", async () => {
    const grows = `(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (call $proc_exit (memory.size))))`;
    await using sandbox = await Sandbox.open(await textGuest("grows", grows), { cache: TEST_CACHE });
    const { exitCode } = await sandbox.execute([], { limits: { memoryBytes: 64 * 65_536 } });
    assert.ok(exitCode > 32 && exitCode <= 64, String(exitCode));
  });
});
