import type { Grants } from "../../policy/grants.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { Invocation } from "../messages.ts";

/** How many values a receiver has at once. */
const MOST = 32;

/** Has the receiver keep a value, in the place of the one that it was sent under this number before. */
export interface KeepMessage {
  readonly type: "keep";
  readonly number: number;
  readonly value: Grants | Limits;
}

/** An invocation as it is sent: its grants and limits are the numbers of values that the receiver keeps. */
export interface SentInvocation extends Omit<Invocation, "grants" | "limits"> {
  readonly grants: number;
  readonly limits: number;
}

/**
 * Sends what invocations have in common once, and its number from then on. Grants and limits are the same frozen objects for most calls of a
 * sandbox, and more to copy than all else that is sent for a small one. Messages have to arrive in their order.
 */
export class SentOnce {
  readonly #values: object[] = [];
  #next = 0;

  /** @param keep Sends the receiver a value to keep. */
  invocation({ grants, limits, ...own }: Invocation, keep: (message: KeepMessage) => void): SentInvocation {
    const grantsNumber = this.#refer(grants, keep);
    return { ...own, grants: grantsNumber, limits: this.#refer(limits, keep, grantsNumber) };
  }

  /** @param taken A number of the same invocation, whose value is needed and not to be replaced. */
  #refer(value: Grants | Limits, keep: (message: KeepMessage) => void, taken?: number): number {
    const known = this.#values.indexOf(value);
    if (known >= 0) return known;
    const number = this.#next === taken ? (taken + 1) % MOST : this.#next;
    keep({ type: "keep", number, value });
    this.#values[number] = value;
    this.#next = (number + 1) % MOST;
    return number;
  }
}

/** The receiver's end of {@link SentOnce}. */
export class KeptValues {
  readonly #values: (Grants | Limits)[] = [];

  keep({ number, value }: KeepMessage): void {
    this.#values[number] = value;
  }

  /** The invocation, with grants and limits that are the same objects for all that were sent them once. */
  invocation({ grants, limits, ...own }: SentInvocation): Invocation {
    return { ...own, grants: this.#at(grants) as Grants, limits: this.#at(limits) as Limits };
  }

  #at(number: number): Grants | Limits {
    const kept = this.#values[number];
    if (kept === undefined) throw new Error("an invocation was sent without its grants or limits");
    return kept;
  }
}
