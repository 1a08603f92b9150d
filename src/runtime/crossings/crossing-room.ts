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

/**
 * How many shares there are. Each program has one of its own, and of more programs some have one together: those that came when all shares
 * had a program.
 */
export const SHARES = 64;

/** The cells of one worker: for each crossing one for all that its guests hold, and one for each share. */
export const CELLS_OF_WORKER: number = CROSSINGS.length * (1 + SHARES);

/** What a worker is given of the room. */
export interface RoomOfWorker {
  /** How many workers have had cells, and then the cells of each. */
  readonly memory: SharedArrayBuffer;
  /** Which worker it is. */
  readonly worker: number;
  readonly mostBytes: Readonly<Record<Crossing, number>>;
}

/** What a value holds of the room that is left to the main thread to give back: so many units of {@link CELL_BYTES}, of that share. */
export interface HeldUnits {
  readonly units: number;
  readonly share: number;
}

/** The cell of a worker for all of one kind of crossing, or for what one share has of it. */
export function cellOf(worker: number, crossing: Crossing, share?: number): number {
  return (
    1 + worker * CELLS_OF_WORKER + CROSSINGS.indexOf(crossing) * (1 + SHARES) + (share === undefined ? 0 : 1 + share)
  );
}

/**
 * What the values take together that all workers of a pool have under way. Each writes what its own guests hold, and reads the sum before
 * another value crosses, so that what a worker held is gone with it.
 */
export class CrossingRoom {
  readonly #memory = new SharedArrayBuffer(4 * (1 + MAX_WORKERS * CELLS_OF_WORKER));
  readonly #cells = new Int32Array(this.#memory);
  readonly #free: number[] = [];
  readonly #mostBytes: Readonly<Record<Crossing, number>>;
  /** The shares of programs, by their ids, and how many programs each has. */
  readonly #shares = new Map<string, number>();
  readonly #programs: number[] = Array.from({ length: SHARES }, () => 0);

  constructor(mostBytes: Readonly<Record<Crossing, number>> = mostOnThisMachine()) {
    this.#mostBytes = mostBytes;
  }

  /** Cells for a new worker. */
  open(): RoomOfWorker {
    const worker = this.#free.pop() ?? Atomics.add(this.#cells, 0, 1);
    if (worker >= MAX_WORKERS) throw new Error(`there are more than ${MAX_WORKERS} worker threads`);
    return { memory: this.#memory, worker, mostBytes: this.#mostBytes };
  }

  /**
   * The worker is gone, and so is all that it held but results that the embedder is about to have.
   *
   * @param left What these take, which {@link resultTaken} gives back. The cells are another worker's after {@link free}.
   */
  close({ worker }: RoomOfWorker, left: readonly HeldUnits[]): void {
    const first = 1 + worker * CELLS_OF_WORKER;
    for (let cell = first; cell < first + CELLS_OF_WORKER; cell += 1) Atomics.store(this.#cells, cell, 0);
    for (const held of left) this.#add(worker, held.units, held.share);
  }

  /** Nothing of the worker is left. */
  free({ worker }: RoomOfWorker): void {
    this.#free.push(worker);
  }

  /** The embedder has a result. */
  resultTaken({ worker }: RoomOfWorker, { units, share }: HeldUnits): void {
    this.#add(worker, -units, share);
  }

  /** The share of a program, until it is forgotten. */
  shareOf(programId: string): number {
    const known = this.#shares.get(programId);
    if (known !== undefined) return known;
    const share = this.#programs.indexOf(Math.min(...this.#programs));
    this.#programs[share] = (this.#programs[share] ?? 0) + 1;
    this.#shares.set(programId, share);
    return share;
  }

  /** No guest of a program will run any more. */
  forget(programId: string): void {
    const share = this.#shares.get(programId);
    if (share === undefined) return;
    this.#shares.delete(programId);
    this.#programs[share] = (this.#programs[share] ?? 1) - 1;
  }

  #add(worker: number, units: number, share: number): void {
    Atomics.add(this.#cells, cellOf(worker, "results"), units);
    Atomics.add(this.#cells, cellOf(worker, "results", share), units);
  }
}

function mostOnThisMachine(): Readonly<Record<Crossing, number>> {
  const share = roomForMemories() * SHARE_OF_MEMORY;
  return { arguments: Math.min(share, MOST_BYTES.arguments), results: Math.min(share, MOST_BYTES.results) };
}
