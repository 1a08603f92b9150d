import assert from "node:assert/strict";
import { test } from "node:test";
import { callHost, hostContext } from "../../../test/support/host-context.ts";
import type { HostInterface } from "../capability.ts";
import { ioPoll } from "../io/poll-binding.ts";
import type { Pollable } from "../io/pollable.ts";
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
