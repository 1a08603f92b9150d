import type { VirtualWait, Waitable } from "./streams.ts";
import { waitForAny } from "./wait-for-any.ts";

/** A `wasi:io/poll.pollable`: something that can be waited for, alone or in a list. */
export class Pollable implements Waitable {
  readonly #on: Waitable;

  constructor(on: Waitable) {
    this.#on = on;
  }

  /** Whether waiting would return at once. */
  ready(): boolean {
    return this.#on.ready();
  }

  /** Settles when {@link ready} may have become true, and when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void> {
    return this.#on.wait(signal);
  }

  /** What it waits for, where that is an instant of virtual time. */
  get virtual(): VirtualWait | undefined {
    return this.#on.virtual;
  }

  /** Waits until {@link ready}, or the signal is aborted. */
  async block(signal: AbortSignal): Promise<void> {
    if (!this.#on.ready()) await waitForAny([this.#on], signal);
  }
}
