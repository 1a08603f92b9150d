import type { ClockGrant } from "../../policy/grants.ts";

const NS_PER_MS = 1_000_000n;
/** 2000-01-01T00:00:00Z, in nanoseconds since 1970. */
const START_OF_GUEST_TIME_NS = 946_684_800_000_000_000n;

/** Where time comes from. */
export interface TimeSource {
  /** Nanoseconds on a clock that never goes back. */
  readonly monotonicNs: () => bigint;
  /** Milliseconds since 1970 on the host's wall clock. */
  readonly wallMs: () => number;
}

/** The clocks of the host. */
export const HOST_TIME: TimeSource = { monotonicNs: () => process.hrtime.bigint(), wallMs: () => Date.now() };

/**
 * The clocks that one invocation sees, in nanoseconds and rounded down to the resolution it was granted. The monotonic clock
 * tells the time since this object was made, whatever the grant, as the host's own tells how long the host has been up; it
 * starts one step above 0, which some language runtimes take for a broken clock.
 */
export class GuestClock {
  readonly #source: TimeSource;
  readonly #grant: ClockGrant;
  readonly #resolution: bigint;
  readonly #start: bigint;

  constructor(grant: ClockGrant, source: TimeSource = HOST_TIME) {
    this.#source = source;
    this.#grant = grant;
    this.#resolution = BigInt(Math.max(1, Math.ceil(grant.resolutionNs)));
    this.#start = source.monotonicNs();
  }

  /** The step between two readings of the monotonic clock. */
  get resolution(): bigint {
    return this.#resolution;
  }

  /** The step between two readings of the wall clock: the host's own ticks in milliseconds. */
  get wallResolution(): bigint {
    return this.#grant.kind === "read" && this.#resolution < NS_PER_MS ? NS_PER_MS : this.#resolution;
  }

  /** The monotonic clock. */
  monotonic(): bigint {
    return this.#roundDown(this.#exact());
  }

  /** Nanoseconds since 1970; without the grant, since a moment that says nothing of the host's time. */
  wall(): bigint {
    return this.#roundDown(
      this.#grant.kind === "read"
        ? BigInt(this.#source.wallMs()) * NS_PER_MS
        : START_OF_GUEST_TIME_NS + this.#exact() - this.#resolution,
    );
  }

  /** The instant that is `duration` from now, whatever part of a step has gone by. */
  after(duration: bigint): bigint {
    return this.#exact() + duration;
  }

  /**
   * How long until the monotonic clock reads `instant` or later; 0 or less when it does. As a reading is rounded down, a
   * guest that sleeps sees that the whole time went by, and gets no finer clock out of sleeping than it was granted.
   */
  until(instant: bigint): bigint {
    const steps = (instant + this.#resolution - 1n) / this.#resolution;
    return steps * this.#resolution - this.#exact();
  }

  #exact(): bigint {
    return this.#source.monotonicNs() - this.#start + this.#resolution;
  }

  #roundDown(ns: bigint): bigint {
    return ns - (ns % this.#resolution);
  }
}
