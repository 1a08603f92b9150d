import type { Interruption } from "../running-guest.ts";
import type { Limits } from "../../../shared/limits/limits.ts";
import type { WorkerOutcome } from "../../messages.ts";
import type { FuelMeter } from "./fuel-meter.ts";
import { YIELD, type Guarded, REFUSED } from "./guard.ts";
import type { GuestMemory } from "../memory/guest-memory.ts";
import type { ProcessorTime } from "./processor-time.ts";

/** How long a guest keeps the processor while others of its thread wait for it, in milliseconds. */
const TURN_MS = 2;

/** How many units a guest takes ahead, in whole slices, when as many and a slice more took it less than this, in milliseconds. */
const [AHEAD_UNITS, QUICK_MS] = [700_000, 0.4];

/** How long a guest may keep the processor from others where it cannot be suspended, before it counts as one that does so. */
const HOLD_MS = 10;

/** How often it is checked whether a guest that waits on the thread is to end, in milliseconds. */
const CHECK_MS = 2;

/** What nobody wakes up. */
const NOBODY = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** What a checkpoint knows of its invocation, and may do to it. */
export interface CheckedGuest {
  readonly ticket: number;
  readonly limits: Limits;
  readonly fuel: FuelMeter;
  readonly time: ProcessorTime;
  readonly memory: () => GuestMemory | undefined;
  /** Whether it is to end: it was cancelled, or has been refused before. */
  readonly isOver: () => boolean;
  /** Ends it, for this reason unless there was one before. */
  readonly end: (ending: WorkerOutcome) => void;
  /** Whether somebody else may want the thread. */
  readonly hasNeighbours: () => boolean;
  /** Called once in a call, when it keeps the thread, whether others wait for it or not, and cannot be suspended. */
  readonly holds: () => void;
  /** Gives up the processor; resolves when it has it again. */
  readonly yieldProcessor: (pauseMs: number) => Promise<void>;
  /** Its stack is to be suspended for a break; undefined where it cannot be. */
  readonly interrupt: () => Interruption | undefined;
  /** Has the main thread take the events that it recorded. */
  readonly handOver: () => void;
}

/**
 * What a guest comes by after each slice of fuel: here it is seen whether it goes on, and whether it is another's turn first. A guest
 * that is refused traps, and is refused again wherever it gets by catching what can be caught.
 */
export class Checkpoint implements Guarded {
  ticket: number;
  readonly sliceUnits: number;
  readonly #guest: CheckedGuest;
  #deadline: number;
  /** The break that was promised last, until it is known whether the guest could be suspended for it. */
  #promised: Interruption | undefined;
  #hasYielded = false;
  #reportedHold = false;
  /** How long it has to stay away for having used up its share, in milliseconds. */
  #owed = 0;
  #lastCheckpoint = 0;
  /** Whether the last slices took it little time. */
  #isQuick = false;
  /** The longest it kept the thread where it could not be suspended, in milliseconds. */
  longestHoldMs = 0;

  constructor(guest: CheckedGuest) {
    this.ticket = guest.ticket;
    this.sliceUnits = guest.fuel.sliceUnits;
    this.#guest = guest;
    this.#deadline = performance.now() + guest.limits.timeoutMs;
  }

  /** The deadline is of a call that begins now. */
  begin(): void {
    this.#reportedHold = false;
    this.#deadline = performance.now() + this.#guest.limits.timeoutMs;
  }

