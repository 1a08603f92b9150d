import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../support/wasm-tools.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/** A component of one module with a tag of its own. */
const component = (body: string): string => `(component
  (core module $m
    (tag $number (param i32))
    (func $throws (param i32) (throw $number (local.get 0)))
    (func (export "f") (param $given i32) (result i32) ${body}))
  (core instance $i (instantiate $m))
  (func (export "f") (param "given" u32) (result u32) (canon lift (core func $i "f"))))`;

const ENCODINGS = {
  "try-table":
    "(block $caught (result i32) (try_table (catch $number $caught) (call $throws (local.get $given))) (i32.const 0))",
  "legacy-try": "try (result i32) (call $throws (local.get $given)) (i32.const 0) catch $number end",
};

for (const [name, body] of Object.entries(ENCODINGS)) {
  test(`a component throws and catches exceptions of its own: ${name}`, async () => {
    await using sandbox = await Sandbox.open(await textGuest(name, component(body)), { cache: TEST_CACHE });
    assert.equal((await sandbox.call("f", [42])).value, 42);
  });
}

test("a program for WASI preview 1 throws and catches, too", async () => {
  const program = `(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (tag $number (param i32))
    (func (export "_start")
      (call $exit (block $caught (result i32) (try_table (catch $number $caught) (throw $number (i32.const 3))) (i32.const 0)))))`;
  await using sandbox = await Sandbox.open(await parse(program), { cache: TEST_CACHE });
  assert.equal((await sandbox.execute()).exitCode, 3);
});

test("what is thrown and not caught is a trap", async () => {
  const source = await textGuest("uncaught", component("(call $throws (local.get $given)) (i32.const 0)"));
  await using sandbox = await Sandbox.open(source, { cache: TEST_CACHE });
  await failsWith("trap", /./u, sandbox.call("f", [1]));
});

test("modules share tags: what one throws, the other catches", async () => {
  const source = await textGuest(
    "shared-tags",
    `(component
      (core module $a
        (tag $number (export "number") (param i32))
        (func (export "throws") (param i32) (throw $number (local.get 0))))
      (core module $b
        (import "a" "number" (tag $number (param i32)))
        (import "a" "throws" (func $throws (param i32)))
        (func (export "f") (param $given i32) (result i32)
          (block $caught (result i32)
            (try_table (catch $number $caught) (call $throws (local.get $given)))
            (i32.const 0))))
      (core instance $a (instantiate $a))
      (core instance $b (instantiate $b (with "a" (instance $a))))
      (func (export "f") (param "given" u32) (result u32) (canon lift (core func $b "f"))))`,
  );
  await using sandbox = await Sandbox.open(source, { cache: TEST_CACHE });
  assert.equal((await sandbox.call("f", [42])).value, 42);
});
