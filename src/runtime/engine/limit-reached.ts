import type { InvocationEnd } from "../../shared/invocation-end.ts";

/** The guest came to a bound of the engine's. It ends the invocation, and the guest cannot catch that. */
export class LimitReached extends Error {
  readonly ending: Extract<InvocationEnd, { readonly kind: "limit" }>;
  readonly used: number;

  /** @param message Goes on after what was attempted: "it had 7 of them". */
  constructor(
    limit: LimitReached["ending"]["limit"],
    { cap, used }: { readonly cap: number; readonly used: number },
    message: string,
  ) {
    super(message);
    this.ending = { kind: "limit", limit, cap, message };
    this.used = used;
  }
}
