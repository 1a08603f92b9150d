import assert from "node:assert/strict";
import { test } from "node:test";
import { percentile } from "./support/percentiles.ts";

test("a percentile is a sample, by its rank", () => {
  const samples = Array.from({ length: 200 }, (_none, index) => 200 - index);
  assert.deepEqual(
    [0, 50, 99, 100].map((percent) => percentile(samples, percent)),
    [1, 100, 198, 200],
  );
  assert.equal(percentile([7], 99), 7);
});

test("there is none of no samples", () => {
  assert.throws(() => percentile([], 50), { name: "RangeError", message: /there are no samples/ });
});
