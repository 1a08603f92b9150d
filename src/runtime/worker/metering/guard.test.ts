import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "../../../../test/support/wasm-tools.ts";
import { SHARED_SLOTS } from "../../messages.ts";
import { SLICE_UNITS } from "./fuel-meter.ts";
import { Guard, type Guarded, REFUSED } from "./guard.ts";

const ASKER = new WebAssembly.Module(
  await parse(`(module (type $checkpoint (func (param i32) (result i32)))
    (import "" "c" (global $checkpoint (ref $checkpoint)))
    (func (export "ask") (param i32) (result i32)
      (call_ref $checkpoint (local.get 0) (global.get $checkpoint))))`),
);

interface Answers {
  readonly ask: (left: number) => number;
  readonly asked: number[];
  readonly granted: number[];
  readonly guest: Guarded;
}

const AHEAD = 3;

function threadOf(): { readonly guard: Guard; readonly slots: Int32Array } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return { guard: new Guard(memory), slots: new Int32Array(memory.buffer) };
}

/** A guest that is given a slice each time it asks, and three that it does not ask for. */
function guestOf(
  guard: Guard,
  ticket: number,
  answer: number = SLICE_UNITS,
  sliceUnits: number = SLICE_UNITS,
): Answers {
  const asked: number[] = [];
  const granted: number[] = [];
  const guest: Guarded = {
    ticket,
    sliceUnits,
    nextSlice: (left) => (asked.push(left), answer),
    ahead: () => AHEAD,
    wentAhead: (units) => void granted.push(units),
    yieldProcessor: async () => answer,
    keepProcessor: () => answer,
    grow: () => 1,
  };
  const { checkpoint } = guard.imports(new WebAssembly.Global({ value: "i32", mutable: true }, 0));
  const { ask } = new WebAssembly.Instance(ASKER, { "": { c: checkpoint } }).exports;
  return { ask: ask as (left: number) => number, asked, granted, guest };
}

describe("the guard", () => {
  // Weakening: the units of a slice are set once for the thread.
  it("gives each guest slices of its own size", () => {
    const { guard } = threadOf();
    const narrow = guestOf(guard, 1, 500, 500);
    const wide = guestOf(guard, 2);
    for (const { guest, ask, granted } of [narrow, wide, narrow]) {
      guard.occupy(guest);
      granted.length = 0;
      for (let turn = 0; turn <= AHEAD; turn += 1) assert.equal(ask(0), guest.sliceUnits);
      guard.catchUp();
      assert.deepEqual(granted, [AHEAD * guest.sliceUnits]);
    }
  });

  it("lets a guest have slices without asking, and tells it how much that was", () => {
    const { guard } = threadOf();
    const { ask, asked, granted, guest } = guestOf(guard, 7);
    guard.occupy(guest);
    for (let turn = 1; turn <= 6; turn += 1) assert.equal(ask(-turn), SLICE_UNITS);
    assert.deepEqual(asked, [-1, -5]);
    assert.deepEqual(granted, [3 * SLICE_UNITS + 2 + 3 + 4]);
    guard.catchUp();
    assert.deepEqual(granted.slice(1), [SLICE_UNITS + 6]);
  });

  // Weakening: the slot is not checked.
  it("has it ask for the next slice as soon as it is to end", () => {
    const { guard, slots } = threadOf();
    const { ask, asked, guest } = guestOf(guard, 7);
    guard.occupy(guest);
    ask(-1);
    Atomics.store(slots, SHARED_SLOTS.ending, 8);
    ask(-1);
    assert.equal(asked.length, 1);
    Atomics.store(slots, SHARED_SLOTS.ending, 7);
    ask(-1);
    assert.equal(asked.length, 2);
  });

  // Weakening: who has the processor from now on goes on with what the last one was not asked for.
  it("gives none of what one guest may have to another, nor to itself after a host call", () => {
    const { guard } = threadOf();
    const [one, other] = [guestOf(guard, 1), guestOf(guard, 2)];
    guard.occupy(one.guest);
    one.ask(-1);
    one.ask(-1);
    guard.occupy(other.guest);
    assert.deepEqual(one.granted, [SLICE_UNITS + 1]);
    other.ask(-1);
    assert.deepEqual([one.asked.length, other.asked.length], [1, 1]);
    guard.occupy(other.guest);
    other.ask(-1);
    assert.equal(other.asked.length, 2);
    assert.deepEqual(other.granted, [0]);
  });

  // Weakening: what is left is not checked.
  it("has it ask when it used far too much at once: that may be all there is", () => {
    const { guard } = threadOf();
    const { ask, asked, guest } = guestOf(guard, 7);
    guard.occupy(guest);
    ask(-1);
    ask(1 - SLICE_UNITS);
    assert.equal(asked.length, 1);
    ask(-SLICE_UNITS);
    assert.equal(asked.length, 2);
    ask(-(2 ** 31));
    assert.equal(asked.length, 3);
  });

  // Weakening: the guest is kept: with it all that it was passed, for as long as its thread has nothing to do.
  it("asks nobody, and keeps nobody, once the guest that was there last has ended", () => {
    const { guard } = threadOf();
    const [one, other] = [guestOf(guard, 1), guestOf(guard, 2)];
    guard.occupy(one.guest);
    one.ask(-1);
    guard.vacate(other.guest);
    assert.equal(one.ask(-1), SLICE_UNITS, "another's end is not its own");
    guard.vacate(one.guest);
    assert.equal(one.ask(-1), REFUSED);
    assert.equal(one.asked.length, 1);
  });

  it("gives nothing ahead to who is given less than a slice, or refused", () => {
    const { guard } = threadOf();
    for (const answer of [SLICE_UNITS - 1, 0, REFUSED]) {
      const { ask, asked, guest } = guestOf(guard, 3, answer);
      guard.occupy(guest);
      assert.equal(ask(-1), answer);
      assert.equal(ask(-1), answer);
      assert.equal(asked.length, 2);
    }
  });
});
