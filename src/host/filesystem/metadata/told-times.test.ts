import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { modificationStep, toldTime } from "./told-times.ts";

const VIRTUAL = { kind: "virtual", resolutionNs: 1, stepNs: 1, startMs: 0 } as const;

test("times are told with the grant of the host's time alone", () => {
  assert.equal(toldTime({ kind: "read", resolutionNs: 1 }, 1_234_567n), 1_234_567n);
  assert.equal(toldTime({ kind: "none", resolutionNs: 1 }, 1_234_567n), undefined);
  assert.equal(toldTime(VIRTUAL, 1_234_567n), undefined);
  assert.equal(modificationStep({ kind: "none", resolutionNs: 1_000 }, 1_234_567n), 1_234_000n);
  assert.equal(modificationStep(VIRTUAL, 1_234_567n), undefined);
});

test("what is told is the last step of the clock that is no later than the time", () => {
  const times = fc.bigInt(-(2n ** 80n), 2n ** 80n);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000_000_000_000 }), times, (resolutionNs, ns) => {
      const told = toldTime({ kind: "read", resolutionNs }, ns) ?? ns + 1n;
      assert.ok(told % BigInt(resolutionNs) === 0n && told <= ns && told > ns - BigInt(resolutionNs));
    }),
  );
});
