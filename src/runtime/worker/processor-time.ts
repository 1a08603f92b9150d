import { performance } from "node:perf_hooks";

/** The window over which a share of the processor is measured, in milliseconds. */
const WINDOW_MS = 100;

/**
 * The time a guest spends on its thread's processor, all in milliseconds: as the system counts it for the thread, so that what others take
 * of a busy machine does not count. That is asked for only where the time on the clock, which is never less, could be too much.
 */
export class ProcessorTime {
  /** The part of a window that the guest may take. */
  readonly #shareMs: number;
  /** What it took until `#since`, when the thread had taken `#threadMs` since it began. */
  #before = 0;
  #since: number | undefined;
  #threadMs = 0;
  #enteredAt = 0;
  #windowStart = 0;
  #usedAtWindowStart = 0;

  /** @param sharePercent What the guest may take of each window, from 1 to 100. */
  constructor(sharePercent: number) {
    this.#shareMs = (sharePercent * WINDOW_MS) / 100;
  }

  /** It has the processor from now on. */
  enter(): void {
    this.#enteredAt = performance.now();
    this.#since = this.#enteredAt;
    this.#threadMs = threadMs();
  }

  /** It has left the processor. */
  leave(): void {
    this.used();
    this.#since = undefined;
  }

  /** What it took so far. */
  used(now: number = performance.now()): number {
    if (this.#since === undefined) return this.#before;
    const thread = threadMs();
    this.#before += thread - this.#threadMs;
    this.#threadMs = thread;
    this.#since = now;
    return this.#before;
  }

  /** Whether it took more than that. */
  hasUsedMore(mostMs: number, now: number): boolean {
    return this.#atMost(now) > mostMs && this.used(now) > mostMs;
  }

  /** How long it has had the processor without a break, on the clock. */
  turn(now: number): number {
    return this.#since === undefined ? 0 : now - this.#enteredAt;
  }

  /** How long it has to stay away, now that it has used up its share of a window; 0 when it has not. */
  owed(now: number): number {
    if (this.#shareMs >= WINDOW_MS) return 0;
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#usedAtWindowStart = this.used(now);
    }
    const isOver = this.hasUsedMore(this.#usedAtWindowStart + this.#shareMs, now);
    return isOver ? Math.max(1, this.#windowStart + WINDOW_MS - now) : 0;
  }

  #atMost(now: number): number {
    return this.#since === undefined ? this.#before : this.#before + (now - this.#since);
  }
}

/** What the thread took of a processor since it began. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
