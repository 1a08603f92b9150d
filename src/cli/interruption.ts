/** The signals that end a command, each with the exit code that shells give it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const SIGNALS = Object.keys(EXIT_CODES) as readonly (keyof typeof EXIT_CODES)[];

/**
 * Ends a command early at the first SIGINT, SIGTERM or SIGHUP. A second one ends the process at once, as if this were not
 * there.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;

  constructor() {
    for (const signal of SIGNALS) process.once(signal, this.#onSignal);
  }

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 and the signal's number, once there was one. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Leaves signals to the process again. */
  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    this.#exitCode = SIGNALS.filter((one) => one === signal).map((one) => EXIT_CODES[one])[0];
    this.#controller.abort(new Error(`interrupted by ${signal}`));
  };
}
