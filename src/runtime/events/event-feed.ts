import type { AuditObservation } from "../../audit/event.ts";
import { EventRingReader, ringMemory } from "./event-ring.ts";

/** How many events are handed on in one turn of the event loop. */
const MAX_EVENTS_A_TURN = 64;

/** Hands on the events that a worker's guests record in shared memory. */
export class EventFeed {
  /** What the worker writes them into. */
  readonly ring: SharedArrayBuffer = ringMemory();
  readonly #reader = new EventRingReader(this.ring);
  readonly #take: (ticket: number, observation: AuditObservation) => void;
  #isScheduled = false;

  /** @param take Must not throw. It may call {@link flush}. */
  constructor(take: (ticket: number, observation: AuditObservation) => void) {
    this.#take = take;
  }

  /** Hands on all that there are. To be called before anything is said of a guest that may have recorded some. */
  flush(): void {
    this.#reader.read(this.#take);
  }

  /** Hands on all, some in each turn of the event loop: however slow the listener is, deadlines are kept in between. */
  flushInTurns(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const isAll = this.#reader.read(this.#take, MAX_EVENTS_A_TURN);
      if (!isAll) this.flushInTurns();
    });
  }
}
