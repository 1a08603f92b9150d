import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ByteMeter } from "../metering/byte-meter.ts";
import { PacedMeter } from "./paced-meter.ts";

function paced(total: number, perSecond: number): { readonly meter: PacedMeter; readonly pass: (ms: number) => void } {
  let now = 0;
  const meter = new PacedMeter(new ByteMeter({ total, perSecond }, () => now), perSecond);
  return { meter, pass: (ms) => void (now += ms) };
}

test("a charge above the rate goes through once, and is paid before the next", () => {
  const { meter, pass } = paced(10_000, 100);
  assert.equal(meter.charge(350), true);
  assert.equal(meter.left, 9_650);
  assert.equal(meter.take(1), 0);
  assert.equal(meter.delayMs(), 1_000, "2.5 seconds are owed, of which one can be saved up");
  for (let second = 0; second < 2; second += 1) {
    pass(1_000);
    assert.equal(meter.take(1), 0);
  }
  assert.equal(meter.delayMs(), 500);
  pass(500);
  assert.equal(meter.take(1_000), 0, "just paid");
  pass(500);
  assert.equal(meter.delayMs(), 0);
  assert.equal(meter.available(1_000), 50);
  assert.equal(meter.take(1_000), 50);
});

test("a charge that the total does not allow is refused whole", () => {
  const { meter } = paced(1_000, 100);
  assert.equal(meter.charge(900), true);
  assert.equal(meter.charge(101), false, "what is owed counts");
  assert.equal(meter.left, 100);
  assert.equal(meter.charge(100), true);
  assert.equal(meter.left, 0);
  assert.equal(meter.charge(0), true);
  assert.equal(meter.delayMs(), 0, "waiting does not help");
});

test("over any time, no more is granted than the total, nor than the rate and one charge", () => {
  const step = fc.record({
    ms: fc.nat(3_000),
    kind: fc.constantFrom("charge", "take"),
    bytes: fc.integer({ min: 1, max: 5_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { meter, pass } = paced(20_000, 1_000);
      let [granted, largest, time] = [0, 0, 0];
      for (const { ms, kind, bytes } of steps) {
        pass(ms);
        time += ms;
        if (kind === "take") granted += meter.take(bytes);
        else if (meter.delayMs() === 0 && meter.charge(bytes)) {
          granted += bytes;
          largest = Math.max(largest, bytes);
        }
        assert.ok(granted <= 20_000);
        assert.ok(granted <= time + 1_000 + largest);
      }
    }),
    { numRuns: 200 },
  );
});
