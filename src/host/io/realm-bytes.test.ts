import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { realmBytes } from "./realm-bytes.ts";

test("bytes of another realm are taken without a call of its code", () => {
  const foreign: unknown = vm.runInNewContext(`
    const lie = () => { throw new Error("called") };
    const base = Object.getPrototypeOf(Uint8Array.prototype);
    for (const name of ["buffer", "byteLength", "byteOffset", "length", "slice", "subarray", Symbol.iterator]) {
      Object.defineProperty(base, name, { get: lie });
    }
    Object.defineProperty(Uint8Array, Symbol.species, { get: lie });
    const bytes = new Uint8Array(new ArrayBuffer(8), 2, 3);
    bytes[0] = 1; bytes[1] = 2; bytes[2] = 3;
    Object.defineProperty(bytes, "length", { get: lie });
    bytes;
  `);
  const taken = realmBytes(foreign as Uint8Array);
  assert.equal(Object.getPrototypeOf(taken), Uint8Array.prototype);
  assert.deepEqual(taken, Uint8Array.from([1, 2, 3]));
});

test("what is no typed array is refused", () => {
  for (const wrong of [null, undefined, 1, "abc", [1, 2], { length: 3 }, { buffer: new ArrayBuffer(3) }]) {
    assert.throws(() => realmBytes(wrong as never), TypeError);
  }
});
