import type { HostContext } from "./capability.ts";

/** Gives the state of an invocation, which it makes when there is none. */
export interface PerInvocation<T extends object> {
  (context: HostContext): T;
  /** The state, if it was ever asked for. */
  readonly ifMade: (context: HostContext) => T | undefined;
}

/** State of one capability that lives as long as an invocation, and is made when it is first asked for. */
export function perInvocation<T extends object>(make: (context: HostContext) => T): PerInvocation<T> {
  const made = new WeakMap<HostContext, T>();
  const stateOf = (context: HostContext): T => {
    let state = made.get(context);
    if (state === undefined) {
      state = make(context);
      made.set(context, state);
    }
    return state;
  };
  return Object.assign(stateOf, { ifMade: (context: HostContext) => made.get(context) });
}
