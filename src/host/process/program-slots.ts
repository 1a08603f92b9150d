/** Places for programs that run at once. Who finds none waits in line. */
export class ProgramSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** A place, which is given back when it is disposed of. `undefined` when the signal is aborted before there is one. */
  async take(signal: AbortSignal): Promise<Disposable | undefined> {
    if (signal.aborted) return undefined;
    if (this.#free > 0) this.#free -= 1;
    else if (!(await this.#turn(signal))) return undefined;
    let given = true;
    return {
      [Symbol.dispose]: () => {
        if (given) this.#giveBack();
        given = false;
      },
    };
  }

  /** Waits in line; the place that comes is already counted. `false` when the signal was faster. */
  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const come = (): void => {
        signal.removeEventListener("abort", leave);
        resolve(true);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(come), 1);
        resolve(false);
      };
      this.#waiting.push(come);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
