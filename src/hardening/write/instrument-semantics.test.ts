import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { parse, print } from "../../../test/support/wasm-tools.ts";
import { failsWith } from "../../../test/support/errors.ts";
import { hardenedImports, makeGuard } from "../../../test/support/guard.ts";
import { compare } from "../../../test/support/hardening-differential.ts";
import { COUNTER_EXPORT, MEMORY_NAMESPACE, memoryField } from "../../shared/plan/hardening-profile.ts";
import { COMPLEXITY } from "../bound/complexity.ts";
import { hardenModule, type HardenedModule, type HardenOptions } from "../harden-module.ts";
import { InstructionCursor } from "../read/instruction-cursor.ts";

type Exports = Record<string, (...parameters: unknown[]) => unknown>;

const MIB = 1024 * 1024;

function instantiate(
  hardened: HardenedModule,
  guard = makeGuard(),
  memories: readonly WebAssembly.Memory[] = [],
): Exports {
  const imports = hardenedImports(hardened, guard);
  const own = Object.fromEntries(memories.map((memory, position) => [memoryField(position), memory]));
  imports[MEMORY_NAMESPACE] = { ...imports[MEMORY_NAMESPACE], ...own };
  return new WebAssembly.Instance(new WebAssembly.Module(hardened.bytes), imports).exports as Exports;
}

/** The module with either counter; both have to be valid. */
async function hardened(text: string, allow: HardenOptions["allow"] = {}): Promise<HardenedModule> {
  const module = await parse(text);
  const own = hardenModule(module, { meter: true, counter: "own", allow });
  assert.doesNotThrow(() => new WebAssembly.Module(own.bytes));
  return hardenModule(module, { meter: true, allow });
}

/** A module with two memories of 100 pages. */
const OPERATIONS = (address: "i32" | "i64"): string => `(module
    (memory ${address} 100 100) (memory ${address} 100 100)
    (func (export "fill") (param ${address} i32 ${address}) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param ${address} ${address} ${address}) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "across") (param ${address} ${address} ${address}) (memory.copy 1 0 (local.get 0) (local.get 1) (local.get 2))))`;

describe("long fills and copies, which are done in pieces", () => {
  const SIZE = 100 * 65_536;
  const CASES: readonly (readonly [name: string, ...parameters: number[]])[] = [
    ["fill", 5, 0xab, 3 * MIB + 17],
    ["fill", 0, 1, SIZE],
    ["fill", 0, 2, MIB],
    ["fill", SIZE - 2 * MIB, 3, 2 * MIB],
    ["fill", SIZE - 2 * MIB + 1, 4, 2 * MIB],
    ["fill", SIZE, 4, 0],
    ["fill", SIZE + 1, 4, 0],
    ["copy", 7, 0, 5 * MIB],
    ["copy", 0, 7, 5 * MIB],
    ["copy", 0, 0, 3 * MIB],
    ["copy", MIB / 2, 0, SIZE - MIB / 2],
    ["copy", 1, 0, SIZE],
    ["copy", 0, 1, SIZE],
    ["copy", SIZE - MIB, 0, 2 * MIB],
    ["across", 3, 9, 4 * MIB + 1],
    ["across", 0, SIZE - MIB, MIB + 1],
  ];
  for (const address of ["i32", "i64"] as const) {
    test(`give what short ones would, with addresses of ${address}`, async () => {
      const module = await parse(OPERATIONS(address));
      const wide = (value: number): unknown => (address === "i64" ? BigInt(value) : value);
      const outcomes = [false, true].map((meter) => {
        const descriptor =
          address === "i64" ? { initial: 100n, maximum: 100n, address } : { initial: 100, maximum: 100 };
        const memories = [0, 1].map(() => new WebAssembly.Memory(descriptor as unknown as { initial: number }));
        for (const [at, memory] of memories.entries()) {
          new Uint32Array(memory.buffer).forEach(
            (_word, index, words) => (words[index] = Math.imul(index + at, 2_654_435_761)),
          );
        }
        const exports = instantiate(hardenModule(module, { meter }), makeGuard(), memories);
        return CASES.map(([name, first = 0, second = 0, third = 0]) => {
          let outcome = "done";
          try {
            exports[name]?.(wide(first), name === "fill" ? second : wide(second), wide(third));
          } catch (thrown) {
            outcome = (thrown as Error).message;
          }
          return [
            outcome,
            ...memories.map(({ buffer }) => createHash("sha256").update(new Uint8Array(buffer)).digest("hex")),
          ];
        });
      });
      assert.deepEqual(outcomes[1], outcomes[0]);
    });
  }

  test("stop between pieces when there is no fuel", async () => {
    const guard = makeGuard({ fuel: 100_000 });
    const exports = instantiate(
      await hardened(`(module (memory (export "m") 100)
      (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 6000000))))`),
      guard,
    );
    assert.throws(() => exports["f"]?.(), /unreachable/);
    const bytes = new Uint8Array((exports["m"] as unknown as WebAssembly.Memory).buffer);
    assert.deepEqual([bytes[MIB - 1], bytes[MIB]], [1, 0]);
  });
});

