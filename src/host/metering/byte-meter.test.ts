import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteMeter } from "./byte-meter.ts";

test("the total is granted to the byte and then no more", () => {
  const meter = new ByteMeter({ total: 10, perSecond: 1000 });
  assert.equal(meter.take(7), 7);
  assert.equal(meter.take(7), 3);
  assert.equal(meter.take(1), 0);
  assert.ok(meter.exhausted);
  assert.equal(meter.delayMs(), Infinity);
});

test("the rate gives a second's worth at once, and then as time goes by", () => {
  let now = 0;
  const meter = new ByteMeter({ total: 1_000_000, perSecond: 1000 }, () => now);
  assert.equal(meter.take(5000), 1000);
  assert.equal(meter.take(1), 0);
  assert.equal(meter.delayMs(), 1);
  now = 250;
  assert.equal(meter.take(5000), 250);
  now = 60_000;
  assert.equal(meter.take(5000), 1000, "no more than a second's worth is saved up");
});

test("what is refunded can be taken again", () => {
  const meter = new ByteMeter({ total: 10, perSecond: 10 }, () => 0);
  meter.take(10);
  meter.refund(4);
  assert.equal(meter.used, 6);
  assert.equal(meter.take(10), 4);
});

test("a charge is all or nothing, and what it takes over the rate is made up for before more is granted", () => {
  let now = 0;
  const meter = new ByteMeter({ total: 5000, perSecond: 1000 }, () => now);
  assert.equal(meter.charge(5001), false);
  assert.equal(meter.used, 0);
  assert.equal(meter.charge(3000), true);
  assert.equal(meter.left, 2000);
  assert.equal(meter.take(1), 0);
  assert.equal(meter.delayMs(), 2001);
  now = 2100;
  assert.equal(meter.take(5000), 100);
  assert.equal(meter.charge(1900), true, "a charge waits for nothing");
  assert.ok(meter.exhausted);
  assert.equal(meter.charge(0), true);
  assert.equal(meter.charge(1), false);
});

test("over any span no more is granted than the rate and one second's worth, and never more than the total", () => {
  const step = fc.record({ wait: fc.nat(2000), want: fc.nat(10_000) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(50_000), fc.array(step), (perSecond, total, steps) => {
      let now = 0;
      const meter = new ByteMeter({ total, perSecond }, () => now);
      let granted = 0;
      for (const { wait, want } of steps) {
        now += wait;
        granted += meter.take(want);
        assert.ok(granted <= total);
        assert.ok(granted <= perSecond + (now * perSecond) / 1000 + 1e-6);
        if (meter.delayMs() > 0 && meter.delayMs() < Infinity) {
          now += meter.delayMs();
          assert.equal(meter.delayMs(), 0, "after the delay there is something to take");
        }
      }
    }),
  );
});
