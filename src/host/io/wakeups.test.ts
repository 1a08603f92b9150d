import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Wakeups } from "./wakeups.ts";

test("everyone who waits is woken, once", async () => {
  const wakeups = new Wakeups();
  const { signal } = new AbortController();
  const waits = [wakeups.wait(signal), wakeups.wait(signal)];
  assert.equal(wakeups.waiting, 2);
  wakeups.wake();
  await Promise.all(waits);
  assert.equal(wakeups.waiting, 0);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("an aborted signal ends its own waits, and leaves the others", async () => {
  const wakeups = new Wakeups();
  const [ending, other] = [new AbortController(), new AbortController()];
  const ended = wakeups.wait(ending.signal);
  const waiting = wakeups.wait(other.signal);
  ending.abort();
  await ended;
  assert.equal(wakeups.waiting, 1);
  await wakeups.wait(ending.signal);
  wakeups.wake();
  await waiting;
});
