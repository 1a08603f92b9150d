import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FuelMeter, SLICE_UNITS } from "./fuel-meter.ts";

function ownCounter(): WebAssembly.Global<"i32"> {
  return new WebAssembly.Global({ value: "i32", mutable: true }, 0);
}

/** Charges as hardened code does: its own counter first, then what is in the shared one, then what the host gives. */
function charge(fuel: FuelMeter, own: WebAssembly.Global<"i32">, units: number): boolean {
  own.value -= units;
  if (own.value >= 0) return true;
  const left = own.value + fuel.counter.value;
  own.value = 0;
  fuel.counter.value = 0;
  if (left < 0) fuel.settle(left);
  const next = left < 0 ? fuel.next() : left;
  own.value = next ?? 0;
  return next !== undefined;
}

describe("the fuel meter", () => {
  it("counts exactly what several instances use, whoever asks, and ends the first that goes over", () => {
    const charges = fc.array(fc.tuple(fc.nat(4), fc.nat(60_000)), { maxLength: 200 });
    fc.assert(
      fc.property(charges, fc.integer({ min: 1, max: 3_000_000 }), (steps, limit) => {
        const fuel = new FuelMeter(limit);
        const instances = Array.from({ length: 5 }, ownCounter);
        for (const own of instances) fuel.track(own);
        let used = 0;
        for (const [index, units] of steps) {
          used += units;
          assert.equal(charge(fuel, instances[index] ?? ownCounter(), units), used <= limit);
          assert.equal(fuel.used, used);
          if (used > limit) return;
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never has more in circulation than there is, nor much more than a slice for a few", () => {
    const fuel = new FuelMeter(10_000_000);
    const instances = Array.from({ length: 50 }, ownCounter);
    for (const own of instances) fuel.track(own);
    for (let round = 0; round < 500; round += 1) {
      charge(fuel, instances[round % 50] ?? ownCounter(), 100);
      const inCirculation = instances.reduce((sum, { value }) => sum + value, fuel.counter.value);
      assert.ok(inCirculation <= 6 * SLICE_UNITS && fuel.used + inCirculation <= fuel.limit, `${inCirculation}`);
    }
    assert.equal(fuel.used, 50_000);
  });

  // Weakening: what one instance has left is overlooked when it is the only one that is known.
  it("counts what others have left for an instance that is not known yet: its start function runs", () => {
    const fuel = new FuelMeter(1.5 * SLICE_UNITS);
    const known = ownCounter();
    fuel.track(known);
    charge(fuel, known, 52);
    assert.equal(charge(fuel, ownCounter(), 0.6 * SLICE_UNITS), true);
    assert.ok(fuel.used < 1.51 * SLICE_UNITS, `${fuel.used}`);
  });

  it("grants nothing without being asked near the limit, nor where leftovers might be taken back", () => {
    assert.equal(new FuelMeter(20 * SLICE_UNITS).hasPlenty(7), true);
    assert.equal(new FuelMeter(19 * SLICE_UNITS).hasPlenty(7), false);
    const many = new FuelMeter(100 * SLICE_UNITS);
    for (let instance = 0; instance < 5; instance += 1) many.track(ownCounter());
    assert.equal(many.hasPlenty(7), false);
  });

  it("goes on when it is given more", () => {
    const fuel = new FuelMeter(10);
    const own = ownCounter();
    fuel.track(own);
    assert.equal(charge(fuel, own, 10), true);
    assert.equal(charge(fuel, own, 1), false);
    fuel.add(100);
    assert.equal(fuel.next(), 99);
    own.value = 99;
    assert.equal(fuel.used, 11);
  });
});