describe("memory.grow", () => {
  const GROW = `(module (memory 1 10) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;

  test("asks first, and says so when it failed all the same", async () => {
    const guard = makeGuard();
    const exports = instantiate(await hardened(GROW), guard);
    assert.equal(exports["grow"]?.(3), 1);
    assert.equal(exports["grow"]?.(100), -1);
    assert.equal(exports["grow"]?.(-1), -1);
    assert.deepEqual(guard.grown, [3, 100, -100]);
  });

  test("is refused when the host refuses", async () => {
    const guard = makeGuard({ mayGrow: (pages) => pages < 3 });
    const exports = instantiate(await hardened(GROW), guard);
    assert.equal(exports["grow"]?.(3), -1);
    assert.equal(exports["grow"]?.(2), 1);
    assert.deepEqual(guard.grown, [3, 2]);
  });

  test("of 64 bits asks only for what 31 bits hold", async () => {
    const guard = makeGuard();
    const exports = instantiate(
      await hardened(
        `(module (memory i64 1 10) (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))`,
      ),
      guard,
    );
    assert.equal(exports["grow"]?.(2n), 1n);
    assert.equal(exports["grow"]?.(2n ** 31n), -1n);
    assert.deepEqual(guard.grown, [2]);
  });
});

describe("whatever the code looks like, it is valid and does the same", () => {
  const BODIES: Readonly<Record<string, string>> = {
    "dead code with everything in it": `(memory 1) (global $g (mut i32) (i32.const 3)) (table $t 1 funcref)
      (func (export "f") (result i32) (return (i32.const 1)) (global.set $g) (memory.grow) (drop) (memory.fill) (memory.copy)
        (loop (br 0)) (block (br_if 0 (unreachable))) (unreachable) (if (then (unreachable)) (else)) (table.fill $t) (call_indirect (type 0)) (br_table 0 0))`,
    "br_table to loops and blocks, with values": `(func (export "f") (param i32) (result i32) (local i32)
      (block $out (result i32) (i32.const 0) (loop $l (param i32) (result i32)
        (local.set 1 (i32.add (i32.const 1)))
        (br_table $out $l $out (local.get 1) (i32.lt_u (local.get 1) (i32.const 9))))))`,
    "branches to the function's label in loops, with several values": `(func (export "f") (param i32) (result i32 i64)
      (loop (br_if 1 (i32.const 5) (i64.const 6) (i32.gt_u (local.get 0) (i32.const 9))) (drop) (drop)
        (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0)) (unreachable))`,
    "an if without else around a loop": `(func (export "f") (param i32) (result i32) (if (local.get 0) (then
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))) (local.get 0))`,
    "globals of its own everywhere": `(import "fuzz" "g" (global $i i32)) (global $a i32 (i32.const 4)) (global $b (mut i32) (i32.const 5))
      (global $c i32 (i32.add (global.get $a) (i32.const 1))) (memory 1) (data (offset (global.get $a)) "x") (table 20 funcref)
      (elem (offset (global.get $a)) $f) (export "b" (global $b))
      (func $f (export "f") (result i32) (global.set $b (i32.add (global.get $a) (global.get $i))) (i32.mul (global.get $c) (i32.load8_u (i32.const 4))))`,
    "a start function with a loop": `(global $n (mut i32) (i32.const 9)) (start $s)
      (func $s (loop (br_if 0 (global.get $n) (i32.eqz (global.get $n)))
        (drop) (global.set $n (i32.sub (global.get $n) (i32.const 1))) (br_if 0 (global.get $n))))
      (func (export "f") (result i32) (global.get $n))`,
    "exceptions, caught in a loop": `(tag $e (param i32)) (func $thrower (param i32) (throw $e (local.get 0)))
      (func (export "f") (param i32) (result i32) (local i32)
        (loop $again (block $caught (result i32)
          (try_table (catch $e $caught) (call $thrower (local.get 1))) (unreachable))
          (local.set 1 (i32.add (i32.const 1))) (br_if $again (i32.lt_u (local.get 1) (i32.const 20)))) (local.get 1))`,
    "tail calls in loops": `(func $even (export "f") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
      (loop (if (i32.eqz (local.get 0)) (then (br 1)))) (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
      (func $odd (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 0)))) (return_call $even (i32.sub (local.get 0) (i32.const 1))))`,
    references: `(type $t (func (param i32) (result i32))) (elem declare func $g) (func $g (type $t) (i32.add (local.get 0) (i32.const 1)))
      (func (export "f") (param i32) (result i32) (local (ref null $t)) (local.set 1 (ref.func $g))
        (block $null (loop $l (local.set 0 (call_ref $t (local.get 0) (br_on_null $null (local.get 1))))
          (br_if $l (i32.lt_u (local.get 0) (i32.const 30))))) (local.get 0))`,
  };
  for (const [name, body] of Object.entries(BODIES)) {
    test(name, async () => assert.equal(compare(await moduleOf(body)), "same"));
  }

  test("garbage-collected types, where they are allowed", async () => {
    const text = `(module (rec (type $s (struct (field (mut i32)) (field (ref null $a)))) (type $a (array (mut i32))))
      (func (export "f") (param i32) (result i32) (local (ref null $a)) (local i32)
        (local.set 1 (array.new $a (i32.const 3) (local.get 0)))
        (array.fill $a (local.get 1) (i32.const 0) (i32.const 7) (i32.const 2))
        (loop (br_if 0 (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 10))))
        (block $b (result (ref null eq)) (br_on_cast $b (ref null eq) (ref null $s) (local.get 1)) (drop) (ref.null eq)) (drop)
        (struct.get $s 0 (struct.new $s (array.len (local.get 1)) (local.get 1)))))`;
    await failsWith("unsupported", /garbage-collected/, () => hardened(text));
    assert.equal(instantiate(await hardened(text, { collected: true }))["f"]?.(12), 12);
    assert.equal(compare(await parse(text), { collected: true }), "same");
    const i31 = `(module (func (export "f") (result i32) (i31.get_s (ref.i31 (i32.const 5)))))`;
    await failsWith("unsupported", /garbage-collected/, () => hardened(i31));
  });

  test("atomic instructions, where they are allowed", async () => {
    const text = `(module (memory 1 2 shared)
      (func (export "f") (param i32) (result i32) (local i32)
        (loop $l (drop (i32.atomic.rmw.add offset=8 (i32.const 0) (local.get 0)))
          (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 10))))
        (drop (i64.atomic.rmw.cmpxchg (i32.const 16) (i64.const 0) (i64.const 7))) (atomic.fence)
        (i32.add (memory.atomic.notify (i32.const 8) (i32.const 1)) (i32.atomic.load (i32.const 8)))))`;
    await failsWith("unsupported", /shared memory/, () => hardened(text));
    await failsWith("unsupported", /atomic instructions/, () => hardened(text.replace(" shared", "")));
    assert.equal(instantiate(await hardened(text, { threads: true }))["f"]?.(3), 30);
    assert.equal(compare(await parse(text), { threads: true }), "same");
  });

  // What would block traps: there is nobody who could end it.
  for (const [address, memory] of [
    ["i32", "0"],
    ["i64", "1"],
  ] as const) {
    test(`waits in memories of addresses of ${address}: all but those that would block`, async () => {
      const text = `(module (memory 1 2 shared) (memory i64 1 2 shared) (memory 1)
        ${waiting("wait32", 32, memory, "offset=8")} ${waiting("wait64", 64, memory, "offset=16")}
        ${waiting("far", 32, memory, "offset=0xfffffff8")} ${waiting("unshared", 32, "2")}
        (func (export "set") (i32.store (i32.const 8) (i32.const 5)) (i32.store 1 (i64.const 8) (i32.const 5))))`;
      const run = instantiate(await hardened(text, { threads: true }));
      const at = (value: number | bigint): number | bigint => (address === "i64" ? BigInt(value) : Number(value));
      const { wait32, wait64, far, unshared, set } = run;
      assert.equal(wait32?.(at(0), 1, -1n), 1);
      assert.equal(wait32?.(at(0), 0, 0n), 2);
      set?.();
      assert.equal(wait32?.(at(0), 0, -1n), 1);
      assert.equal(wait32?.(at(0), 5, 0n), 2);
      assert.equal(wait64?.(at(0), 1n, -1n), 1);
      assert.equal(wait64?.(at(0), 0n, 0n), 2);
      for (const timeout of [-1n, 1n, 3_600_000_000_000n]) {
        assert.throws(() => wait32?.(at(0), 5, timeout), /unreachable/);
        assert.throws(() => wait64?.(at(0), 0n, timeout), /unreachable/);
      }
      // Unaligned, at the end, past it, and with a sum that does not fit.
      assert.throws(() => wait32?.(at(2), 1, 0n), /unaligned/);
      assert.throws(() => wait64?.(at(4), 1n, 0n), /unaligned/);
      assert.equal(wait32?.(at(65_536 - 12), 1, -1n), 1);
      assert.throws(() => wait32?.(at(65_536 - 8), 1, -1n), /out of bounds/);
      for (const start of [8, 16, 0xffff_fff8]) assert.throws(() => far?.(at(start), 1, -1n), WebAssembly.RuntimeError);
      if (address === "i64") assert.throws(() => far?.(2n ** 64n - 8n, 1, -1n), /unreachable/);
      assert.throws(() => unshared?.(0, 1, -1n), /unreachable/);
    });
  }

  test("legacy exceptions: catch, rethrow, delegate", async () => {
    // (module (tag) (func (export "f") (result i32) try (try (throw 0) delegate 0) i32.const 1 catch 0 i32.const 2 end))
    const [try_, throw_, delegate, catch_, end] = [0x06, 0x08, 0x18, 0x07, 0x0b];
    const body = [0, try_, 0x7f, try_, 0x40, throw_, 0, delegate, 0, 0x41, 1, catch_, 0, 0x41, 2, end, end];
    const sections = [
      [1, 8, 2, 0x60, 0, 0, 0x60, 0, 1, 0x7f],
      [3, 2, 1, 1],
      [13, 3, 1, 0, 0],
      [7, 5, 1, 1, 0x66, 0, 0],
      [10, body.length + 2, 1, body.length, ...body],
    ];
    const module = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, ...sections.flat());
    assert.equal(compare(module), "same");
    assert.equal(instantiate(hardenModule(module, { meter: true }))["f"]?.(), 2);
  });

  test("legacy exceptions in loops and calls, nested, with values, caught by all and delegated outwards", async () => {
    const text = `(module
      (tag $number (param i32)) (tag $other)
      (func $throws (param $n i32)
        (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 3))) (then (throw $number (local.get $n))))
        (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 5))) (then (throw $other))))
      (func $loops (param $n i32) (result i32)
        (local $sum i32)
        loop $again
          try
            try
              (call $throws (local.get $n))
              (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
            catch $number
              local.get $sum
              i32.add
              local.set $sum
              (if (i32.and (local.get $n) (i32.const 1)) (then rethrow 1))
            end
          catch_all
            (local.set $sum (i32.mul (local.get $sum) (i32.const 7)))
            try
              rethrow 1
            catch $other
              (local.set $sum (i32.sub (local.get $sum) (i32.const 11)))
            catch_all
            end
          end
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $again (local.get $n))
        end
        local.get $sum)
      (func $delegates (param $n i32) (result i32)
        try $outer (result i32)
          try (result i32)
            try (result i32)
              (loop $down (br_if $down (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
              (throw $number (i32.const 21))
            delegate $outer
          catch_all
            i32.const -1
          end
        catch $number
          i32.const 2
          i32.mul
        end)
      (func (export "loops") (param i32) (result i32)
        (call $loops (i32.add (i32.const 100) (i32.rem_u (local.get 0) (i32.const 50)))))
      (func (export "delegates") (result i32) (call $delegates (i32.const 1000)))
      (func (export "escapes") (call $throws (i32.const 5))))`;
    const module = await parse(text);
    assert.equal(compare(module), "same");
    const { loops, delegates, escapes } = instantiate(hardenModule(module, { meter: true }));
    const bare = instantiate(hardenModule(module));
    for (const n of [0, 1, 7, 49]) assert.equal(loops?.(n), bare["loops"]?.(n));
    assert.equal(delegates?.(), 42);
    const { Exception } = WebAssembly as unknown as { readonly Exception: new (tag: unknown, payload: []) => object };
    assert.throws(() => escapes?.(), Exception);
  });

  test("integers of more bytes than they need", () => {
    const body = [0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a, 0x23, 0x80, 0x00, 0x0b];
    const sections = [
      [1, 5, 1, 0x60, 0, 1, 0x7f],
      [3, 0x82, 0x80, 0x00, 1, 0],
      [6, 6, 1, 0x7f, 0, 0x41, 42, 0x0b],
      [7, 5, 1, 1, 0x66, 0, 0],
      [10, body.length + 2, 1, body.length, ...body],
    ];
    const module = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, ...sections.flat());
    assert.equal(instantiate(hardenModule(module, { meter: true }))["f"]?.(), 42);
  });
});

/** A function that waits in a memory; the second of them has addresses of 64 bits. */
function waiting(name: string, bits: 32 | 64, memory: string, offset = ""): string {
  return `(func (export "${name}") (param ${memory === "1" ? "i64" : "i32"} i${bits} i64) (result i32)
    (memory.atomic.wait${bits} ${memory} ${offset} (local.get 0) (local.get 1) (local.get 2)))`;
}

async function moduleOf(fields: string): Promise<Uint8Array> {
  return parse(`(module ${fields})`);
}

describe("what the module says of itself", () => {
  test("names of globals and branch hints stay with what they are about", async () => {
    const text = `(module (global $first i32 (i32.const 1)) (global $second (mut i32) (i32.const 2))
      (func (export "f") (param i32) (loop $l (global.set $second (i32.const 1))
        (@metadata.code.branch_hint "\\01") (br_if $l (local.get 0)))))`;
    const printed = await print((await hardened(text)).bytes);
    assert.match(printed, /global\.set \$second/);
    assert.match(printed, /branch_hint "\\01"\)\s*br_if/);
    assert.match(printed, /branch_hint "\\00"\)\s*if/);
  });
});

/** Indices behind the last of a module's own, where the rewriter adds something. */
const OF_WHAT_IS_ADDED: Readonly<Record<string, string | Uint8Array>> = {
  "a type, as a function's": "(func (type 1)) (type (func (param i32)))",
  "a type, as a block's": "(type (func)) (func (type 0) (block (type 1) (drop) (i32.const 0)) (drop))",
  "a type, in an indirect call":
    "(type (func)) (table 1 funcref) (func (type 0) (call_indirect (type 1) (i32.const 0)))",
  "a type, of an import": '(type (func)) (import "a" "f" (func (type 1))) (func (type 0))',
  "a type, of a tag": "(type (func)) (tag (type 1)) (func (type 0))",
  "a function, by a call": "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)) (call 1)) (memory 1)",
  "a function, in a table":
    "(table 1 funcref) (elem (i32.const 0) func 1) (memory 1) (func (drop (memory.grow (i32.const 1))))",
  "a function, by an export": '(export "f" (func 1)) (memory 1) (func (drop (memory.grow (i32.const 1))))',
  "a function, to start": "(start 1) (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
  "a function, by a global": "(global funcref (ref.func 1)) (memory 1) (func (drop (memory.grow (i32.const 1))))",
  "a global, by code": "(global (mut i32) (i32.const 0)) (func (global.set 1 (i32.const 0)))",
  "a global, by an export": '(global (mut i32) (i32.const 0)) (export "g" (global 1)) (func)',
  "a global, by a constant expression": "(global i32 (global.get 1)) (func)",
  "a local": "(func (loop (br 0)) (local.set 0 (i32.const 1000)))",
  "a label": "(func (block (br 2)))",
  // (func try delegate 1 end), which the text format has no words for any more.
  "a label, to delegate to": Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 6, 0x40, 0x18, 1, 0x0b,
  ]),
};

describe("what is refused", () => {
  test("what is not valid, by the engine at the latest: what is added makes nothing valid", async () => {
    const module = await parse(`(module (func (drop (i32.add (i32.const 1) (i64.const 1)))))`);
    assert.equal(WebAssembly.validate(hardenModule(module, { meter: true }).bytes), false);
  });

  // Weakening: one of the checks is left out by which an index has to be one of the module's own.
  for (const [what, fields] of Object.entries(OF_WHAT_IS_ADDED)) {
    test(`a module that names what is added: ${what}`, async () => {
      const module = typeof fields === "string" ? await parse(`(module ${fields})`) : fields;
      assert.equal(WebAssembly.validate(module), false);
      for (const counter of ["own", "shared"] as const) {
        await failsWith("invalid-component", /not valid WebAssembly/, () =>
          hardenModule(module, { meter: true, counter }),
        );
      }
    });
  }

  test("an export under the counter's name", async () => {
    const module = await parse(`(module (func (export "${COUNTER_EXPORT}")))`);
    await failsWith("invalid-component", /reserved/, () => hardenModule(module, { meter: true }));
  });

  test("too much of anything, by the limit of complexity", async () => {
    const locals = `(func (local ${"i32 ".repeat(5000)}) ${"(block (br_if 0 (i32.const 0)))".repeat(1000)})`;
    const operands = `(func ${"i32.const 0 ".repeat(5000)} ${"(block (br_if 0 (i32.const 0)))".repeat(1000)} ${"drop ".repeat(5000)})`;
    const deep = `(func ${"block ".repeat(COMPLEXITY.depth + 1)} ${"end ".repeat(COMPLEXITY.depth + 1)})`;
    const globals = "(global i32 (i32.const 0))".repeat(COMPLEXITY.globals + 1);
    for (const [fields, message] of [
      [locals, /units of compilation/],
      [operands, /units of compilation/],
      [deep, /blocks within each other/],
      [globals, /globals/],
    ] as const) {
      const module = await moduleOf(fields);
      await failsWith("limit", message, () => hardenModule(module, { meter: true }));
    }
  });
});

/** Whether the engine knows an opcode: it accepts it, or refuses it for another reason than that. */
function known(opcode: readonly number[]): boolean {
  const body = [0, ...opcode, ...Array<number>(40).fill(0), 0x0b];
  const sections = [
    [1, 4, 1, 0x60, 0, 0],
    [3, 2, 1, 0],
    [10, body.length + 2, 1, body.length, ...body],
  ];
  try {
    const module = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, ...sections.flat());
    return new WebAssembly.Module(module) instanceof WebAssembly.Module;
  } catch (thrown) {
    return !/invalid (?:opcode|numeric|simd|atomic|gc|miscellaneous)|invalid \w+ opcode|Invalid opcode/iu.test(
      (thrown as Error).message,
    );
  }
}

function read(opcode: readonly number[]): boolean {
  const bytes = Uint8Array.of(...opcode, ...Array<number>(40).fill(0));
  try {
    new InstructionCursor(bytes).next();
    return true;
  } catch {
    return false;
  }
}

function leb(number: number): number[] {
  return number < 0x80 ? [number] : [(number & 0x7f) | 0x80, number >> 7];
}

function hex(opcodes: readonly (readonly number[])[]): string[] {
  return opcodes.map((one) => Buffer.from(one).toString("hex"));
}

describe("the table of instructions", () => {
  test("has all that the engine knows, and little else", () => {
    const plain = Array.from({ length: 0xfb }, (_item, opcode) => [opcode]);
    const prefixed = [0xfb, 0xfc, 0xfd, 0xfe].flatMap((prefix) =>
      Array.from({ length: prefix === 0xfd ? 0x120 : 0x100 }, (_item, number) => [prefix, ...leb(number)]),
    );
    const missing = [...plain, ...prefixed].filter((opcode) => known(opcode) && !read(opcode));
    const extra = [...plain, ...prefixed].filter((opcode) => !known(opcode) && read(opcode));
    // Of custom descriptors, an experiment: some engines read their types before they say that they do not have them.
    const descriptors = new Set(["fb20", "fb21"]);
    assert.deepEqual(
      hex(missing).filter((one) => !descriptors.has(one)),
      [],
    );
    // Wide arithmetic, which engines do not have yet; modules with it are refused as not valid.
    assert.deepEqual(hex(extra), ["fc13", "fc14", "fc15", "fc16"]);
  });
});
