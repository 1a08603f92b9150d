/** The window over which a share of the processor is measured, in milliseconds. */
const WINDOW_MS = 100;

/** Systems count a thread's time in ticks, of 4 to 16 ms, in milliseconds. */
const TICK_MS = 20;

/**
 * The time a guest spends on its thread's processor, all in milliseconds. That is the time on the clock while it has the thread, unless
 * the system counts less by more than a tick: what others take of a busy machine does not count. The system is asked only where the time
 * on the clock, which is never less, could be too much.
 */
export class ProcessorTime {
  /** The part of a window that the guest may take. */
  readonly #shareMs: number;
  /** What it took on the clock, and of the thread's time, until `#since`, when the thread had taken `#threadMs` since it began. */
  #onClock = 0;
  #ofThread = 0;
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
    if (this.#since !== undefined) {
      const thread = threadMs();
      this.#onClock += now - this.#since;
      this.#ofThread += thread - this.#threadMs;
      this.#since = now;
      this.#threadMs = thread;
    }
    return Math.min(this.#onClock, this.#ofThread + TICK_MS);
  }

  /** Whether it took more than that. */
  hasUsedMore(mostMs: number, now: number): boolean {
    const atMost = this.#since === undefined ? this.#onClock : this.#onClock + (now - this.#since);
    return atMost > mostMs && this.used(now) > mostMs;
  }

  /** How long it has had the processor without yielding, on the clock. */
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
}

/** What the thread took of a processor since it began. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
