/** Ends in a row that cost no wait: they may be the machine's fault, and a call that was not begun is tried again as often. */
const FREE_ENDS = 2;

/** How long the next one keeps a component from its next process, in milliseconds; each one after that twice as long. */
const FIRST_WAIT_MS = 500;

/** The longest it is kept from one, in milliseconds. */
const MAX_WAIT_MS = 60_000;

/** How long a component has to go without such an end for one of them to be forgotten, in milliseconds. */
const DECAY_MS = 60_000;

/** Ends in a row that are told apart: more wait no longer. */
const MAX_ENDS = 10;

/**
 * When a component gets its next process whose processes end without having been asked to. One that does it again and again waits
 * longer and longer, and is forgiven one end for each minute without.
 */
export class RestartBackoff {
  readonly #now: () => number;
  #ends = 0;
  #endedAt = 0;
  #waitsUntil = 0;
  #reason = "";

  /** @param now The time in milliseconds, from any beginning. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A process has ended which nobody had asked to, for this reason. */
  ended(reason: string): void {
    const now = this.#now();
    this.#reason = reason;
    const forgiven = Math.floor((now - this.#endedAt) / DECAY_MS);
    this.#ends = Math.min(Math.max(this.#ends - forgiven, 0) + 1, MAX_ENDS);
    this.#endedAt = now;
    const wait = this.#ends <= FREE_ENDS ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (this.#ends - FREE_ENDS - 1), MAX_WAIT_MS);
    // One that was started before the last end may end as well; that makes no wait shorter.
    this.#waitsUntil = Math.max(this.#waitsUntil, now + wait);
  }

  /** Why the last one ended. */
  get reason(): string {
    return this.#reason;
  }

  /** In how many milliseconds the next process may be started; 0 when it may now. */
  get waitMs(): number {
    return Math.max(0, this.#waitsUntil - this.#now());
  }
}
