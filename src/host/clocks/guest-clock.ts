/** The clocks that one invocation sees, in nanoseconds. */
export interface GuestClock {
  /** The step between two readings of the monotonic clock. */
  readonly resolution: bigint;
  /** The step between two readings of the wall clock. */
  readonly wallResolution: bigint;
  /** A reading of the monotonic clock. */
  readonly monotonic: () => bigint;
  /** A reading of the wall clock, in nanoseconds since 1970. */
  readonly wall: () => bigint;
  /** The instant of the monotonic clock that is `duration` from now, whatever part of a step has gone by. */
  readonly after: (duration: bigint) => bigint;
  /**
   * How long until the monotonic clock reads `instant` or later; 0 or less when it does. As a reading is rounded down, a
   * guest that sleeps sees that the whole time went by, and gets no finer clock out of sleeping than it was granted.
   */
  readonly until: (instant: bigint) => bigint;
  /**
   * Moves the clocks on to an instant that the guest waits for; `false` when the instant lies past the end of time. Only
   * clocks that time itself does not move have it.
   */
  readonly skipTo?: (instant: bigint) => boolean;
}
