import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nearest } from "./suggest.ts";

const KEYS = ["filesystem", "network", "read", "write", "public", "hosts"];

for (const [word, expected] of [
  ["raed", "read"],
  ["Write", "write"],
  ["netwrok", "network"],
  ["filesytem", "filesystem"],
  ["host", "hosts"],
  ["publick", "public"],
  ["ur", undefined],
  ["", undefined],
  ["environment", undefined],
  ["__proto__", undefined],
  ["h".repeat(1_000_000), undefined],
] as const) {
  test(`nearest(${JSON.stringify(word.slice(0, 20))}) is ${String(expected)}`, () => {
    assert.equal(nearest(word, KEYS), expected);
  });
}

test("the first of equally near candidates wins, and a nearer one beats it", () => {
  assert.equal(nearest("abcd", ["abce", "abcf"]), "abce");
  assert.equal(nearest("abcd", ["abef", "abce"]), "abce");
});

test("a word is nearest to itself, and any one edit of a longer word is found", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...KEYS),
      fc.nat(),
      fc.constantFrom("drop", "double", "replace", "swap"),
      (key, at, edit) => {
        const index = at % (key.length - 1);
        const [before, one, two] = [key.slice(0, index), key.charAt(index), key.charAt(index + 1)];
        const after = key.slice(index + 2);
        const edited = {
          drop: before + two + after,
          double: before + one + one + two + after,
          replace: `${before}#${two}${after}`,
          swap: before + two + one + after,
        }[edit];
        assert.equal(nearest(key, KEYS), key);
        if (edited.length > 3) assert.equal(nearest(edited, [key]), key);
      },
    ),
    { numRuns: 200 },
  );
});
