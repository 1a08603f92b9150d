import assert from "node:assert/strict";
import { test } from "node:test";
import { Numbered } from "./numbered.ts";

test("values come and go by their numbers, and are listed in their order", () => {
  const numbered = new Numbered<string>();
  for (const number of [3, 1, 70_000, 2]) numbered.set(number, `n${number}`);
  numbered.set(2, "again");
  assert.equal(numbered.size, 4);
  assert.deepEqual(numbered.values(), ["n1", "again", "n3", "n70000"]);
  assert.equal(numbered.delete(1), true);
  assert.equal(numbered.delete(1), false);
  assert.equal(numbered.has(1), false);
  assert.equal(numbered.get(1), undefined);
  assert.equal(numbered.size, 3);
  numbered.clear();
  assert.deepEqual([numbered.size, numbered.values()], [0, []]);
});

test("nothing is there that an object has by itself", () => {
  const numbered = new Numbered<string>();
  for (const name of ["__proto__", "constructor", "toString"]) assert.equal(numbered.get(name as never), undefined);
});
