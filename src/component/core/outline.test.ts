import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../../../test/support/wasm-tools.ts";
import * as fc from "fast-check";
import { failsWith } from "../../../test/support/errors.ts";
import { CordonError } from "../../shared/errors.ts";
import { DEFAULT_DECODE_BOUNDS } from "../binary/bounds.ts";
import { outlineOf } from "./outline.ts";

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const EVERYTHING = `(module
  (import "a" "f" (func (param i32 f64) (result i64)))
  (import "a" "t" (table i64 1 2 (ref null func)))
  (import "a" "m" (memory i64 1 2))
  (import "a" "g" (global (mut (ref extern))))
  (import "a" "e" (tag (param i32)))
  (memory (export "memory") 1)
  (export "again" (memory 0))
  (func (export "two") (result i32 f32) unreachable)
  (export "f" (func 0))
  (table (export "t2") 1 funcref)
  (@producers (processed-by "tool" "1.2"))
  (@custom "component-type:x" "\\ff"))`;

describe("the outline of a core module", () => {
  test("has the imports and exports with their types, and the tools that made it", async () => {
    const outline = outlineOf(await parse(EVERYTHING));
    assert.deepEqual(
      outline.imports.map(({ module, name, extern }) => [module, name, extern]),
      [
        ["a", "f", { kind: "function", type: "(i32, f64) -> i64" }],
        ["a", "t", { kind: "table" }],
        ["a", "m", { kind: "memory", index: 0, address64: true, shared: false }],
        ["a", "g", { kind: "global" }],
        ["a", "e", { kind: "tag" }],
      ],
    );
    assert.deepEqual(Object.fromEntries(outline.exports), {
      memory: { kind: "memory", index: 1, address64: false, shared: false },
      again: { kind: "memory", index: 0, address64: true, shared: false },
      two: { kind: "function", type: "() -> (i32, f32)" },
      f: { kind: "function", type: "(i32, f64) -> i64" },
      t2: { kind: "table" },
    });
    assert.equal(outline.hasWit, true);
    assert.deepEqual(outline.producers, [{ field: "processed-by", name: "tool", version: "1.2" }]);
  });

  const hostile: readonly (readonly [string, readonly number[], RegExp])[] = [
    ["a section that is cut", [1, 5, 1], /5 bytes are announced where 1 are left/],
    ["a section of 4 GiB", [10, 0xff, 0xff, 0xff, 0xff, 0x0f], /4294967295 bytes are announced/],
    ["4 billion types", [1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], /elements are announced/],
    ["4 billion imports", [2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], /elements are announced/],
    ["4 billion exports", [7, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], /elements are announced/],
    ["two sections of a kind", [1, 1, 0, 1, 1, 0], /second section of id 1/],
    ["bytes after the last import", [2, 2, 0, 0], /bytes after the last element/],
    ["an import of unknown kind", [2, 4, 1, 0, 0, 9], /unknown kind/],
    ["a function of a type that is not there", [2, 5, 1, 0, 0, 0, 7], /no function 0 with a type/],
    ["an export of a function that is not there", [7, 4, 1, 0, 0, 5], /no function 5/],
    ["an export of a memory that is not there", [7, 4, 1, 0, 2, 0], /no memory 0/],
    ["an export that is there twice", [5, 3, 1, 0, 1, 7, 7, 2, 0, 2, 0, 0, 2, 0], /second export of the same name/],
    ["a name that is no UTF-8", [7, 5, 1, 1, 0xff, 0, 0], /not valid UTF-8/],
    ["a type of unknown form", [1, 2, 1, 0x11], /unknown form/],
    ["a custom section whose name is longer than it", [0, 2, 9, 0], /9 bytes are announced/],
    ["a memory with unknown flags", [5, 3, 1, 0xff, 1], /unknown memory flags/],
  ];
  for (const [what, bytes, message] of hostile) {
    test(`${what} is malformed`, async () => {
      await failsWith("invalid-component", message, () => outlineOf(Uint8Array.from([...PREAMBLE, ...bytes])));
    });
  }

  test("what is cut anywhere gives a typed error, or an outline of what is left", async () => {
    const whole = await parse(EVERYTHING);
    for (let length = 8; length < whole.length; length += 1) typed(whole.subarray(0, length));
  });

  test("bytes changed anywhere give a typed error or an outline", async () => {
    const whole = await parse(EVERYTHING);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 9), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const changed = whole.slice();
          for (const [at, byte] of changes) changed[at + 8] = byte;
          typed(changed);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("work is bounded: sections, names and elements all count", async () => {
    const empty = new Uint8Array(8 + 3 * 1000);
    empty.set(PREAMBLE);
    for (let at = 8; at < empty.length; at += 3) empty.set([0, 1, 0], at);
    outlineOf(empty);
    const bounds = { ...DEFAULT_DECODE_BOUNDS, maxSteps: 900 };
    await failsWith("limit", /steps/, () => outlineOf(empty, bounds));
    const named = await parse(`(module (import "${"x".repeat(5000)}" "y" (func)))`);
    await failsWith("limit", /bytes in one name/, () => outlineOf(named));
    const wide = await parse(`(module (type (func (param ${"i32 ".repeat(901)}))))`);
    await failsWith("limit", /steps/, () => outlineOf(wide, bounds));
  });
});

function typed(module: Uint8Array): void {
  try {
    outlineOf(module);
  } catch (thrown) {
    assert.ok(thrown instanceof CordonError, String(thrown));
    assert.doesNotMatch(thrown.message, /\n/);
  }
}
