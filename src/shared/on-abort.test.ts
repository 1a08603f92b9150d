import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { onAbort } from "./on-abort.ts";

test("all that is to be done is done once, but for what was taken back", () => {
  const controller = new AbortController();
  const done: string[] = [];
  const act = (): void => void done.push("same");
  onAbort(controller.signal, () => done.push("first"));
  const takeBack = onAbort(controller.signal, () => done.push("taken back"));
  onAbort(controller.signal, act);
  onAbort(controller.signal, act);
  takeBack();
  takeBack();
  controller.abort();
  controller.abort();
  assert.deepEqual(done, ["first", "same", "same"]);
});

test("what is done may take back the rest", () => {
  const controller = new AbortController();
  const done: string[] = [];
  onAbort(controller.signal, () => {
    done.push("first");
    takeBack();
  });
  const takeBack = onAbort(controller.signal, () => done.push("second"));
  controller.abort();
  assert.deepEqual(done, ["first"]);
});

// Weakening: each is a listener of its own, which the signal compares with all others.
test("a signal has one listener for thousands of acts, and none when all were taken back", () => {
  const { signal } = new AbortController();
  const takeBack = Array.from({ length: 5_000 }, () => onAbort(signal, () => undefined));
  assert.equal(getEventListeners(signal, "abort").length, 1);
  for (const one of takeBack) one();
  assert.equal(getEventListeners(signal, "abort").length, 0);
  onAbort(signal, () => undefined);
  assert.equal(getEventListeners(signal, "abort").length, 1);
});
