import type { FromWorker, SentOutcome, WorkerOutcome } from "../messages.ts";
import type { CrossingRoom, RoomShare } from "./crossing-room.ts";
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
  /** The worker's share of the room. */
  readonly share: RoomShare;

  constructor(crossings: Crossings) {
    this.#crossings = crossings;
    this.share = crossings.room.open();
  }

  /** An outcome, out of its parcel if it is in one: at once, if it is in none. */
  outcome(ended: SentOutcome): WorkerOutcome | Promise<WorkerOutcome> {
    const { outcome, isParcel } = ended;
    if (!isParcel) return outcome;
    return this.#crossings.opener.open(givenBy(outcome) as Parcel).then((given) => withGiven(outcome, given));
  }

  /** What is asked, likewise. */
  payload({ payload, isParcel }: Extract<FromWorker, { type: "ask" }>): unknown {
    return isParcel ? this.#crossings.opener.open(payload as Parcel) : payload;
  }

  /** The embedder has a result. */
  handedOn({ heldUnits }: SentOutcome): void {
    this.#crossings.room.resultTaken(this.share, heldUnits);
  }

  /** The worker is gone. */
  close(): void {
    this.#crossings.room.close(this.share);
  }
}
