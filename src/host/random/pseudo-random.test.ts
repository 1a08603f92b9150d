import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seeded, splitMix64, Xoshiro128 } from "./pseudo-random.ts";

test("SplitMix64 gives the published sequence", () => {
  const generator = splitMix64(1_234_567n);
  const expected = [
    6_457_827_717_110_365_317n,
    3_203_168_211_198_807_973n,
    9_817_491_932_198_370_423n,
    4_593_380_528_125_082_431n,
    16_408_922_859_458_223_821n,
  ];
  assert.deepEqual(
    expected.map(() => generator.next().value),
    expected,
  );
});

test("xoshiro128** gives the published sequence", () => {
  const generator = new Xoshiro128([1, 2, 3, 4]);
  const expected = [11_520, 0, 5_927_040, 70_819_200, 2_031_721_883, 1_637_235_492, 1_287_239_034, 3_734_860_849];
  assert.deepEqual(
    expected.map(() => generator.next()),
    expected,
  );
});

test("bytes are the words in order, low byte first, whatever the length", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(33), (seed, length) => {
      const bytes = new Uint8Array(length);
      seeded(seed, "random").writeTo(bytes);
      const words = seeded(seed, "random");
      const whole = new DataView(new ArrayBuffer(36));
      for (let at = 0; at < 36; at += 4) whole.setUint32(at, words.next(), true);
      assert.deepEqual(bytes, new Uint8Array(whole.buffer, 0, length));
    }),
    { numRuns: 100 },
  );
});

test("another seed or another name is another sequence", () => {
  const first = new Set<number>();
  for (const seed of [0n, 1n, 2n, 2n ** 32n, 2n ** 63n]) {
    for (const name of ["random", "insecure", "insecure-seed"]) first.add(seeded(seed, name).next());
  }
  assert.equal(first.size, 15);
});
