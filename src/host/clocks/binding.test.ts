import assert from "node:assert/strict";
import { test } from "node:test";
import { callHost, hostContext } from "../../../test/support/host-context.ts";
import type { HostInterface } from "../capability.ts";
import { ioPoll } from "../io/poll-binding.ts";
import { Pollable } from "../io/pollable.ts";
import { monotonicClock, wallClock } from "./binding.ts";

const MAX_U64 = 2n ** 64n - 1n;

function value(provider: HostInterface, name: string, context = hostContext(), ...parameters: unknown[]): unknown {
  const answer = callHost(provider, name, context, ...parameters);
  assert.ok(!(answer instanceof Promise));
  assert.equal(answer.tag, "ok");
  return answer.val;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

test("the clocks of a fresh invocation start anew", () => {
  for (let round = 0; round < 2; round += 1) {
    const context = hostContext();
    assert.equal(value(monotonicClock, "now", context), 1_000_000n);
    const { seconds } = value(wallClock, "now", context) as { readonly seconds: bigint };
    assert.equal(seconds, BigInt(Date.UTC(2000, 0, 1) / 1000));
  }
});

test("the grant gives the host's time, at the resolution it says", () => {
  const context = hostContext({ grants: { clocks: { kind: "read", resolutionNs: 2_000_000_000 } } });
  const before = Date.now();
  const { seconds, nanoseconds } = value(wallClock, "now", context) as { seconds: bigint; nanoseconds: number };
  assert.ok(Number(seconds) * 1000 > before - 2001 && Number(seconds) * 1000 <= Date.now());
  assert.deepEqual([seconds % 2n, nanoseconds], [0n, 0]);
  assert.equal(value(monotonicClock, "resolution", context), 2_000_000_000n);
  assert.deepEqual(value(wallClock, "resolution", context), { seconds: 2n, nanoseconds: 0 });
});

test("a sleep ends when its time is up and not before", async () => {
  const context = hostContext({ grants: { clocks: { kind: "none", resolutionNs: 1 } } });
  for (const duration of [0n, 1n, 1_500_000n, 3_000_000n]) {
    const before = value(monotonicClock, "now", context) as bigint;
    const pollable = value(monotonicClock, "subscribe-duration", context, duration);
    await callHost(ioPoll, "poll", context, [pollable]);
    assert.ok((value(monotonicClock, "now", context) as bigint) - before >= duration);
    assert.equal((pollable as Pollable).ready(), true);
  }
  const instant = (value(monotonicClock, "now", context) as bigint) + 2_000_000n;
  const pollable = value(monotonicClock, "subscribe-instant", context, instant) as Pollable;
  await pollable.block(context.signal);
  assert.ok((value(monotonicClock, "now", context) as bigint) >= instant);
  assert.equal((value(monotonicClock, "subscribe-instant", context, 0n) as Pollable).ready(), true);
});

test("the longest sleeps neither end early nor overflow the host's timers, and leave none behind", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  try {
    const context = hostContext();
    const before = timers();
    const long = ["subscribe-duration", "subscribe-instant"].map((name) =>
      value(monotonicClock, name, context, MAX_U64),
    );
    const short = value(monotonicClock, "subscribe-duration", context, 2_000_000n);
    assert.equal(timers(), before);
    assert.deepEqual(await callHost(ioPoll, "poll", context, [...long, short, long[0]]), { tag: "ok", val: [2] });
    assert.equal(timers(), before);
    const forever = callHost(ioPoll, "poll", context, long);
    assert.equal(timers(), before + 2);
    context.abort();
    await forever;
    assert.equal(timers(), before);
    await new Promise(setImmediate);
    assert.deepEqual(warnings, []);
  } finally {
    process.off("warning", onWarning);
  }
});

test("virtual time stands still but for readings and sleeps, which end at once", async () => {
  const clocks = { kind: "virtual", resolutionNs: 10, stepNs: 25, startMs: 5_000 } as const;
  const hour = 3_600_000_000_000n;
  const run = async (): Promise<readonly unknown[]> => {
    const context = hostContext({ grants: { clocks } });
    const seen = ["now", "now"].map((name) => value(monotonicClock, name, context));
    seen.push(value(wallClock, "now", context));
    const [long, longer] = [hour, 2n * hour].map((duration) =>
      value(monotonicClock, "subscribe-duration", context, duration),
    );
    seen.push(await callHost(ioPoll, "poll", context, [longer, long, longer]));
    seen.push(value(monotonicClock, "now", context));
    seen.push(await callHost(ioPoll, "[method]pollable.block", context, longer));
    seen.push(value(monotonicClock, "now", context), value(wallClock, "now", context));
    return seen;
  };
  const first = await run();
  assert.deepEqual(first, await run());
  // 85 is what the clock reads after three readings; a sleep ends where it reads no less than was waited for.
  const woken = 90n + hour;
  assert.deepEqual(first, [
    10n,
    30n,
    { seconds: 5n, nanoseconds: 50 },
    { tag: "ok", val: [1] },
    woken,
    { tag: "ok", val: undefined },
    woken + hour,
    { seconds: 5n + 7_200n, nanoseconds: 100 },
  ]);
});

test("a sleep past the end of virtual time waits for the end of the invocation", async () => {
  const context = hostContext({ grants: { clocks: { kind: "virtual", resolutionNs: 1, stepNs: 1, startMs: 0 } } });
  const before = timers();
  const never = ["subscribe-duration", "subscribe-instant"].map((name) =>
    value(monotonicClock, name, context, MAX_U64),
  );
  const waiting = callHost(ioPoll, "poll", context, never);
  assert.equal(timers(), before + 2);
  context.abort();
  await waiting;
  assert.equal(timers(), before);
  assert.equal(value(monotonicClock, "now", context), 1n);
});

test("a sleep beside something else takes its real time, and virtual time has moved on by then", async () => {
  const context = hostContext({ grants: { clocks: { kind: "virtual", resolutionNs: 1, stepNs: 1, startMs: 0 } } });
  const sleep = value(monotonicClock, "subscribe-duration", context, 2_000_000n);
  const other = new Pollable({ ready: () => false, wait: async () => new Promise(() => undefined) });
  const before = process.hrtime.bigint();
  assert.deepEqual(await callHost(ioPoll, "poll", context, [other, sleep]), { tag: "ok", val: [1] });
  assert.ok(process.hrtime.bigint() - before >= 1_000_000n);
  assert.equal(value(monotonicClock, "now", context), 2_000_001n);
});
