import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { callHost, hostContext } from "../../../test/support/host-context.ts";
import { MemoryInput } from "../../../test/support/memory-streams.ts";
import { ioPoll } from "./poll-binding.ts";
import { Pollable } from "./pollable.ts";
import { Wakeups } from "./wakeups.ts";

function poll(list: readonly Pollable[], context = hostContext()): unknown {
  return callHost(ioPoll, "poll", context, list);
}

test("poll answers at once with every index that is ready", () => {
  const [idle, ready] = [new Pollable(new MemoryInput()), new Pollable(new MemoryInput().put(1))];
  assert.deepEqual(poll([ready]), { tag: "ok", val: [0] });
  assert.deepEqual(poll([idle, ready, idle, ready, ready]), { tag: "ok", val: [1, 3, 4] });
  assert.deepEqual(callHost(ioPoll, "[method]pollable.ready", hostContext(), idle), { tag: "ok", val: false });
  assert.deepEqual(callHost(ioPoll, "[method]pollable.ready", hostContext(), ready), { tag: "ok", val: true });
  assert.deepEqual(callHost(ioPoll, "[method]pollable.block", hostContext(), ready), { tag: "ok", val: undefined });
});

test("poll waits for the first that becomes ready, whichever it is", async () => {
  const streams = [new MemoryInput(), new MemoryInput(), new MemoryInput()];
  const pollables = streams.map((stream) => new Pollable(stream));
  const answer = poll(pollables.concat(pollables));
  assert.ok(answer instanceof Promise);
  // Woken for nothing: the wait goes on.
  streams[0]?.arrived.wake();
  await new Promise(setImmediate);
  streams[2]?.put(1);
  assert.deepEqual(await answer, { tag: "ok", val: [2, 5] });
  assert.deepEqual(
    streams.map(({ arrived }) => arrived.waiting),
    [0, 0, 0],
  );
});

test("block waits until the pollable is ready", async () => {
  const stream = new MemoryInput();
  const blocked = callHost(ioPoll, "[method]pollable.block", hostContext(), new Pollable(stream));
  assert.ok(blocked instanceof Promise);
  stream.end();
  assert.deepEqual(await blocked, { tag: "ok", val: undefined });
});

test("waits end with the invocation, and leave nothing behind", async () => {
  const context = hostContext();
  const streams = [new MemoryInput(), new MemoryInput()];
  const pollables = streams.map((stream) => new Pollable(stream));
  const waits = [
    poll(pollables, context),
    poll(pollables.slice(0, 1), context),
    ...pollables.map((one) => callHost(ioPoll, "[method]pollable.block", context, one)),
  ];
  context.abort();
  await Promise.all(waits);
  assert.deepEqual(
    streams.map(({ arrived }) => arrived.waiting),
    [0, 0],
  );
});

// Weakening: each pollable is a listener of its own, which the signal compares with all others: 30,000 held the thread for ten seconds.
test("thousands of pollables are waited for by one listener", async () => {
  const wakeups = new Wakeups();
  let most = 0;
  let isReady = false;
  const [last, ...others] = Array.from(
    { length: 2_000 },
    () =>
      new Pollable({
        ready: () => isReady,
        wait: (signal) => {
          const waiting = wakeups.wait(signal);
          most = Math.max(most, getEventListeners(signal, "abort").length);
          return waiting;
        },
      }),
  );
  const answer = callHost(ioPoll, "poll", hostContext(), [...others, last]);
  isReady = true;
  wakeups.wake();
  await answer;
  assert.equal(most, 1);
  assert.equal(wakeups.waiting, 0);
});
