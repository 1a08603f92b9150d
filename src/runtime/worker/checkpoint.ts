import { performance } from "node:perf_hooks";
import type { Limits } from "../../shared/limits.ts";
import type { WorkerOutcome } from "../messages.ts";
import type { FuelMeter } from "./fuel-meter.ts";
import type { Guarded } from "./guard.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { ProcessorTime } from "./processor-time.ts";

/** How long a guest keeps the processor while others of its thread wait for it, in milliseconds. */
const TURN_MS = 2;

/** How long a guest may keep the processor from others where it cannot be suspended, before it counts as one that does so. */
const HOLD_MS = 10;

/** What a checkpoint knows of its invocation, and may do to it. */
export interface CheckedGuest {
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
  /** Called once, when it keeps the thread from others and cannot be suspended. */
  readonly holds: () => void;
  /** Gives up the processor; resolves when it has it again. */
  readonly takeBreak: (pauseMs: number) => Promise<void>;
  /** Has the main thread take the events that it recorded. */
  readonly handOver: () => void;
}

/**
 * What a guest comes by after each slice of fuel: here it is seen whether it goes on, and whether it is another's turn first. A guest
 * that is refused traps, and is refused again wherever it gets by catching what can be caught.
 */
export class Checkpoint implements Guarded {
  readonly #guest: CheckedGuest;
  #deadline: number;
  /** The break that was promised last, until it is known whether the guest could be suspended for it. */
  #promised: object | undefined;
  #hadBreak = false;
  /** How long it has to stay away for having used up its share, in milliseconds. */
  #owed = 0;
  /** The longest it kept the thread from others because it could not be suspended, in milliseconds. */
  longestHoldMs = 0;

  constructor(guest: CheckedGuest) {
    this.#guest = guest;
    this.#deadline = performance.now() + guest.limits.timeoutMs;
  }

  /** The deadline is of a call that begins now. */
  begin(): void {
    this.#deadline = performance.now() + this.#guest.limits.timeoutMs;
  }

  goOn(): 0 | 1 | 2 {
    const now = performance.now();
    // A guest may go on for long after what it did.
    this.#guest.handOver();
    if (!this.#mayGoOn(now)) return 0;
    this.#owed = this.#guest.time.owed(now);
    return this.#owed > 0 || this.#isOthersTurn(now) ? 2 : 1;
  }

  takeBreak(): Promise<0 | 1> {
    const promised = {};
    this.#promised = promised;
    return Promise.resolve().then(() => (this.#promised === promised ? this.#break() : 1));
  }

  stay(): 0 | 1 {
    this.#promised = undefined;
    this.#noteHold(this.#guest.time.turn(performance.now()));
    return 1;
  }

  #noteHold(turnMs: number): void {
    if (turnMs <= HOLD_MS || !this.#guest.hasNeighbours()) return;
    if (this.longestHoldMs === 0) this.#guest.holds();
    this.longestHoldMs = Math.max(this.longestHoldMs, turnMs);
  }

  grow(pages: number): 0 | 1 {
    return this.#guest.memory()?.grow(pages) === true ? 1 : 0;
  }

  #mayGoOn(now: number): boolean {
    const { limits, fuel, time, isOver, end } = this.#guest;
    if (isOver()) return false;
    if (!fuel.refill()) {
      const message = `it used up its ${fuel.limit} units of fuel`;
      end({ kind: "limit", limit: "fuel", cap: fuel.limit, message });
    } else if (now > this.#deadline) {
      end({ kind: "deadline" });
    } else if (time.used(now) > limits.cpuTimeMs) {
      const message = `it took more than ${limits.cpuTimeMs} ms of the processor`;
      end({ kind: "limit", limit: "cpu-time", cap: limits.cpuTimeMs, message });
    }
    return !isOver();
  }

  /** The first break comes in any case: until then nobody else is sent to the thread. */
  #isOthersTurn(now: number): boolean {
    if (this.#guest.time.turn(now) < TURN_MS) return false;
    return !this.#hadBreak || this.#guest.hasNeighbours();
  }

  async #break(): Promise<0 | 1> {
    this.#hadBreak = true;
    await this.#guest.takeBreak(this.#owed);
    return this.#guest.isOver() ? 0 : 1;
  }
}
