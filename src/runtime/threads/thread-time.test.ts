import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { ThreadTime } from "./thread-time.ts";

/** Resolves when the thread has said that it took so much. */
async function takes(time: () => number, ms: number): Promise<void> {
  while (time() < ms) await setImmediate();
}

test("tells what a thread takes that is in a loop, from when it is counted", async () => {
  const worker = new Worker("require('node:worker_threads').parentPort.postMessage(0); for (;;);", { eval: true });
  await once(worker, "message");
  const time = new ThreadTime(worker);
  const began = performance.now();
  const first = time.count();
  await takes(first, 50);
  const second = time.count();
  const between = first();
  await takes(second, 50);
  assert.ok(first() >= between + second(), `${first()} ms, of which ${between} and ${second()}`);
  assert.ok(first() <= performance.now() - began);
  await worker.terminate();
  assert.ok(second() <= first());
});

test("a thread that waits takes next to nothing, and one that is gone nothing", async () => {
  const worker = new Worker("require('node:worker_threads').parentPort.on('message', () => {});", { eval: true });
  await once(worker, "online");
  const time = new ThreadTime(worker).count();
  await takes(time, 0);
  await worker.terminate();
  assert.equal(new ThreadTime(worker).count()(), 0);
});
