import { roomForMemories } from "../memory-room.ts";

/** What is on its way between guests and the embedder: arguments of host functions, until they are answered, and results, until the embedder has them. */
export const CROSSINGS = ["arguments", "results"] as const;

export type Crossing = (typeof CROSSINGS)[number];

/** What all that crosses in one direction may take together when another value is to cross, in bytes; fewer where memory is scarce. */
const MOST_BYTES: Readonly<Record<Crossing, number>> = { arguments: 256 * 1024 * 1024, results: 128 * 1024 * 1024 };

/** The share of the room for linear memories that they take at most. */
const SHARE_OF_MEMORY = 1 / 16;

/** The unit of the cells, in bytes: 32 bits of them are enough for what any machine has. */
export const CELL_BYTES = 1024;

/** How many workers a pool has at once, those included that are being ended. */
const MAX_WORKERS = 1024;

/** What a worker is given of the room. */
export interface RoomShare {
  /** How many workers have had cells, and then the cells of each: one for each of {@link CROSSINGS}. */
  readonly memory: SharedArrayBuffer;
  /** Which worker it is. */
  readonly worker: number;
  readonly mostBytes: Readonly<Record<Crossing, number>>;
}

/** The cell of a worker for one kind of crossing. */
export function cellOf(worker: number, crossing: Crossing): number {
  return 1 + worker * CROSSINGS.length + CROSSINGS.indexOf(crossing);
}

/**
 * What the values take together that all workers of a pool have under way. Each writes what its own guests hold, and reads the sum before
 * another value crosses, so that what a worker held is gone with it.
 */
export class CrossingRoom {
  readonly #memory = new SharedArrayBuffer(4 * (1 + MAX_WORKERS * CROSSINGS.length));
  readonly #cells = new Int32Array(this.#memory);
  readonly #free: number[] = [];
  readonly #mostBytes: Readonly<Record<Crossing, number>>;

  constructor(mostBytes: Readonly<Record<Crossing, number>> = mostOnThisMachine()) {
    this.#mostBytes = mostBytes;
  }

  /** A share for a new worker. */
  open(): RoomShare {
    const worker = this.#free.pop() ?? Atomics.add(this.#cells, 0, 1);
    if (worker >= MAX_WORKERS) throw new Error(`there are more than ${MAX_WORKERS} worker threads`);
    return { memory: this.#memory, worker, mostBytes: this.#mostBytes };
  }

  /** The worker is gone, and so is all that it held. */
  close({ worker }: RoomShare): void {
    for (const crossing of CROSSINGS) Atomics.store(this.#cells, cellOf(worker, crossing), 0);
    this.#free.push(worker);
  }

  /** The embedder has a result that took so many units of {@link CELL_BYTES}. */
  resultTaken({ worker }: RoomShare, units: number): void {
    Atomics.sub(this.#cells, cellOf(worker, "results"), units);
  }
}

function mostOnThisMachine(): Readonly<Record<Crossing, number>> {
  const share = roomForMemories() * SHARE_OF_MEMORY;
  return { arguments: Math.min(share, MOST_BYTES.arguments), results: Math.min(share, MOST_BYTES.results) };
}
