import { setTimeout as delay } from "node:timers/promises";
import type { AuditObservation } from "../../audit/event.ts";
import { type FromWorker, SHARED_SLOTS } from "../messages.ts";

/** How many observations may be on their way to the main thread before guests have to wait. */
const MAX_ON_THE_WAY = 128;

/** How many there may be before the whole thread has to wait: calls that cannot suspend their guest get here. */
const MAX_BEFORE_STOPPING = 1_024;

/** How often it is looked whether the main thread has caught up, in milliseconds. */
const LOOK_MS = 2;

/**
 * Reports accesses to the main thread, no faster than it takes them: a guest in a loop of denied calls would otherwise fill its
 * memory and keep it from the deadlines.
 */
export class Observations {
  readonly #shared: Int32Array;
  readonly #post: (message: FromWorker) => void;
  #reported = 0;

  constructor(shared: Int32Array, post: (message: FromWorker) => void) {
    this.#shared = shared;
    this.#post = post;
  }

  report(ticket: number, observation: AuditObservation): void {
    this.#reported += 1;
    this.#post({ type: "observed", ticket, observation });
    if (this.#behind() > MAX_BEFORE_STOPPING) this.#stopUntilCaughtUp();
  }

  /** Ending the thread ends this wait, too, so a deadline strikes all the same. */
  #stopUntilCaughtUp(): void {
    while (this.#behind() > MAX_ON_THE_WAY) {
      const seen = Atomics.load(this.#shared, SHARED_SLOTS.observed);
      if (this.#behind() > MAX_ON_THE_WAY) Atomics.wait(this.#shared, SHARED_SLOTS.observed, seen);
    }
  }

  /** Resolves when the main thread is not far behind. */
  async caughtUp(): Promise<void> {
    while (this.#behind() > MAX_ON_THE_WAY) await delay(LOOK_MS);
  }

  /** Both counters wrap around at 32 bits, and so does their difference. */
  #behind(): number {
    return (this.#reported - Atomics.load(this.#shared, SHARED_SLOTS.observed)) | 0;
  }
}
