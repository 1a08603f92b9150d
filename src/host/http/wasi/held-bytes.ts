import type { HostContext } from "../../capability.ts";
import { perInvocation } from "../../per-invocation.ts";

/**
 * What the fields and the unread and unsent bodies of one invocation may take of the host's memory together, in bytes. Handles
 * are bounded by their number; this bounds what hangs on them.
 */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** Host memory that a guest can make HTTP objects hold, charged before it is used. */
export class HeldBytes {
  readonly #cap: number;
  #held = 0;

  constructor(cap: number) {
    this.#cap = cap;
  }

  /** How much is held, in bytes. */
  get held(): number {
    return this.#held;
  }

  /** Charges `bytes`; `false` when that would pass the cap, and then nothing is charged. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#cap) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** The budget of an invocation. */
export const heldBytes: (context: HostContext) => HeldBytes = perInvocation(() => new HeldBytes(MAX_HELD_BYTES));