  nextSlice(left: number): number {
    const { fuel, isOver, handOver } = this.#guest;
    fuel.settle(left);
    // A guest may go on for long after what it did.
    handOver();
    if (isOver()) return REFUSED;
    const now = performance.now();
    this.#isQuick = now - this.#lastCheckpoint < QUICK_MS;
    this.#lastCheckpoint = now;
    if (!this.#hasTime(now)) return REFUSED;
    this.#owed = this.#guest.time.owed(now);
    return this.#owed > 0 || this.#isOthersTurn(now) ? YIELD : this.#slice();
  }

  ahead(): number {
    const slices = AHEAD_UNITS / this.sliceUnits;
    return this.#isQuick && this.#guest.fuel.hasPlenty(slices) ? slices : 0;
  }

  wentAhead(units: number): void {
    this.#guest.fuel.grant(units);
  }

  yieldProcessor(): Promise<number> {
    const interruption = this.#guest.interrupt();
    // As the engine says it of JavaScript on the stack: what is returned is waited for, whatever it is.
    if (interruption === undefined) throw new Error("the guest cannot be suspended");
    const settle = Promise.withResolvers<number>();
    this.#promised = interruption;
    void Promise.resolve().then(() => {
      if (this.#promised === interruption) void this.#yield(interruption, settle);
    });
    return settle.promise;
  }

  keepProcessor(): number {
    this.#promised?.cancel();
    this.#promised = undefined;
    this.#noteHold(this.#guest.time.turn(performance.now()));
    return this.#owed > 0 && !this.#waitHere() ? REFUSED : this.#slice();
  }

  /** Stays away from the processor for what is owed, on the thread, where it cannot be suspended. Whether it is to go on. */
  #waitHere(): boolean {
    const until = performance.now() + this.#owed;
    for (let now = performance.now(); now < until; now = performance.now()) {
      Atomics.wait(NOBODY, 0, 0, Math.min(until - now, CHECK_MS));
      if (this.#guest.isOver() || !this.#hasTime(performance.now())) return false;
    }
    return true;
  }

  #noteHold(turnMs: number): void {
    if (turnMs <= HOLD_MS) return;
    if (!this.#reportedHold) this.#guest.holds();
    this.#reportedHold = true;
    // Nobody is sent to the thread before it yields for the first time: that it has no neighbours does not mean that none wait.
    this.longestHoldMs = Math.max(this.longestHoldMs, turnMs);
  }

  /**
   * Decides about the growth of a memory. Where it grows, the guest comes by here at once: growing by a page is a few units of fuel,
   * and 0.6 ms of the engine's time on Node 24.
   */
  grow(pages: number): 0 | 1 {
    if (this.#guest.memory()?.grow(pages) !== true) return 0;
    if (pages > 0) this.#guest.fuel.cutShort();
    return 1;
  }

  /** The units to go on with. */
  #slice(): number {
    const { fuel, end } = this.#guest;
    const slice = fuel.next();
    if (slice === undefined) end(outOfFuel(fuel));
    return slice ?? REFUSED;
  }

  #hasTime(now: number): boolean {
    const { limits, time, end } = this.#guest;
    if (now > this.#deadline) {
      end({ kind: "deadline" });
      return false;
    }
    if (time.hasUsedMore(limits.cpuTimeMs, now)) {
      const message = `it took more than ${limits.cpuTimeMs} ms of the processor`;
      end({ kind: "limit", limit: "cpu-time", cap: limits.cpuTimeMs, message });
      return false;
    }
    return true;
  }

  /** It yields once in any case: until then nobody else is sent to the thread. */
  #isOthersTurn(now: number): boolean {
    if (this.#guest.time.turn(now) < TURN_MS) return false;
    return !this.#hasYielded || this.#guest.hasNeighbours();
  }

  async #yield(interruption: Interruption, settle: PromiseWithResolvers<number>): Promise<void> {
    this.#promised = undefined;
    this.#hasYielded = true;
    await this.#guest.yieldProcessor(this.#owed);
    interruption.resume(settle, () => (this.#guest.isOver() ? REFUSED : this.#slice()));
  }
}

/** How it ends when it has used up its fuel. */
export function outOfFuel({ limit }: FuelMeter): WorkerOutcome {
  return { kind: "limit", limit: "fuel", cap: limit, message: `it used up its ${limit} units of fuel` };
}
