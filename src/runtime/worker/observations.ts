import { setTimeout as delay } from "node:timers/promises";
import type { AuditObservation } from "../../audit/event.ts";
import type { EventRingWriter } from "../events/event-ring.ts";

/** How long an event may lie in the ring before the main thread is notified, while its guest goes on, in milliseconds. */
const NOTIFY_AFTER_MS = 2;

/** How often it is checked whether the main thread has caught up, in milliseconds. */
const CHECK_MS = 2;

/**
 * Reports accesses to the main thread, no faster than it takes them: a guest in a loop of denied calls would otherwise fill its
 * memory and keep it from the deadlines.
 */
export class Observations {
  readonly #ring: EventRingWriter;
  #notifiedAt = 0;

  constructor(ring: EventRingWriter) {
    this.#ring = ring;
  }

  /** Records an access. When the main thread is far behind, the whole thread waits for it. */
  report(ticket: number, observation: AuditObservation): void {
    this.#ring.write(ticket, observation);
    const now = performance.now();
    if (now - this.#notifiedAt < NOTIFY_AFTER_MS) return;
    this.#notifiedAt = now;
    this.#ring.callReader();
  }

  /** Has the main thread take what there is: whoever reported it leaves the processor. */
  handOver(): void {
    this.#ring.callReader();
  }

  /** Resolves when the main thread is not far behind. */
  async caughtUp(): Promise<void> {
    while (this.#ring.crowded) await delay(CHECK_MS);
  }
}
