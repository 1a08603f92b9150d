import { type PerInvocation, perInvocation } from "../per-invocation.ts";
import type { GuestClock } from "./guest-clock.ts";
import { reportUses } from "../uses.ts";
import { HostClock } from "./host-clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The clocks of an invocation, as its grant says. */
export const clockOf: PerInvocation<GuestClock> = perInvocation((context) => {
  const { clocks } = context.grants;
  const label = { eventType: "PolicyViolation", action: "clocks", resource: "clocks" } as const;
  reportUses(context, label, [{ kind: "given", what: "clocks" }]);
  return clocks.kind === "virtual" ? new VirtualClock(clocks) : new HostClock(clocks);
});
