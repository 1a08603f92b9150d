import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith } from "../../../test/support/errors.ts";
import { EngineTypes } from "./engine-types.ts";
import { KeySet } from "./key-set.ts";

/** Keys of types that weigh as much, distinguished by a number. */
function keys(weight: number, ...numbers: readonly number[]): Uint8Array {
  return Buffer.concat(
    numbers.map((number) => {
      const key = Buffer.alloc(16);
      key.writeUInt32LE(number);
      key[15] = weight;
      return key;
    }),
  );
}

function account(max: number, warned: string[] = []): { readonly types: EngineTypes; readonly count: Int32Array } {
  const count = new Int32Array(1);
  return { types: new EngineTypes(count, max, (message) => warned.push(message)), count };
}

test("each type counts once, by its weight", () => {
  const { types, count } = account(100);
  types.admit(keys(2, 1, 2, 3));
  types.admit(keys(2, 3, 2, 1));
  types.admit(keys(2, 3, 4));
  assert.equal(count[0], 8);
});

test("what has no room is refused and counts for nothing", async () => {
  const { types, count } = account(10);
  types.admit(keys(2, 1, 2, 3));
  const error = await failsWith("limit", /has 6 function types that are new.*6 of 10/, () =>
    types.admit(keys(3, 4, 5)),
  );
  assert.deepEqual(error.limit, { limit: "complexity", cap: 10, used: 12 });
  assert.equal(count[0], 6);
  types.admit(keys(2, 1, 2, 3, 6, 7));
  assert.equal(count[0], 10);
});

test("the embedder is warned at half and at nine tenths, once each", () => {
  const warned: string[] = [];
  const { types } = account(100, warned);
  for (const number of Array(100).keys()) types.admit(keys(1, number));
  assert.equal(warned.length, 2);
});

test("a set of keys finds all that are in it and nothing else, however alike they are", () => {
  const set = new KeySet();
  const many = Array.from({ length: 5_000 }, (_, index) => keys(1 + (index % 7), index << 12));
  for (const key of many) assert.equal(set.add(key), true);
  for (const key of many) assert.deepEqual([set.has(key), set.add(key)], [true, false]);
  assert.equal(set.has(keys(1, 1)), false);
});
