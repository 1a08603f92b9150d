import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { EventRingWriter, ringMemory } from "../events/event-ring.ts";
import { SHARED_SLOTS } from "../messages.ts";
import { Observations } from "./observations.ts";
import { ProcessorTime } from "./metering/processor-time.ts";
import { Presence } from "./presence.ts";
import { Turns } from "./turns.ts";

const TICKET = 5;

// Weakening: it is checked before the turn alone whether there is a pause. Under load, a task went on after its call had been answered.
test("a guest whose call was answered while it waited for its turn does not come back before it is called again", async () => {
  const shared = new Int32Array(new SharedArrayBuffer(64));
  const presence = new Presence(TICKET, {
    turns: new Turns(shared),
    observations: new Observations(new EventRingWriter(ringMemory(), () => undefined)),
    time: new ProcessorTime(100),
    signal: new AbortController().signal,
    occupy: () => undefined,
  });
  const running = (): number => Atomics.load(shared, SHARED_SLOTS.running);
  presence.enter();
  let isBack = false;
  const broke = presence.yieldProcessor(0).then(() => {
    isBack = true;
  });
  await Promise.resolve();
  presence.pause();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.deepEqual([isBack, running()], [false, 0]);
  await presence.goOn();
  await broke;
  assert.deepEqual([isBack, running()], [true, TICKET]);
});
