import type { Program } from "../messages.ts";

/** Tells the main thread which modules of the programs that it sent this thread has collected. */
export class HeldModules {
  readonly #collected = new FinalizationRegistry<Int32Array>((left) => void Atomics.sub(left, 0, 1));

  /** @param left How many modules of the program this thread has; undefined when nobody wants to know. */
  add({ modules }: Program, left: Int32Array | undefined): void {
    if (left === undefined) return;
    for (const { module } of modules) this.#collected.register(module, left);
  }
}
