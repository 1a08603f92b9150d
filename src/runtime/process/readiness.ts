import { CordonError } from "../../shared/errors.ts";
import { escapeInvisible } from "../../shared/text/quote-text.ts";

/** How far a guest process has come before it can run calls, for those who wait for it. */
export class Readiness {
  readonly #opened = Promise.withResolvers<void>();
  readonly #loaded = Promise.withResolvers<void>();
  #compiled = false;

  constructor() {
    for (const { promise } of [this.#opened, this.#loaded]) promise.catch(() => undefined);
  }

  /** Resolves when the process runs; rejects with `host` when it is lost before. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Resolves when its program is compiled; rejects with `invalid-component` when it cannot be, with `host` when the process is lost. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** Whether it compiled its program. */
  get compiled(): boolean {
    return this.#compiled;
  }

  open(): void {
    this.#opened.resolve();
  }

  load(problem: string | undefined): void {
    this.#compiled = problem === undefined;
    if (problem === undefined) this.#loaded.resolve();
    else
      this.#loaded.reject(
        new CordonError("invalid-component", `Cannot load the component: ${escapeInvisible(problem)}`),
      );
  }

  /** It is gone, and nobody is to wait any longer. */
  lose(reason: string): void {
    for (const { reject } of [this.#opened, this.#loaded]) {
      reject(new CordonError("host", `Cannot run the component: ${reason}`));
    }
  }
}
