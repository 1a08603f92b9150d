import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toolchainModules } from "../../../test/support/toolchain-modules.ts";
import { parse } from "../../../test/support/wasm-tools.ts";
import { ByteReader, MalformedError } from "../../shared/byte-reader.ts";
import { readSections, SECTION } from "./module-sections.ts";
import { walkInstructions } from "./walk-instructions.ts";

/** How many `memory.size` and `memory.grow` there are in a module, seen by walking over all its bodies. */
function count(module: Uint8Array): readonly [sizes: number, grows: number] {
  let [sizes, grows] = [0, 0];
  const code = readSections(module).find(({ id }) => id === SECTION.code)?.content ?? Uint8Array.of(0);
  const reader = new ByteReader(code);
  for (let left = reader.count(); left > 0; left -= 1) {
    const visitor = { memorySize: () => void (sizes += 1), memoryGrow: () => void (grows += 1) };
    walkInstructions(reader.sub(reader.u32()), visitor);
  }
  assert.equal(reader.remaining, 0);
  return [sizes, grows];
}

describe("walking over instructions", () => {
  test("every immediate is skipped, though it looks like what is looked for", async () => {
    const module = await parse(`(module
      (type $f (func)) (type $g (func (param i32) (result i32)))
      (memory $m 1) (memory $n 1) (table $t 63 64 funcref) (tag $e (param i32)) (global $g (mut i64) (i64.const 0))
      (data $d "x") (elem $x func $dummy) (elem declare func $one)
      (func $dummy) (func $one (type $g) local.get 0)
      (func (local i32 i64 f32 f64 v128 funcref externref (ref null $f))
        (drop (i32.const 63)) (drop (i32.const -64)) (drop (i64.const 0x3f403f403f403f40)) (drop (f32.const 0.747070))
        (drop (f64.const 0x1.3f403f403f403p+0)) (drop (v128.const i8x16 63 0 64 0 63 0 64 0 63 0 64 0 63 0 64 0))
        (drop (i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 (local.get 4) (local.get 4)))
        (drop (i8x16.extract_lane_s 15 (local.get 4)))
        (drop (v128.load8_lane offset=63 15 (i32.const 0) (local.get 4)))
        (v128.store64_lane $n offset=64 align=1 1 (i32.const 0) (local.get 4))
        (drop (v128.load32_zero offset=64 (i32.const 0)))
        (drop (i32x4.relaxed_trunc_f32x4_s (local.get 4)))
        (drop (i32.load offset=63 (i32.const 0))) (i64.store8 $n offset=16447 (i32.const 0) (i64.const 1))
        (block (result i32) (i32.const 1)) (drop)
        (loop (param) (br_if 1 (i32.const 0)))
        (i32.const 0) (block (type $g) (br_table 0 0 0 0 (i32.const 63))) (drop)
        (block (result (ref null $f)) (ref.null $f)) (drop)
        (if (i32.const 0) (then (return)) (else (nop)))
        (drop (select (result i64) (i64.const 1) (i64.const 2) (i32.const 1)))
        (drop (select (i64.const 1) (i64.const 2) (i32.const 1)))
        (block $h (result i32) (try_table (catch $e $h) (catch_all 1) (throw $e (i32.const 64))) (i32.const 0)) (drop)
        (block $r (result exnref) (try_table (catch_all_ref $r) (call $dummy)) (return)) (throw_ref)
        (call_indirect (type $f) (i32.const 64)) (call_indirect $t (type $f) (i32.const 63))
        (drop (table.get $t (i32.const 63))) (table.set $t (i32.const 0) (ref.func $one))
        (drop (table.grow $t (ref.null func) (i32.const 64))) (drop (table.size $t)) (elem.drop $x) (data.drop $d)
        (table.fill $t (i32.const 0) (ref.null func) (i32.const 0)) (table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))
        (table.init $t $x (i32.const 0) (i32.const 0) (i32.const 0))
        (memory.init $n $d (i32.const 0) (i32.const 0) (i32.const 0)) (memory.copy $n $m (i32.const 0) (i32.const 0) (i32.const 0))
        (memory.fill $n (i32.const 0) (i32.const 0) (i32.const 0))
        (drop (i64.trunc_sat_f64_u (f64.const 1))) (drop (i32.extend8_s (i32.const 63)))
        (drop (ref.is_null (ref.func $one))) (global.set $g (global.get $g))
        (drop (memory.size $m)) (drop (memory.size $n)) (drop (memory.grow $n (i32.const 64)))
        (drop (i32.atomic.load offset=63 (i32.const 0))) (atomic.fence)
        (return_call $dummy))
      (func (param i32) (result i32) (return_call_indirect (type $g) (local.get 0) (i32.const 63)))
      (func (param (ref $f)) (call_ref $f (local.get 0)) (br_on_null 0 (local.get 0)) (return_call_ref $f)))`);
    assert.deepEqual(count(module), [2, 1]);
  });

  test("modules of real toolchains are walked to the end of every body", () => {
    const modules = toolchainModules();
    assert.ok(modules.length >= 4, "the package has its modules");
    let found = 0;
    for (const module of modules) found += count(module)[1];
    assert.ok(found >= 2);
  });

  test("what it does not know is malformed", () => {
    for (const bytes of [[0xfb, 0x7f], [0xff], [0x16], [0xfc, 0x17], [0xfd, 0x80, 0x04], [0x41], [0x41, 0x80]]) {
      const reader = new ByteReader(Uint8Array.of(0, ...bytes));
      assert.throws(() => walkInstructions(reader, { memorySize() {}, memoryGrow() {} }), MalformedError);
    }
  });
});
