interface Waiter {
  readonly signal: AbortSignal;
  readonly wake: () => void;
}

/** Those who wait for one thing to happen. */
export class Wakeups {
  readonly #waiters = new Set<Waiter>();

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Settles at the next {@link wake}, or when the signal is aborted; nothing of it stays on the signal then. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      signal,
      wake: () => {
        signal.removeEventListener("abort", waiter.wake);
        this.#waiters.delete(waiter);
        resolve();
      },
    };
    this.#waiters.add(waiter);
    signal.addEventListener("abort", waiter.wake);
    return promise;
  }

  /** Wakes everyone who waits now. */
  wake(): void {
    for (const waiter of this.#waiters) waiter.wake();
  }
}
