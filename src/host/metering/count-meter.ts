/** Things an invocation may hold at once, counted before each is made. */
export class CountMeter {
  readonly cap: number;
  #held = 0;
  #highWater = 0;

  constructor(cap: number) {
    this.cap = cap;
  }

  /** How many are held. */
  get held(): number {
    return this.#held;
  }

  /** The most that were held at once. */
  get highWater(): number {
    return this.#highWater;
  }

  /** Counts one more; `false` when that would pass the cap, and then nothing is counted. */
  take(): boolean {
    if (this.#held >= this.cap) return false;
    this.#held += 1;
    this.#highWater = Math.max(this.#highWater, this.#held);
    return true;
  }

  /** Counts one less. */
  release(): void {
    this.#held -= 1;
  }
}
