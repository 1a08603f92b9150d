import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgramSlots } from "./program-slots.ts";

const NEVER = new AbortController().signal;

test("who finds no place waits in line for one", async () => {
  const slots = new ProgramSlots(1);
  const order: string[] = [];
  const first = await slots.take(NEVER);
  const second = slots.take(NEVER).then((slot) => {
    order.push("second");
    return slot;
  });
  const third = slots.take(NEVER).then((slot) => {
    order.push("third");
    return slot;
  });
  first?.[Symbol.dispose]();
  // Given back twice is given back once.
  first?.[Symbol.dispose]();
  (await second)?.[Symbol.dispose]();
  await third;
  assert.deepEqual(order, ["second", "third"]);
});

test("who leaves the line takes no place, and none is lost", async () => {
  const slots = new ProgramSlots(1);
  const first = await slots.take(NEVER);
  const abort = new AbortController();
  const left = slots.take(abort.signal);
  const stayed = slots.take(NEVER);
  abort.abort();
  assert.equal(await left, undefined);
  assert.equal(await slots.take(abort.signal), undefined);
  first?.[Symbol.dispose]();
  const slot = await stayed;
  assert.ok(slot !== undefined);
  slot[Symbol.dispose]();
  assert.ok((await slots.take(NEVER)) !== undefined);
});
