/** Units that a guest gets at a time: some 50 to 100 µs of it, so that a checkpoint costs little and comes often. */
const SLICE_UNITS = 100_000;

/**
 * What an invocation computes, in units of fuel. The guest's own code counts down a slice, in a global that all its instances share;
 * the slices are handed out here, and what is left of the last is taken into account, so the figures are exact.
 */
export class FuelMeter {
  /** What the guest counts down. Below zero, it asks for more. */
  readonly counter: WebAssembly.Global<"i32">;
  #limit: number;
  #granted: number;

  /** @param limit Units there are. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#granted = Math.min(SLICE_UNITS, limit);
    this.counter = new WebAssembly.Global({ value: "i32", mutable: true }, this.#granted);
  }

  /** Units used so far. One block of instructions may have gone over the limit before it was seen. */
  get used(): number {
    return this.#granted - this.counter.value;
  }

  /** Units there are in all. */
  get limit(): number {
    return this.#limit;
  }

  /** Hands out the next slice. False, and nothing done, when all is used. */
  refill(): boolean {
    const { used } = this;
    if (used > this.#limit) return false;
    const slice = Math.min(SLICE_UNITS, this.#limit - used);
    this.counter.value = slice;
    this.#granted = used + slice;
    return true;
  }

  /** Gives more units, for an instance that is called again. */
  add(units: number): void {
    this.#limit = Math.min(Number.MAX_SAFE_INTEGER, this.#limit + units);
  }
}
