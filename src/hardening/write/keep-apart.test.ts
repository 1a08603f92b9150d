import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../../test/support/wasm-tools.ts";
import { hardenModule } from "../harden-module.ts";
import { readSections, SECTION } from "../read/module-sections.ts";
import { ByteReader } from "../../shared/byte-reader.ts";

/** The sizes of the bodies of a hardened module, in bytes, in order. */
function bodySizes(bytes: Uint8Array): readonly number[] {
  const reader = new ByteReader(readSections(bytes).find(({ id }) => id === SECTION.code)?.content ?? Uint8Array.of(0));
  return Array.from({ length: reader.count() }, () => {
    const size = reader.u32();
    reader.skip(size);
    return size;
  });
}

/** A branch table of so many entries in a function of so many locals: a hundred bytes that cost as much as both together. */
const branching = (locals: number, entries: number): string =>
  `(func (param i32) (local ${"i64 ".repeat(locals)}) (block $b (br_table ${"$b ".repeat(entries)} (local.get 0))))`;

test("a small function that costs the compiler much is too long to be copied into its callers, and does what it did", async () => {
  const module = await parse(`(module
    ${branching(5_000, 60)}
    ${branching(3, 5)}
    (func (export "f") (result i32) (call 0 (i32.const 0)) (call 1 (i32.const 1)) (i32.const 7)))`);
  for (const meter of [true, false]) {
    const [costly = 0, cheap = 0] = bodySizes(hardenModule(module, { meter }).bytes);
    assert.ok(costly > 1_000, `${costly} bytes`);
    assert.ok(cheap < 100, `${cheap} bytes`);
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(hardenModule(module).bytes));
  assert.equal((exports["f"] as () => number)(), 7);
});
