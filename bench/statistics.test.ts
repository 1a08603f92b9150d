import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { interleaved, ratioOfPairs, slope, summarize } from "./support/statistics.ts";

test("a summary is the median, the least and the greatest", () => {
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, min: 1, max: 3, count: 3 });
  assert.deepEqual(summarize([10, 9, 1, 2]), { median: 5.5, min: 1, max: 10, count: 4 });
  assert.deepEqual(summarize([7]), { median: 7, min: 7, max: 7, count: 1 });
});

test("a summary of nothing, or of what is no number, is refused", () => {
  assert.throws(() => summarize([]), RangeError);
  assert.throws(() => summarize([1, Number.NaN]), RangeError);
  assert.throws(() => summarize([1, Number.POSITIVE_INFINITY]), RangeError);
});

test("a summary depends on the samples and not on their order, and as many lie below its median as above", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 50 }), (samples) => {
      const { median, min, max } = summarize(samples);
      assert.deepEqual(summarize(samples.toReversed()), summarize(samples));
      assert.ok(min <= median && median <= max);
      const below = samples.filter((sample) => sample < median).length;
      const above = samples.filter((sample) => sample > median).length;
      assert.ok(Math.max(below, above) <= samples.length / 2);
    }),
    { numRuns: 200 },
  );
});

test("ratios are taken round by round, so a machine that slows down cancels out", () => {
  assert.deepEqual(ratioOfPairs([2, 20, 200], [1, 10, 100]), { median: 2, min: 2, max: 2, count: 3 });
  assert.throws(() => ratioOfPairs([1, 2], [1]), RangeError);
  assert.throws(() => ratioOfPairs([1], [0]), RangeError);
});

test("subjects take turns, and warm-up rounds do not count", async () => {
  const order: string[] = [];
  const taken = (name: string): number => order.push(name);
  const samples = await interleaved(
    { warmUp: 1, counted: 2 },
    { bare: () => taken("bare"), ours: () => Promise.resolve(taken("ours")) },
  );
  assert.deepEqual(order, ["bare", "ours", "bare", "ours", "bare", "ours"]);
  assert.deepEqual(samples, { bare: [3, 5], ours: [4, 6] });
});

test("the slope of a line is found", () => {
  const points = [0, 50, 100, 200].map((x) => [x, 7 + 3 * x] as const);
  assert.equal(slope(points), 3);
});
