import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import * as fc from "fast-check";
import { outlineOf } from "./outline.ts";
import { withOwnPages } from "./own-pages.ts";

const PAGE = 65_536;

interface Guest {
  readonly memory: WebAssembly.Memory;
  readonly size: () => number;
  readonly grow: (pages: number) => number;
  readonly cabi_realloc_adapter: (old: number, oldSize: number, align: number, size: number) => number;
}

async function guest(memory: string): Promise<Guest> {
  const module = await parse(`(module
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") ${memory})
    (func (export "size") (result i32) (drop (i32.const 63)) (if (result i32) (i32.const 1) (then (memory.size)) (else (i32.const 64))))
    (func (export "grow") (param i32) (result i32) (local.get 0) (loop (param i32) (result i32) (memory.grow))))`);
  const own = withOwnPages(module, outlineOf(module));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(own), {
    wasi_snapshot_preview1: { proc_exit: () => undefined },
  });
  return exports as unknown as Guest;
}

describe("a module's own pages", () => {
  test("are all it sees, before and after the adapter has taken some", async () => {
    const { memory, size, grow, cabi_realloc_adapter: allocate } = await guest("2 100");
    assert.equal(size(), 2);
    assert.equal(grow(3), 2);
    assert.deepEqual([size(), memory.buffer.byteLength / PAGE], [5, 5]);
    const stack = allocate(0, 0, 16, PAGE) >>> 0;
    const state = allocate(0, 0, 8, PAGE) >>> 0;
    assert.deepEqual([stack, state], [107 * PAGE, 106 * PAGE]);
    assert.equal(size(), 5);
    assert.equal(grow(7), 5);
    assert.equal(size(), 12);
    assert.deepEqual([grow(-1), grow(0), grow(89), grow(88), grow(1), size()], [-1, 12, -1, 12, -1, 100]);
  });

  test("end below the adapter's when there is no maximum but the engine's or the host's", async () => {
    const { size, grow, cabi_realloc_adapter: allocate } = await guest("1");
    const stack = allocate(0, 0, 16, PAGE) >>> 0;
    assert.equal(stack, 65_534 * PAGE);
    assert.deepEqual([grow(65_534), grow(65_533), size()], [-1, 1, 65_534]);
    assert.throws(() => allocate(0, 0, 8, PAGE), WebAssembly.RuntimeError);
  });

  test("any sequence of growing and allocating gives places that are apart, and what a memory of its own would give", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("grow" as const), pages: fc.integer({ min: 0, max: 40 }) }),
      fc.record({
        kind: fc.constant("allocate" as const),
        align: fc.constantFrom(1, 2, 4, 8, 16),
        size: fc.integer({ min: 1, max: 3 * PAGE }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { memory, size, grow, cabi_realloc_adapter: allocate } = await guest("3 60");
        let pages = 3;
        let lowest = Number.POSITIVE_INFINITY;
        for (const one of steps) {
          if (one.kind === "grow") {
            const limit = Math.min(60, Math.floor(lowest / PAGE));
            const fits = pages + one.pages <= limit;
            assert.equal(grow(one.pages), fits ? pages : -1);
            if (fits) pages += one.pages;
          } else {
            let at: number;
            try {
              at = allocate(0, 0, one.align, one.size) >>> 0;
            } catch {
              break;
            }
            assert.equal(at % one.align, 0);
            assert.ok(at + one.size <= Math.min(lowest, memory.buffer.byteLength) && at >= pages * PAGE);
            lowest = at;
          }
          assert.equal(size(), pages);
          assert.ok(memory.buffer.byteLength >= pages * PAGE);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("only allocating is provided for the adapter", async () => {
    const { cabi_realloc_adapter: allocate } = await guest("1 4");
    for (const old of [
      [8, 0],
      [0, 8],
    ] as const) {
      assert.throws(() => allocate(old[0], old[1], 8, 16), WebAssembly.RuntimeError);
    }
    assert.throws(() => allocate(0, 0, 8, 0xffff_ffff), WebAssembly.RuntimeError);
  });

  test("modules that bring an allocator, have no WASI or another memory are left as they are", async () => {
    const p1 = '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))';
    for (const fields of [
      '(memory (export "memory") 1) (func (drop (memory.size)))',
      `${p1} (func nop)`,
      `${p1} (memory (export "memory") 1)`,
      `${p1} (memory (export "memory") 1) (memory 1) (func (drop (memory.size)))`,
      `${p1} (import "a" "m" (memory 1)) (memory (export "memory") 1) (func (drop (memory.size)))`,
      `${p1} (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (memory.size))`,
    ]) {
      const module = await parse(`(module ${fields})`);
      assert.equal(withOwnPages(module, outlineOf(module)), module, fields);
    }
  });

  test("globals, functions, types and data keep their places", async () => {
    const module = await parse(`(module
      (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
      (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
      (memory (export "memory") 1) (table funcref (elem $seven)) (global $g (mut i32) (i32.const 35))
      (data (i32.const 8) "\\02")
      (func $seven (result i32) (i32.const 7))
      (func (export "f") (result i32)
        (i32.add (i32.add (global.get $g) (call_indirect (result i32) (i32.const 0))) (i32.add (memory.size) (i32.load8_u (i32.const 8))))))`);
    const own = withOwnPages(module, outlineOf(module));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(own), {
      wasi_snapshot_preview1: { proc_exit: () => undefined, sched_yield: () => 0 },
    });
    assert.equal((exports["f"] as () => number)(), 35 + 7 + 1 + 2);
  });
});
