import { type PerInvocation, perInvocation } from "../per-invocation.ts";
import type { GuestClock } from "./guest-clock.ts";
import { HostClock } from "./host-clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The clocks of an invocation, as its grant says. */
export const clockOf: PerInvocation<GuestClock> = perInvocation(({ grants: { clocks } }) =>
  clocks.kind === "virtual" ? new VirtualClock(clocks) : new HostClock(clocks),
);
