import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compareTraps } from "../../test/support/trap-differential.ts";
import { parse } from "../../test/support/wasm-tools.ts";
import { hardenModule } from "./harden-module.ts";
import { originalPosition } from "./original-position.ts";

/** Functions that trap, each where hardening writes something else; globals, locals and a name section, so that all of it moves. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  "at once": `(func (export "f") unreachable)`,
  "in a loop that is written out twice": `(func (export "f") (local $i i32)
    (loop $again
      (drop (i32.load (local.get $i)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 1000000)))))`,
  "in a loop with ways out": `(func (export "f") (local $i i32)
    (block $out
      (loop $again
        (br_if $out (i32.eq (local.get $i) (i32.const 9999999)))
        (drop (i32.div_u (i32.const 1) (i32.sub (i32.const 500) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (local.get $i)))))`,
  "in a function that is given the counter, and its callers": `
    (func $inner (param $n i32) (result i32) (local $l i64)
      (local.set $l (i64.const 5))
      (if (i32.eqz (local.get $n)) (then unreachable))
      (drop (local.get $l))
      (i32.add (call $inner (i32.sub (local.get $n) (i32.const 1))) (i32.const 1)))
    (func $outer (param $n i32) (result i32) (local $i i32)
      (loop $again (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
      (call $inner (local.get $n)))
    (func (export "f") (drop (call $outer (i32.const 7))))`,
  "behind globals of its own": `(global $g (mut i32) (i32.const 3)) (global $h (mut i64) (i64.const 3))
    (func (export "f")
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (global.set $h (i64.add (global.get $h) (i64.const 1)))
      (drop (i32.rem_s (global.get $g) (i32.const 0))))`,
  "in what is a call of a function that was added": `
    (func (export "fill") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 100)))
    (func (export "long") (memory.fill (i32.const 5) (i32.const 1) (i32.const 9000000)))
    (func (export "copy") (memory.copy (i32.const 65530) (i32.const 1) (i32.const 100)))
    (func (export "table") (table.fill (i32.const 9) (ref.null func) (i32.const 9)))`,
  "in such a call of what is in globals": `(global $to (mut i32) (i32.const 65530)) (global $n (mut i32) (i32.const 99))
    (func (export "f") global.get $to global.get $n global.get $n memory.fill)`,
  "in a call through a table": `(type $t (func (result i32)))
    (func (export "null") (drop (call_indirect (type $t) (i32.const 1))))
    (func (export "wrong") (drop (call_indirect (type $t) (i32.const 0))))
    (func (export "far") (drop (call_indirect (type $t) (i32.const 77))))`,
  "in long code": `(func (export "f") ${"(drop (i32.load (i32.const 8)))".repeat(900)} (drop (i32.load (i32.const -1))))`,
  "within and behind handlers": `(tag $e)
    (func $throws (throw $e))
    (func (export "f") (block $caught (result exnref) (try_table (catch_all_ref $caught) (call $throws)) unreachable) drop
      (drop (i32.load (i32.const -9))))
    (func (export "g") (try_table (drop (i32.div_s (i32.const 1) (i32.const 0)))))`,
  "in a start function": `(func $s (drop (i32.load (i32.const -1)))) (start $s)`,
};

const whole = (functions: string): string => `(module $named
  (import "a" "b" (func $imported))
  ${functions}
  (table 2 2 funcref) (elem (i32.const 0) func $used)
  (memory 1 4)
  (func $used (call $imported))
  (func (export "last") (call $used) unreachable))`;

describe("where a hardened module trapped", () => {
  for (const [what, functions] of Object.entries(FUNCTIONS)) {
    test(`${what} is where the module itself does`, async () => {
      const { frames, difference } = compareTraps(await parse(whole(functions)));
      assert.equal(difference, undefined);
      assert.ok(frames > 0);
    });
  }

  test("is unknown for what is no place in it, whatever is asked", async () => {
    const { positions, bytes } = hardenModule(await parse(whole("")), { meter: true, positions: true });
    assert.ok(positions !== undefined);
    for (const [index, position] of [
      [0, 5],
      [1, 0],
      [1, bytes.length],
      [1, 2 ** 40],
    ] as const) {
      assert.deepEqual(originalPosition(positions, index, position), { kind: "unknown" });
    }
    assert.deepEqual(originalPosition(positions, 3, 99), { kind: "added" });
    assert.deepEqual(originalPosition(positions, 2 ** 30, 99), { kind: "added" });
  });
});
