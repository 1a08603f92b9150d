import { CELL_BYTES, cellOf, type Crossing, CROSSINGS, type RoomShare } from "../../crossings/crossing-room.ts";

/** Values that take less are not counted, in bytes: a guest has one of them under way at a time. */
const COUNTED_BYTES = 64 * 1024;

/** How often it is checked whether there is room, while guests wait for it, in milliseconds. */
const CHECK_MS = 2;

/** Room that a value takes, or a guest whose value is about to cross. */
export class HeldRoom {
  readonly #cells: Int32Array;
  readonly #cell: number;
  #units: number;

  constructor(cells: Int32Array, cell: number, bytes: number) {
    this.#cells = cells;
    this.#cell = cell;
    this.#units = Math.ceil(bytes / CELL_BYTES);
    Atomics.add(cells, cell, this.#units);
  }

  /** Gives it back. */
  release(): void {
    Atomics.sub(this.#cells, this.#cell, this.handOver());
  }

  /** Leaves it to the main thread to give it back: so many units. */
  handOver(): number {
    const units = this.#units;
    this.#units = 0;
    return units;
  }
}

/** A guest that waits for room. */
interface Waiting {
  readonly bytes: number;
  readonly signal: AbortSignal;
  readonly granted: PromiseWithResolvers<HeldRoom>;
}

/**
 * The room of one kind of crossing, as the guests of a worker see it. Where there is none they wait, in order, before anything is copied
 * for them; one that was granted room has all that its value may take until the value is there and is known to take less.
 */
export class RoomQueue {
  readonly #cells: Int32Array;
  readonly #own: number;
  readonly #position: number;
  readonly #mostBytes: number;
  readonly #waiting: Waiting[] = [];
  #isChecking = false;

  constructor({ memory, worker, mostBytes }: RoomShare, crossing: Crossing) {
    this.#cells = new Int32Array(memory);
    this.#own = cellOf(worker, crossing);
    this.#position = cellOf(0, crossing);
    this.#mostBytes = mostBytes[crossing];
  }

  /** Whether whoever comes has to wait. */
  get isFull(): boolean {
    return this.#waiting.length > 0 || !this.#hasRoom();
  }

  /** Resolves when a value of up to so many bytes may cross, with the room for it. Rejects as soon as the signal is aborted. */
  async wait(bytes: number, signal: AbortSignal): Promise<HeldRoom> {
    signal.throwIfAborted();
    const waiting = { bytes, signal, granted: Promise.withResolvers<HeldRoom>() };
    const onAbort = (): void => {
      const at = this.#waiting.indexOf(waiting);
      if (at >= 0) this.#waiting.splice(at, 1);
      waiting.granted.reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(waiting);
    this.#checkSoon();
    try {
      return await waiting.granted.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Takes room for a value that is there; none for a small one. */
  hold(bytes: number): HeldRoom | undefined {
    return bytes < COUNTED_BYTES ? undefined : new HeldRoom(this.#cells, this.#own, bytes);
  }

  #hasRoom(): boolean {
    const end = 1 + Atomics.load(this.#cells, 0) * CROSSINGS.length;
    let units = 0;
    for (let cell = this.#position; cell < end; cell += CROSSINGS.length) units += Atomics.load(this.#cells, cell);
    return units * CELL_BYTES < this.#mostBytes;
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
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.granted.resolve(new HeldRoom(this.#cells, this.#own, next.bytes));
    }
  }
}
