/** How many bytes may be moved, in total and in a second. */
export interface ByteBounds {
  /** In bytes. */
  readonly total: number;
  /** In bytes per second, at least 1. */
  readonly perSecond: number;
}

/**
 * Bytes that an invocation may move, charged before they are. The rate is a bucket that holds a second's worth and is full at
 * the start.
 */
export class ByteMeter {
  readonly #bounds: ByteBounds;
  readonly #now: () => number;
  #used = 0;
  #tokens: number;
  #filledAt: number;

  /** @param now A clock that never goes back, in milliseconds. */
  constructor(bounds: ByteBounds, now: () => number = () => performance.now()) {
    this.#bounds = bounds;
    this.#now = now;
    this.#tokens = bounds.perSecond;
    this.#filledAt = now();
  }

  /** Bytes that were moved, or are about to be. */
  get used(): number {
    return this.#used;
  }

  /** Whether the total is used up: nothing will ever be moved again. */
  get exhausted(): boolean {
    return this.#used >= this.#bounds.total;
  }

  /** What the total still allows, in bytes. */
  get left(): number {
    return this.#bounds.total - this.#used;
  }

  /** The bound in total, in bytes. */
  get total(): number {
    return this.#bounds.total;
  }

  /**
   * Charges up to `wanted` bytes. Returns how many of them may be moved now: fewer near the total, and 0 when the rate is
   * used up for the moment or the meter is {@link exhausted}.
   */
  take(wanted: number): number {
    const granted = Math.max(0, Math.min(wanted, this.left, this.#allowedNow()));
    this.#used += granted;
    this.#tokens -= granted;
    return granted;
  }

  /**
   * Charges all of `bytes`, or nothing and returns `false` when the total does not allow that many. For what cannot be cut, or be
   * waited for: it may pass what the rate allows at the moment, and {@link take} then grants nothing until that is made up for.
   */
  charge(bytes: number): boolean {
    if (bytes > this.left) return false;
    this.#allowedNow();
    this.#used += bytes;
    this.#tokens -= bytes;
    return true;
  }

  /** Takes back what was charged and not moved. */
  refund(bytes: number): void {
    this.#used -= bytes;
    this.#tokens = Math.min(this.#bounds.perSecond, this.#tokens + bytes);
  }

  /** Milliseconds until {@link take} grants a byte again; 0 when it does now, `Infinity` when it never will. */
  delayMs(): number {
    if (this.exhausted) return Infinity;
    if (this.#allowedNow() >= 1) return 0;
    return Math.ceil(((1 - this.#tokens) * 1000) / this.#bounds.perSecond);
  }

  #allowedNow(): number {
    const rate = this.#bounds.perSecond;
    const now = this.#now();
    this.#tokens = Math.min(rate, this.#tokens + ((now - this.#filledAt) * rate) / 1000);
    this.#filledAt = now;
    return Math.floor(this.#tokens);
  }
}
