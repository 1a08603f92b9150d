/** Between two starts, when guests that compute hold as much memory as may be held without any pacing, in milliseconds. */
const PACE_MS = 25;

/** Below this share of the room for memories, guests are started as they come. */
const UNPACED_SHARE = 1 / 48;

/**
 * Paces the starts of guests next to others that compute. Those take turns, so each that is added makes all of them end later, and
 * their memories are there at once: a hundred guests that fill 64 MiB each held 3.6 GiB, where those that came first could have been
 * gone before the last began. The more they hold, the longer the next waits; it never waits for one of them to end, which a guest
 * that spins does at its deadline only.
 */
export class StartPacing {
  readonly #unpacedBytes: number;
  readonly #due: () => void;
  #earliest = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param memoryRoom What linear memories of running guests may hold at most, in bytes.
   * @param due Called when a start that was put off is due.
   */
  constructor(memoryRoom: number, due: () => void) {
    this.#unpacedBytes = memoryRoom * UNPACED_SHARE;
    this.#due = due;
  }

  /** Whether guests that hold so many bytes have another started next to them now. If not, it is due later. */
  allows(bytes: number): boolean {
    if (bytes < this.#unpacedBytes) return true;
    const now = performance.now();
    if (now < this.#earliest) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#due();
      }, this.#earliest - now);
      return false;
    }
    this.#earliest = now + (PACE_MS * bytes) / this.#unpacedBytes;
    return true;
  }

  /** Nothing is due any more. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
