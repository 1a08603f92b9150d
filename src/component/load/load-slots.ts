import { abortable } from "../../shared/abortable.ts";

/** The longest that a timer waits, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * How many loads there may be at once. One that was given up keeps its slot until its threads are gone, which the engine may hold up: it
 * cannot be interrupted while it compiles. So a caller that loads and gives up again and again has no more threads than this allows.
 */
export class LoadSlots {
  #free: number;
  /** Those that wait, the first to be served first. */
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.#free = size;
  }

  /**
   * Takes a slot, when there is one.
   *
   * @returns What gives it back.
   * @throws The signal's reason, once it is aborted.
   */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
    } else {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      // Threads that are to end do not keep the process alive, but whoever waits for their end does.
      const alive = setInterval(() => undefined, MAX_TIMER_MS);
      try {
        await abortable(promise, signal);
      } catch (thrown) {
        // It may have been given one in the moment in which it was given up.
        if (!this.#waiting.delete(resolve)) this.#give();
        throw thrown;
      } finally {
        clearInterval(alive);
      }
    }
    let isHeld = true;
    return () => {
      if (isHeld) this.#give();
      isHeld = false;
    };
  }

  #give(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
