/** How many stacks may have come to their end since the engine last looked at its pool of them. */
const MAX_ENDED = 8;

/** A module with a function `f` that does nothing. */
// prettier-ignore
const NOTHING = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  1, 4, 1, 0x60, 0, 0,
  3, 2, 1, 0,
  7, 5, 1, 1, 0x66, 0, 0,
  10, 4, 1, 2, 0, 0x0b,
);

/**
 * Has the engine let go of the stacks of guests that have ended. It keeps a few to use again, and frees the others no earlier than the
 * next time somebody wants one: hundreds of guests that recursed and waited leave a megabyte each to a thread that has nothing to do.
 */
export class StackPool {
  #ended = 0;
  #isDue = false;
  #wantStack: (() => Promise<unknown>) | undefined;

  /** A guest starts, and wants a stack. */
  started(): void {
    this.#ended = 0;
  }

  /** A guest has ended that had so many. */
  ended(stacks: number): void {
    this.#ended += stacks;
    if (this.#ended < MAX_ENDED || this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      if (this.#ended < MAX_ENDED) return;
      this.#ended = 0;
      this.#wantStack ??= wantStack();
      void this.#wantStack();
    });
  }
}

function wantStack(): () => Promise<unknown> {
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(NOTHING)).exports;
  return WebAssembly.promising(f as () => void);
}
