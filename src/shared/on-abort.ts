/** What is to be done when a signal is aborted, by the signal. */
class Acts {
  readonly #signal: AbortSignal;
  readonly #acts = new Set<{ readonly act: () => void }>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(act: () => void): () => void {
    if (this.#acts.size === 0) this.#signal.addEventListener("abort", this.#onAbort, { once: true });
    const entry = { act };
    this.#acts.add(entry);
    return () => {
      if (!this.#acts.delete(entry) || this.#acts.size > 0) return;
      this.#signal.removeEventListener("abort", this.#onAbort);
    };
  }

  readonly #onAbort = (): void => {
    // One may take back another.
    for (const entry of this.#acts) if (this.#acts.delete(entry)) entry.act();
  };
}

const actsOf = new WeakMap<AbortSignal, Acts>();

/**
 * Has `act` called when the signal is aborted, which it is not yet. What is returned takes that back. Nothing stays on the signal when all
 * that was to be done was taken back.
 *
 * A signal compares each listener that it gets with all that it has, so that thousands of them take seconds; these take no longer each.
 *
 * @param act Does not throw.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  let acts = actsOf.get(signal);
  if (acts === undefined) actsOf.set(signal, (acts = new Acts(signal)));
  return acts.add(act);
}
