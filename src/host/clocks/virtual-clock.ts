import type { VirtualClockGrant } from "../../policy/grants.ts";
import type { GuestClock } from "./guest-clock.ts";

const NS_PER_MS = 1_000_000n;

/** The end of time, in nanoseconds since the start: 292 years. What waits for longer waits for ever. */
const END_OF_TIME = 2n ** 63n;

/**
 * Clocks that the host's time does not move: each reading takes a fixed step, and a sleep moves them to its end at once. What a
 * guest reads depends on what it did, and on nothing else.
 */
export class VirtualClock implements GuestClock {
  readonly resolution: bigint;
  readonly wallResolution: bigint;
  readonly #step: bigint;
  readonly #startNs: bigint;
  /** Starts one step above 0, as the clocks of the host's time do. */
  #now: bigint;

  constructor({ resolutionNs, stepNs, startMs }: VirtualClockGrant) {
    this.resolution = BigInt(resolutionNs);
    this.wallResolution = this.resolution;
    this.#step = BigInt(stepNs);
    this.#startNs = BigInt(startMs) * NS_PER_MS;
    this.#now = this.resolution;
  }

  monotonic(): bigint {
    return this.#roundDown(this.#read());
  }

  wall(): bigint {
    return this.#roundDown(this.#startNs + this.#read() - this.resolution);
  }

  after(duration: bigint): bigint {
    return this.#now + duration;
  }

  until(instant: bigint): bigint {
    return this.#due(instant) - this.#now;
  }

  skipTo(instant: bigint): boolean {
    const due = this.#due(instant);
    if (due > END_OF_TIME) return false;
    if (due > this.#now) this.#now = due;
    return true;
  }

  /** When the clock reads `instant` or later. */
  #due(instant: bigint): bigint {
    return ((instant + this.resolution - 1n) / this.resolution) * this.resolution;
  }

  #read(): bigint {
    const now = this.#now;
    this.#now += this.#step;
    return now;
  }

  #roundDown(ns: bigint): bigint {
    return ns - (ns % this.resolution);
  }
}
