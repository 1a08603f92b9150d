import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../../test/support/wasm-tools.ts";
import { hardenedImports, makeGuard } from "../../../test/support/guard.ts";
import { hardenModule } from "../harden-module.ts";

type Exports = Record<string, (...parameters: unknown[]) => unknown>;

async function instantiate(fields: string): Promise<Exports> {
  const module = await parse(
    `(module (tag $e (param i32)) (func $throws (param i32) (throw $e (local.get 0))) ${fields})`,
  );
  const hardened = hardenModule(module, { meter: true });
  const imports = hardenedImports(hardened, makeGuard());
  return new WebAssembly.Instance(new WebAssembly.Module(hardened.bytes), imports).exports as Exports;
}

/** Each keeps an exception for each call within the other, and gives how deep it went; at the bottom it throws when `$throws` is 1. */
const ENCODINGS: Readonly<Record<string, string>> = {
  "a reference in a local": `(func $hold (export "hold") (param $depth i32) (param $throws i32) (result i32)
    (local $kept exnref)
    (if (i32.eqz (local.get $depth)) (then
      (if (local.get $throws) (then (throw $e (i32.const 7))))
      (return (i32.const 0))))
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (call $throws (i32.const 1)))
      unreachable)
    local.set $kept
    (i32.add (i32.const 1) (call $hold (i32.sub (local.get $depth) (i32.const 1)) (local.get $throws))))`,
  "a catch that has not ended": `(func $hold (export "hold") (param $depth i32) (param $throws i32) (result i32)
    (if (i32.eqz (local.get $depth)) (then
      (if (local.get $throws) (then (throw $e (i32.const 7))))
      (return (i32.const 0))))
    try (result i32)
      (call $throws (i32.const 1)) unreachable
    catch $e
      drop
      (i32.add (i32.const 1) (call $hold (i32.sub (local.get $depth) (i32.const 1)) (local.get $throws)))
    end)`,
};

const CATCHING: Readonly<Record<string, string>> = {
  "a reference in a local": `(func (export "caught") (param $depth i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $e $caught) (return (call $hold (local.get $depth) (i32.const 1))))
      unreachable))`,
  "a catch that has not ended": `(func (export "caught") (param $depth i32) (result i32)
    try (result i32) (call $hold (local.get $depth) (i32.const 1)) catch $e end)`,
};

for (const [name, hold] of Object.entries(ENCODINGS)) {
  test(`a guest holds a bounded number of exceptions at once: ${name}`, async () => {
    const fields = `${hold} ${CATCHING[name] ?? ""}`;
    /** A reference takes a slot as a local, and one as the operand that it was. */
    const most = name.includes("reference") ? 256 : 512;
    const over = await instantiate(fields);
    assert.throws(() => over["hold"]?.(most + 1, 0), /unreachable/);
    const within = await instantiate(fields);
    // What is left by returning, and by an exception, is held no more.
    for (let round = 0; round < 5; round += 1) {
      assert.equal(within["hold"]?.(most, 0), most);
      assert.equal(within["caught"]?.(most - 1), 7);
    }
  });
}

test("returns, branches and tail calls out of a function with handlers set the count back", async () => {
  const text = `(type $pair (func (result i32 i64)))
    (func $leaves (param $how i32) (result i32 i64) (local $kept exnref)
      (block $caught (result exnref)
        (try_table (catch_all_ref $caught) (call $throws (i32.const 1)))
        unreachable)
      local.set $kept
      (if (i32.eq (local.get $how) (i32.const 0)) (then (return (i32.const 1) (i64.const 2))))
      (if (i32.eq (local.get $how) (i32.const 1)) (then (return_call $pair)))
      (br_if 0 (i32.const 5) (i64.const 6) (i32.eq (local.get $how) (i32.const 2)))
      drop drop
      (i32.const 7) (i64.const 8))
    (func $pair (result i32 i64) (i32.const 3) (i64.const 4))
    (func (export "f") (param $how i32) (param $times i32) (result i32) (local $sum i32)
      (loop $again
        (call $leaves (local.get $how)) drop
        (local.set $sum (i32.add (local.get $sum)))
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
      (local.get $sum))`;
  const { f } = await instantiate(
    text.replace("(local.set $sum (i32.add (local.get $sum)))", "local.get $sum i32.add local.set $sum"),
  );
  for (const [how, value] of [
    [0, 1],
    [1, 3],
    [2, 5],
    [3, 7],
  ] as const)
    assert.equal(f?.(how, 2_000), 2_000 * value);
});

test("handlers at the function's own label, at loops and in a module with globals of its own", async () => {
  const { f, g } = await instantiate(`
    (global $n (mut i32) (i32.const 0))
    (func $count (local $kept exnref)
      (block $caught (result exnref) (try_table (catch_all_ref $caught) (call $throws (i32.const 1))) unreachable)
      local.set $kept)
    (func (export "f") (param $x i32) (result i32)
      (call $count)
      (try_table (catch $e 0) (call $throws (local.get $x)))
      (i32.const 0))
    (func (export "g") (param $times i32) (result i32)
      (loop $again
        (if (i32.lt_u (global.get $n) (local.get $times)) (then
          (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (call $count)
          (try_table (catch_all $again) (call $throws (i32.const 2))))))
      (global.get $n))`);
  assert.equal(f?.(9), 9);
  assert.equal(g?.(2_000), 2_000);
});
