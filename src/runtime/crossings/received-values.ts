import type { FromWorker, SentOutcome, WorkerOutcome } from "../messages.ts";
import type { CrossingRoom, HeldUnits, RoomOfWorker } from "./crossing-room.ts";
import { givenBy, withGiven } from "./given-value.ts";
import type { Parcel } from "./parcel.ts";
import type { ParcelOpener } from "./parcel-opener.ts";

/** What a pool's workers have in common for the values that they send. */
export interface Crossings {
  readonly room: CrossingRoom;
  readonly opener: ParcelOpener;
}

/** The main thread's side of the values that one worker sends. */
export class ReceivedValues {
  readonly #crossings: Crossings;
  /** What results hold of the room that the embedder is about to have. They may outlive the worker. */
  readonly #held = new Set<HeldUnits>();
  #isClosed = false;
  /** The worker's part of the room. */
  readonly room: RoomOfWorker;

  constructor(crossings: Crossings) {
    this.#crossings = crossings;
    this.room = crossings.room.open();
  }

  /** An outcome, out of its parcel if it is in one: at once, if it is in none. */
  outcome(ended: SentOutcome): WorkerOutcome | Promise<WorkerOutcome> {
    const { outcome, isParcel, held } = ended;
    this.#held.add(held);
    if (!isParcel) return outcome;
    return this.#crossings.opener.open(givenBy(outcome) as Parcel).then((given) => withGiven(outcome, given));
  }

  /** What is asked, likewise. */
  payload({ payload, isParcel }: Extract<FromWorker, { type: "ask" }>): unknown {
    return isParcel ? this.#crossings.opener.open(payload as Parcel) : payload;
  }

  /** The embedder has a result. */
  handedOn({ held }: SentOutcome): void {
    if (!this.#held.delete(held)) return;
    this.#crossings.room.resultTaken(this.room, held);
    this.#freeWhenDone();
  }

  /** The worker is gone. */
  close(): void {
    this.#isClosed = true;
    this.#crossings.room.close(this.room, [...this.#held]);
    this.#freeWhenDone();
  }

  #freeWhenDone(): void {
    if (this.#isClosed && this.#held.size === 0) this.#crossings.room.free(this.room);
  }
}
