import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { copyInRuns, inRuns } from "./work.ts";

const MIB = 1024 * 1024;

test("runs are of all elements, in order, each charged before it", () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 4 * MIB }), fc.integer({ min: MIB / 8, max: 2 * MIB }));
  fc.assert(
    fc.property(fc.nat(200), sizes, (length, each) => {
      let [charged, next] = [0, 0];
      const charges = {
        copy: () => undefined,
        make: () => undefined,
        work: (bytes: number) => void (charged += bytes),
      };
      inRuns(charges, length, each, (from, to) => {
        assert.equal(from, next);
        assert.equal(charged, to * each);
        assert.ok(to === from + 1 || (to - from) * each <= MIB);
        next = to;
      });
      assert.equal(next, length);
    }),
  );
});

test("bytes are copied to where they belong, whatever the runs", () => {
  for (const length of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5]) {
    const source = Uint8Array.from({ length }, (_, index) => index % 251);
    const target = new Uint8Array(length + 2);
    const charged: number[] = [];
    const charges = { copy: () => undefined, make: () => undefined, work: (bytes: number) => void charged.push(bytes) };
    copyInRuns(charges, source, target, 1);
    assert.ok(Buffer.from(source).equals(target.subarray(1, length + 1)));
    assert.ok(charged.every((bytes) => bytes <= MIB));
    assert.equal(
      charged.reduce((sum, bytes) => sum + bytes, 0),
      length,
    );
  }
});
