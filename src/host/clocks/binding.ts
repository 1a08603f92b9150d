import type { HostContext, HostInterface } from "../capability.ts";
import { Pollable } from "../io/pollable.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { clockOf } from "./clock-of.ts";
import { timer } from "./timer.ts";

const NS_PER_SECOND = 1_000_000_000n;

/** `wasi:clocks/monotonic-clock`: reading it and sleeping need no grant; without one it starts with its first use. */
export const monotonicClock: HostInterface = wasiInterface("wasi:clocks/monotonic-clock", {
  direct: {
    now: (context: HostContext) => ok(clockOf(context).monotonic()),
    resolution: (context: HostContext) => ok(clockOf(context).resolution),
    "subscribe-instant": (context: HostContext, when: bigint) => ok(new Pollable(timer(clockOf(context), when))),
    "subscribe-duration": (context: HostContext, duration: bigint) => {
      const clock = clockOf(context);
      return ok(new Pollable(timer(clock, clock.after(duration))));
    },
  },
});

/** `wasi:clocks/wall-clock`: the host's time with the grant `clocks`, else one that starts in the year 2000. */
export const wallClock: HostInterface = wasiInterface("wasi:clocks/wall-clock", {
  direct: {
    now: (context: HostContext) => ok(datetime(clockOf(context).wall())),
    resolution: (context: HostContext) => ok(datetime(clockOf(context).wallResolution)),
  },
});

function datetime(ns: bigint): { readonly seconds: bigint; readonly nanoseconds: number } {
  return { seconds: ns / NS_PER_SECOND, nanoseconds: Number(ns % NS_PER_SECOND) };
}
