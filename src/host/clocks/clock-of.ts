import { isDeepStrictEqual } from "node:util";
import type { ClockGrant } from "../../policy/grants.ts";
import { type PerInvocation, perInvocation } from "../per-invocation.ts";
import type { GuestClock } from "./guest-clock.ts";
import { reportUses } from "../uses.ts";
import { HostClock } from "./host-clock.ts";
import { LiveClock } from "./live-clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The clocks of an invocation, as its grant says. */
export const clockOf: PerInvocation<LiveClock> = perInvocation((context) => {
  let { clocks } = context.grants;
  const label = { eventType: "PolicyViolation", action: "clocks", resource: "clocks" } as const;
  reportUses(context, label, [{ kind: "given", what: "clocks" }]);
  const clock = new LiveClock(clockFor(clocks));
  context.onPolicyChange(() => {
    if (isDeepStrictEqual(context.grants.clocks, clocks)) return;
    ({ clocks } = context.grants);
    clock.replace(clockFor(clocks));
  });
  return clock;
});

function clockFor(grant: ClockGrant): GuestClock {
  return grant.kind === "virtual" ? new VirtualClock(grant) : new HostClock(grant);
}
