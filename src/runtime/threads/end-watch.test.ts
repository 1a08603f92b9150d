import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { watchEnd } from "./end-watch.ts";
import type { Pending } from "../pending.ts";

const CHECK_MS = 25;

/** A thread on which a guest is to end that does not, and when it was killed for that, in milliseconds. */
function killedAfter(thread: {
  readonly running: number;
  readonly hasOthers: boolean;
  /** What part of a processor the thread gets; undefined when it does not say. */
  readonly share: number | undefined;
}): number {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let now = 0;
    const seen = { killedAt: -1, answeredAt: -1 };
    watchEnd({ ticket: 7 } as Pending, {
      holds: () => true,
      running: () => thread.running,
      hasOthers: () => thread.hasOthers,
      countTime: () => {
        const since = now;
        return () => (thread.share ?? 0) * (now - since);
      },
      end: () => undefined,
      answer: () => {
        if (seen.answeredAt < 0) seen.answeredAt = now;
      },
      kill: () => {
        seen.killedAt = now;
      },
    });
    for (; seen.killedAt < 0 && now < 60_000; mock.timers.tick(CHECK_MS)) now += CHECK_MS;
    assert.equal(seen.answeredAt, 50);
    return seen.killedAt;
  } finally {
    mock.timers.reset();
  }
}

test("a thread that stands still is ended soon when nobody else would be lost", () => {
  assert.equal(killedAfter({ running: 7, hasOthers: false, share: 1 }), 100);
  assert.equal(killedAfter({ running: 0, hasOthers: false, share: 0 }), 500);
});

// Weakening, each alone: others are not asked for; the clock is counted instead of what the thread took.
test("one that others are on has three seconds of a processor, however long that is", () => {
  for (const running of [7, 0]) {
    assert.equal(killedAfter({ running, hasOthers: true, share: 1 }), 3_025);
    assert.equal(killedAfter({ running, hasOthers: true, share: 0.5 }), 6_025);
  }
});

test("one that takes nothing of a processor, or does not say, is ended after a while", () => {
  for (const share of [0, undefined, 0.01]) {
    assert.equal(killedAfter({ running: 7, hasOthers: true, share }), 10_000);
  }
});

test("a guest waits for its turn to leave while another is on the processor", () => {
  assert.equal(killedAfter({ running: 8, hasOthers: true, share: 1 }), -1);
  assert.equal(killedAfter({ running: 8, hasOthers: false, share: 1 }), -1);
});
