import type { GuestClock } from "./guest-clock.ts";

/**
 * The clocks of an invocation whose grant may change. Readings go on from where they were: the monotonic clock never goes back. What was to
 * be waited for by the clock before is over, since nothing is left of it that could come.
 */
export class LiveClock implements Omit<GuestClock, "skipTo"> {
  #clock: GuestClock;
  /** What is added to the clock's own monotonic readings. */
  #ahead = 0n;
  #generation = 0;
  readonly #waiting = new Set<() => void>();

  constructor(clock: GuestClock) {
    this.#clock = clock;
  }

  /** Another clock takes the place of this one. */
  replace(clock: GuestClock): void {
    const before = this.#clock.monotonic() + this.#ahead;
    const behind = before - clock.monotonic();
    const { resolution } = clock;
    this.#ahead = behind > 0n ? ((behind + resolution - 1n) / resolution) * resolution : 0n;
    this.#clock = clock;
    this.#generation += 1;
    for (const replaced of this.#waiting) replaced();
  }

  /** Has a function called when another clock takes the place of this one, until what is returned is called. */
  onReplaced(replaced: () => void): () => void {
    this.#waiting.add(replaced);
    return () => void this.#waiting.delete(replaced);
  }

  /** Counts the clocks that there were. */
  get generation(): number {
    return this.#generation;
  }

  get resolution(): bigint {
    return this.#clock.resolution;
  }

  get wallResolution(): bigint {
    return this.#clock.wallResolution;
  }

  monotonic(): bigint {
    return this.#clock.monotonic() + this.#ahead;
  }

  wall(): bigint {
    return this.#clock.wall();
  }

  after(duration: bigint): bigint {
    return this.#clock.after(duration) + this.#ahead;
  }

  until(instant: bigint): bigint {
    return this.#clock.until(instant - this.#ahead);
  }

  get skipTo(): GuestClock["skipTo"] {
    const skip = this.#clock.skipTo?.bind(this.#clock);
    return skip === undefined ? undefined : (instant) => skip(instant - this.#ahead);
  }
}
