import { onAbort } from "../../shared/on-abort.ts";

/** Those who wait for one thing to happen. */
export class Wakeups {
  readonly #waiters = new Set<() => void>();

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Settles at the next {@link wake}, or when the signal is aborted; nothing of it stays on the signal then. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      stopListening();
      this.#waiters.delete(wake);
      resolve();
    };
    const stopListening = onAbort(signal, wake);
    this.#waiters.add(wake);
    return promise;
  }

  /** Wakes everyone who waits now. */
  wake(): void {
    for (const wake of this.#waiters) wake();
  }
}
