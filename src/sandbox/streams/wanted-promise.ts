/**
 * The promise of a future that a guest writes. What it is of is read when somebody waits for it, and not before: a guest can hand out
 * thousands of futures, each of a value as large as a result may be.
 */
export class WantedPromise extends Promise<unknown> {
  #want: (() => void) | undefined;

  /** Promises that are derived of it are ordinary ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** @param want Called once, as soon as somebody waits. */
  static of(promise: Promise<unknown>, want: () => void): WantedPromise {
    const made = new WantedPromise((resolve, reject) => {
      promise.then(resolve, reject);
    });
    made.#want = want;
    return made;
  }

  // oxlint-disable-next-line unicorn/no-thenable
  override then<T = unknown, E = never>(
    fulfilled?: ((value: unknown) => T | PromiseLike<T>) | null,
    rejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    const want = this.#want;
    this.#want = undefined;
    want?.();
    return super.then(fulfilled, rejected);
  }
}
