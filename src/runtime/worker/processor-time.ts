import { performance } from "node:perf_hooks";

/** The window over which a share of the processor is measured, in milliseconds. */
const WINDOW_MS = 100;

/** The time a guest spends on its thread's processor, all in milliseconds. */
export class ProcessorTime {
  /** The part of a window that the guest may take. */
  readonly #shareMs: number;
  #before = 0;
  #since: number | undefined;
  #windowStart = 0;
  #usedAtWindowStart = 0;

  /** @param sharePercent What the guest may take of each window, from 1 to 100. */
  constructor(sharePercent: number) {
    this.#shareMs = (sharePercent * WINDOW_MS) / 100;
  }

  /** It has the processor from now on. */
  enter(): void {
    this.#since = performance.now();
  }

  /** It has left the processor. */
  leave(): void {
    this.#before = this.used();
    this.#since = undefined;
  }

  /** What it took so far. */
  used(now: number = performance.now()): number {
    return this.#since === undefined ? this.#before : this.#before + (now - this.#since);
  }

  /** How long it has had the processor without a break. */
  turn(now: number): number {
    return this.#since === undefined ? 0 : now - this.#since;
  }

  /** How long it has to stay away, now that it has used up its share of a window; 0 when it has not. */
  owed(now: number): number {
    if (this.#shareMs >= WINDOW_MS) return 0;
    const used = this.used(now);
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#usedAtWindowStart = used;
    }
    const over = used - this.#usedAtWindowStart - this.#shareMs;
    return over < 0 ? 0 : Math.max(1, this.#windowStart + WINDOW_MS - now);
  }
}
