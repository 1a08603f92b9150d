import type { HostContext } from "../../host/capability.ts";
import { ioMeters } from "../../host/metering/io-meters.ts";
import type { Invocation } from "../messages.ts";
import type { Asks } from "./asks.ts";
import type { HeldPolicy } from "./policy/live-policies.ts";
import type { EndState } from "./end-state.ts";
import { isLargerThan } from "./metering/value-size.ts";
import type { Observations } from "./observations.ts";

/** What host functions are given of an invocation is made of this. */
export interface GuestContextParts {
  /** Whose limits they have. */
  readonly invocation: Invocation;
  readonly policy: HeldPolicy;
  /** The call that its instance is used by: one that was made ahead has another. */
  readonly current: () => { readonly ticket: number; readonly invocation: Invocation };
  readonly endState: EndState;
  readonly asks: Asks;
  readonly observations: Observations;
  /** An access was denied. */
  readonly denied: () => void;
  /** Ends the invocation, since it made the host copy more than one crossing may. */
  readonly exceeded: () => void;
  /** @throws Error when the invocation is over, or to end. */
  readonly refuseIfOver: () => void;
}

/** What the host functions of one invocation see of it. */
export function guestContext(parts: GuestContextParts): HostContext {
  const { invocation, policy, current, endState, asks, observations } = parts;
  const { limits } = invocation;
  // What is asked is copied onto the main thread's heap, so it is bounded as a result is.
  const assertCrosses = (payload: unknown): void => {
    if (!isLargerThan(payload, limits.maxCrossingBytes)) return;
    parts.exceeded();
    throw new Error("the guest made the host copy more than one crossing may");
  };
  return {
    get grants() {
      return policy.grants;
    },
    onPolicyChange: (changed) => policy.onChange(changed),
    limits,
    get programArguments() {
      return current().invocation.programArguments;
    },
    signal: endState.signal,
    meters: ioMeters(limits),
    ask: async (service, payload) => {
      assertCrosses(payload);
      return asks.ask(current().ticket, service, payload, endState.signal);
    },
    tell: (service, payload) => {
      assertCrosses(payload);
      if (!endState.signal.aborted) asks.tell(current().ticket, service, payload);
    },
    end: (ending) => {
      endState.end(ending);
      throw new Error("the invocation has ended");
    },
    refuseIfOver: () => parts.refuseIfOver(),
    observe: (observation) => {
      if (observation.result === "Denied") parts.denied();
      observations.report(current().ticket, observation);
    },
  };
}
