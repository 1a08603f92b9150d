import assert from "node:assert/strict";
import { test } from "node:test";
import { RestartBackoff } from "./restart-backoff.ts";

/** A backoff on a clock of the test's. */
function backoff(): { readonly of: RestartBackoff; readonly pass: (milliseconds: number) => void } {
  let now = 1_000_000;
  return { of: new RestartBackoff(() => now), pass: (milliseconds) => void (now += milliseconds) };
}

test("two ends cost no wait, each after that twice as much, up to a minute", () => {
  const { of, pass } = backoff();
  assert.equal(of.waitMs, 0);
  const waits = Array.from({ length: 13 }, () => {
    pass(of.waitMs);
    of.ended("it was lost");
    return of.waitMs;
  });
  assert.deepEqual(waits, [0, 0, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
});

test("time passes the wait, and a minute without an end forgives one", () => {
  const { of, pass } = backoff();
  for (let ends = 0; ends < 5; ends += 1) of.ended("it was lost");
  assert.equal(of.waitMs, 2000);
  pass(1999);
  assert.equal(of.waitMs, 1);
  pass(1);
  assert.equal(of.waitMs, 0);
  pass(118_000);
  of.ended("it was lost");
  assert.equal(of.waitMs, 1000, "two of the five were forgiven");
  pass(3_600_000);
  of.ended("it was lost");
  assert.equal(of.waitMs, 0, "all of them were");
});

test("no end makes a wait shorter that is there", () => {
  const { of, pass } = backoff();
  for (let ends = 0; ends < 10; ends += 1) of.ended("it was lost");
  assert.equal(of.waitMs, 60_000);
  pass(10_000);
  of.ended("it was lost");
  assert.equal(of.waitMs, 60_000);
  const { waitMs } = of;
  pass(0);
  assert.equal(of.waitMs, waitMs);
});
