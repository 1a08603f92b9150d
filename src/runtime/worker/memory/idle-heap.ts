/** How much has to have been copied onto the heap for guests before it is collected when they have gone, in bytes. */
const DUE_BYTES = 16 * 1024 * 1024;

/**
 * What an array buffer takes, by its size, that makes the engine begin with a collection: twice what it lets grow outside of the heap
 * from one to the next. Less and nothing happens; much more, and the thread waits for all of it.
 */
const PRESSURE_BYTES = 128 * 1024 * 1024;

/** The engine may have begun with a collection before, which leaves what was used until then to the next. */
const COLLECTIONS = 4;

/** Between two of them, in milliseconds: longer than one takes, also on a machine that is busy. */
const BETWEEN_MS = 1_000;

/**
 * Has the engine collect what guests have left on the heap of a thread that has nothing to do. It does so by itself only when the heap
 * grows: a worker kept the texts of its last guests, 180 MB of them, for as long as no other guest came.
 */
export class IdleHeap {
  readonly #isIdle: () => boolean;
  #bytes = 0;
  /** How many collections are to come. */
  #left = 0;
  #isScheduled = false;

  /** @param isIdle Whether no guest has the processor or waits for it. */
  constructor(isIdle: () => boolean) {
    this.#isIdle = isIdle;
  }

  /** So many bytes were copied onto the heap for a guest. */
  copied(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A guest has ended, or has nothing to do for now. */
  rested(): void {
    if (this.#bytes < DUE_BYTES) return;
    this.#bytes = 0;
    this.#left = COLLECTIONS;
    if (!this.#isScheduled) setImmediate(this.#collect);
    this.#isScheduled = true;
  }

  readonly #collect = (): void => {
    if (this.#isIdle()) {
      this.#left -= 1;
      collectSoon();
    }
    // Where it is not, the guest that has the processor will rest, or the heap grow.
    this.#isScheduled = this.#left > 0;
    if (this.#isScheduled) setTimeout(this.#collect, BETWEEN_MS).unref();
  };
}

/** The engine counts array buffers, also one that nobody ever writes to and that takes address space only. */
function collectSoon(): void {
  try {
    void new ArrayBuffer(PRESSURE_BYTES, { maxByteLength: PRESSURE_BYTES });
  } catch {
    // Without address space left it is collected when the heap grows.
  }
}
