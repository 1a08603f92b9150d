/** Units that a guest gets at a time: 2 to 50 µs of it for most, some milliseconds where it waits for memory in each turn of a loop. */
export const SLICE_UNITS = 100_000;

/** The same for guests with much memory, where a loop that touches new pages, or reads all over it, takes far longer. */
const [SHORT_SLICE_UNITS, MUCH_MEMORY_BYTES] = [25_000, 256 * 2 ** 20];

/** What instances may have left, all together, while another asks for more, in slices. */
const MAX_LEFT_SLICES = 4;

/** How many units a guest gets at a time: by what its memories may hold, and nothing else, so that its fuel is the same each time. */
export function sliceUnitsFor(memoryBytes: number): number {
  return memoryBytes > MUCH_MEMORY_BYTES ? SHORT_SLICE_UNITS : SLICE_UNITS;
}

const { get: valueOf, set: setValueOf } = Object.getOwnPropertyDescriptor(WebAssembly.Global.prototype, "value") as {
  readonly get: () => number;
  readonly set: (value: number) => void;
};

/**
 * What an invocation computes, in units of fuel. The guest's own code counts down a slice. Slices are handed out here, in a global that
 * all instances share; each instance takes from there what it counts down in a global of its own. What is left in all of them is
 * taken into account, so the figures are exact.
 */
export class FuelMeter {
  /** Where instances take units from. Below zero, the guest asks for more at its next step. */
  readonly counter: WebAssembly.Global<"i32">;
  readonly #own: WebAssembly.Global<"i32">[] = [];
  readonly #catchUp: () => void;
  /** Units that are handed out at a time. */
  readonly sliceUnits: number;
  #limit: number;
  #granted: number;
  /** Whether the shared counter is below zero for the guest to ask. */
  #isCut = false;

  /**
   * @param limit Units there are.
   * @param catchUp Has {@link grant} called with the units that were granted without this being asked.
   * @param sliceUnits Units that are handed out at a time.
   */
  constructor(limit: number, catchUp: () => void = () => undefined, sliceUnits: number = SLICE_UNITS) {
    this.#limit = limit;
    this.sliceUnits = sliceUnits;
    this.#catchUp = catchUp;
    this.#granted = Math.min(sliceUnits, limit);
    this.counter = new WebAssembly.Global({ value: "i32", mutable: true }, this.#granted);
  }

  /** Takes the counter of an instance's own into account. */
  track(own: WebAssembly.Global<"i32">): void {
    this.#own.push(own);
  }

  /** Units used so far. One block of instructions may have gone over the limit before it was seen. */
  get used(): number {
    this.#catchUp();
    return this.#granted - this.counter.value - this.#left();
  }

  /** Whether more was used than there is. Code that ends without coming by a checkpoint may have. */
  get isOverdrawn(): boolean {
    return this.used > this.#limit;
  }

  /** Units there are in all. */
  get limit(): number {
    return this.#limit;
  }

  /** An instance asks for more. It has `left` units, below zero by as much as it used too much; its counter and the shared one are 0. */
  settle(left: number): void {
    this.#granted -= left;
    this.#isCut = false;
  }

  /** The next slice, for the instance that asked last; undefined when all is used. */
  next(): number | undefined {
    if (this.#isCut) this.#uncut();
    // That of the one that asks is 0; it is not even known yet while its start function runs.
    let left = this.#left();
    const used = this.#granted - left;
    if (used > this.#limit) return undefined;
    // What others have not used yet is theirs only while there is enough for all.
    if (left > MAX_LEFT_SLICES * this.sliceUnits || this.#limit - used - left < this.sliceUnits)
      left = this.#takeBack();
    const slice = Math.max(0, Math.min(this.sliceUnits, this.#limit - used - left));
    this.#granted = used + left + slice;
    return slice;
  }

  /** Has the guest ask for more at its next step; what it used stays as it is. */
  cutShort(): void {
    const { used } = this;
    this.#takeBack();
    this.counter.value = -1;
    this.#granted = used - 1;
    this.#isCut = true;
  }

  #uncut(): void {
    this.counter.value = 0;
    this.#granted += 1;
    this.#isCut = false;
  }

  /** So many units were granted to an instance that asked, without this being asked. */
  grant(units: number): void {
    this.#granted += units;
  }

  /** Charges units for what the host does. */
  spend(units: number): void {
    this.#granted += units;
  }

  /**
   * Whether so many slices more can be granted without being asked, each to who used less than a slice too much: nothing of that may
   * end the guest, nor have what instances have left taken back, so that it makes no difference who is asked when.
   */
  hasPlenty(slices: number): boolean {
    const isEnough = this.#limit - this.#granted > (2 * slices + MAX_LEFT_SLICES) * this.sliceUnits;
    return isEnough && this.#own.length <= MAX_LEFT_SLICES;
  }

  /** Gives more units, for an instance that is called again. */
  add(units: number): void {
    this.#limit = Math.min(Number.MAX_SAFE_INTEGER, this.#limit + units);
  }

  #left(): number {
    let left = 0;
    for (const own of this.#own) left += Reflect.apply(valueOf, own, []);
    return left;
  }

  #takeBack(): 0 {
    for (const own of this.#own) Reflect.apply(setValueOf, own, [0]);
    return 0;
  }
}
