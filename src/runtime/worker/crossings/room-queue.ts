import { onAbort } from "../../../shared/on-abort.ts";
import {
  CELL_BYTES,
  cellOf,
  CELLS_OF_WORKER,
  type Crossing,
  type HeldUnits,
  type RoomOfWorker,
} from "../../crossings/crossing-room.ts";

/** What a guest may have under way that is not counted, in bytes: one value, or the arguments of several calls. */
export const COUNTED_BYTES: number = 64 * 1024;

/** How often it is checked whether there is room, while guests wait for it, in milliseconds. */
const CHECK_MS = 2;

/** What the guests of one program may hold of the room when another value of theirs is to cross. */
const SHARE_OF_PROGRAM = 1 / 2;

/** Room that a value takes, or a guest whose value is about to cross. */
export class HeldRoom {
  readonly #change: (units: number) => void;
  readonly #share: number;
  #units: number;

  /** @param change Adds to the units that are held. */
  constructor(change: (units: number) => void, share: number, bytes: number) {
    this.#change = change;
    this.#share = share;
    this.#units = Math.ceil(bytes / CELL_BYTES);
    change(this.#units);
  }

  /** Gives it back. */
  release(): void {
    this.#change(-this.handOver().units);
  }

  /** Leaves it to the main thread to give it back. */
  handOver(): HeldUnits {
    const units = this.#units;
    this.#units = 0;
    return { units, share: this.#share };
  }
}

/** A guest that waits for room. */
interface Waiting {
  readonly share: number;
  readonly bytes: number;
  readonly signal: AbortSignal;
  readonly granted: PromiseWithResolvers<HeldRoom>;
}

/**
 * The room of one kind of crossing, as the guests of a worker see it. Where there is none they wait, in order, before anything is copied
 * for them; one that was granted room has all that its value may take until the value is there and is known to take less. A program whose
 * guests hold {@link SHARE_OF_PROGRAM} of it waits for themselves, and keeps no other waiting: how long arguments are held is up to what
 * the embedder's function does with them, and so to the guest, too.
 */
export class RoomQueue {
  readonly #cells: Int32Array;
  readonly #worker: number;
  readonly #crossing: Crossing;
  readonly #mostBytes: number;
  readonly #waiting: Waiting[] = [];
  #isChecking = false;

  constructor({ memory, worker, mostBytes }: RoomOfWorker, crossing: Crossing) {
    this.#cells = new Int32Array(memory);
    this.#worker = worker;
    this.#crossing = crossing;
    this.#mostBytes = mostBytes[crossing];
  }

  /** Whether a value of a program that has this share has to wait. */
  isFullFor(share: number): boolean {
    if (!this.#hasRoom() || !this.#hasRoomFor(share)) return true;
    // Those before it that wait for others, and not for their own program.
    return this.#waiting.some((one) => one.share === share || this.#hasRoomFor(one.share));
  }

  /** Resolves when a value of up to so many bytes may cross, with the room for it. Rejects as soon as the signal is aborted. */
  async wait(share: number, bytes: number, signal: AbortSignal): Promise<HeldRoom> {
    signal.throwIfAborted();
    const waiting = { share, bytes, signal, granted: Promise.withResolvers<HeldRoom>() };
    const stopListening = onAbort(signal, () => {
      const at = this.#waiting.indexOf(waiting);
      if (at >= 0) this.#waiting.splice(at, 1);
      waiting.granted.reject(signal.reason);
    });
    this.#waiting.push(waiting);
    this.#checkSoon();
    try {
      return await waiting.granted.promise;
    } finally {
      stopListening();
    }
  }

  /** Takes room for a value that is there; none for a small one. */
  hold(share: number, bytes: number): HeldRoom | undefined {
    return bytes < COUNTED_BYTES ? undefined : this.take(share, bytes);
  }

  /** Takes room for a value that is there, however small. */
  take(share: number, bytes: number): HeldRoom {
    const cells = [cellOf(this.#worker, this.#crossing), cellOf(this.#worker, this.#crossing, share)];
    const change = (units: number): void => {
      for (const cell of cells) Atomics.add(this.#cells, cell, units);
    };
    return new HeldRoom(change, share, bytes);
  }

  #hasRoom(): boolean {
    return this.#sum(cellOf(0, this.#crossing)) < this.#mostBytes;
  }

  #hasRoomFor(share: number): boolean {
    return this.#sum(cellOf(0, this.#crossing, share)) < this.#mostBytes * SHARE_OF_PROGRAM;
  }

  /** What all workers hold in a cell that the first has there, in bytes. */
  #sum(first: number): number {
    const end = 1 + Atomics.load(this.#cells, 0) * CELLS_OF_WORKER;
    let units = 0;
    for (let cell = first; cell < end; cell += CELLS_OF_WORKER) units += Atomics.load(this.#cells, cell);
    return units * CELL_BYTES;
  }

  #checkSoon(): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    setTimeout(() => {
      this.#isChecking = false;
      this.#grant();
      if (this.#waiting.length > 0) this.#checkSoon();
    }, CHECK_MS);
  }

  #grant(): void {
    while (this.#hasRoom()) {
      const at = this.#waiting.findIndex(({ share }) => this.#hasRoomFor(share));
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (next === undefined) return;
      next.granted.resolve(this.take(next.share, next.bytes));
    }
  }
}
