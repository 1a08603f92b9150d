import type { HostClockGrant } from "../../policy/grants.ts";
import { START_OF_GUEST_TIME_MS } from "../../policy/parsing/parse-clocks.ts";
import type { GuestClock } from "./guest-clock.ts";
import { type Lateness, lateness, onTime } from "./lateness.ts";

const NS_PER_MS = 1_000_000n;
const START_OF_GUEST_TIME_NS = BigInt(START_OF_GUEST_TIME_MS) * NS_PER_MS;

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
 * Clocks that go as the host's do, rounded down to the resolution that was granted. The monotonic clock tells the time since
 * this object was made, whatever the grant, as the host's own tells how long the host has been up; it starts one step above
 * 0, which some language runtimes take for a broken clock.
 */
export class HostClock implements GuestClock {
  readonly resolution: bigint;
  readonly wallResolution: bigint;
  readonly #source: TimeSource;
  readonly #grant: HostClockGrant;
  readonly #start: bigint;
  /** How late each step of the monotonic clock comes, and of the wall clock. */
  readonly #late: { readonly monotonic: Lateness; readonly wall: Lateness };

  constructor(grant: HostClockGrant, source: TimeSource = HOST_TIME) {
    this.#source = source;
    this.#grant = grant;
    this.resolution = BigInt(Math.max(1, Math.ceil(grant.resolutionNs)));
    // The host's own wall clock ticks in milliseconds.
    this.wallResolution = grant.kind === "read" && this.resolution < NS_PER_MS ? NS_PER_MS : this.resolution;
    const jitter = BigInt(grant.jitterNs ?? 0);
    this.#late = jitter === 0n ? { monotonic: onTime, wall: onTime } : twoOf(jitter);
    // Its first step has come, however late it is.
    this.#start = source.monotonicNs() - jitter;
  }

  monotonic(): bigint {
    return this.#stepped(this.#exact(), this.#late.monotonic);
  }

  wall(): bigint {
    if (this.#grant.kind === "read") {
      return this.#stepped(BigInt(this.#source.wallMs()) * NS_PER_MS, this.#late.wall);
    }
    return this.#stepped(START_OF_GUEST_TIME_NS + this.#exact() - this.resolution, this.#late.wall);
  }

  after(duration: bigint): bigint {
    return this.#exact() + duration;
  }

  until(instant: bigint): bigint {
    const step = (instant + this.resolution - 1n) / this.resolution;
    return step * this.resolution + this.#late.monotonic(step) - this.#exact();
  }

  #exact(): bigint {
    return this.#source.monotonicNs() - this.#start + this.resolution;
  }

  /** The last step that has come by now. As none comes later than the next is due, it is this one or the one before. */
  #stepped(exact: bigint, late: Lateness): bigint {
    const step = exact / this.resolution;
    const hasCome = step * this.resolution + late(step) <= exact;
    return (hasCome ? step : step - 1n) * this.resolution;
  }
}

function twoOf(jitter: bigint): { readonly monotonic: Lateness; readonly wall: Lateness } {
  return { monotonic: lateness(jitter), wall: lateness(jitter) };
}
