import { COMPLEXITY } from "../bound/complexity.ts";

/** More than any way through a body costs. */
const MOST = 2 ** 30;

/**
 * What the dearest and the cheapest way through a body cost, in units: from its entry to the place that is read, and to wherever ways
 * come together. Only differences between two places of one body mean anything. Frames are its open blocks, by depth.
 */
export class PathCosts {
  /** To here. */
  #most = 0;
  #least = 0;
  /** To the function's ends. */
  #exitMost = 0;
  #exitLeast = 0;
  /** To where a frame begins, to an `if` before its arms, to what branches to a frame's label. */
  readonly #startMost = frames();
  readonly #startLeast = frames();
  readonly #splitMost = frames();
  readonly #splitLeast = frames();
  readonly #labelMost = frames();
  readonly #labelLeast = frames();
  /** To where a loop's turn ends, or the loop is left, by the loop's frame. */
  readonly #turnMost = frames();
  readonly #turnLeast = frames();

  /** Begins a body. */
  reset(): void {
    this.#most = 0;
    this.#least = 0;
    this.#exitMost = 0;
    this.#exitLeast = MOST;
  }

  /** What the dearest way to an end of the function costs, one that traps included. */
  get exitMost(): number {
    return this.#exitMost;
  }

  /** By how much the ways to the function's ends differ, those that trap left out. */
  get exitSpread(): number {
    return this.#exitMost - this.#exitLeast;
  }

  /** All ways to here go on through so many units more. */
  add(units: number): void {
    this.#most += units;
    this.#least += units;
  }

  /** A frame begins here. */
  open(frame: number): void {
    this.#startMost[frame] = this.#most;
    this.#startLeast[frame] = this.#least;
    this.#labelMost[frame] = 0;
    this.#labelLeast[frame] = MOST;
    this.#turnMost[frame] = 0;
    this.#turnLeast[frame] = MOST;
  }

  /** The arms of an `if` begin here. */
  split(frame: number): void {
    this.#splitMost[frame] = this.#most;
    this.#splitLeast[frame] = this.#least;
  }

  /** Goes on from where the arms of an `if` begin. */
  toSplit(frame: number): void {
    this.#most = this.#splitMost[frame] ?? 0;
    this.#least = this.#splitLeast[frame] ?? 0;
  }

  /** From here it goes on at a frame's label. */
  arrive(frame: number): void {
    this.#labelMost[frame] = Math.max(this.#labelMost[frame] ?? 0, this.#most);
    this.#labelLeast[frame] = Math.min(this.#labelLeast[frame] ?? MOST, this.#least);
  }

  /** Goes on from a frame's label. */
  toLabel(frame: number): void {
    this.#most = this.#labelMost[frame] ?? 0;
    this.#least = this.#labelLeast[frame] ?? 0;
  }

  /** The function returns here, or traps. */
  exit(returns: boolean): void {
    this.#exitMost = Math.max(this.#exitMost, this.#most);
    if (returns) this.#exitLeast = Math.min(this.#exitLeast, this.#least);
  }

  /** What the dearest way through a frame costs, from its start to here. */
  within(frame: number): number {
    return this.#most - (this.#startMost[frame] ?? 0);
  }

  /** By how much the ways through a frame differ. */
  spreadWithin(frame: number): number {
    return this.within(frame) - (this.#least - (this.#startLeast[frame] ?? 0));
  }

  /** Goes back to a frame's start, for all within it to be counted anew, at what the dearest way costs. */
  toStart(frame: number): void {
    const cost = this.within(frame);
    this.#most -= cost;
    // So that the difference is remembered, and differences do not add up.
    this.#least -= cost;
  }

  /** A turn of a loop ends here, or the loop is left. */
  endTurn(frame: number): void {
    this.#turnMost[frame] = Math.max(this.#turnMost[frame] ?? 0, this.#most);
    this.#turnLeast[frame] = Math.min(this.#turnLeast[frame] ?? MOST, this.#least);
  }

  /** What the dearest turn of a loop costs. */
  turnMost(frame: number): number {
    return (this.#turnMost[frame] ?? 0) - (this.#startMost[frame] ?? 0);
  }

  /** By how much the turns of a loop differ. */
  turnSpread(frame: number): number {
    return this.turnMost(frame) - ((this.#turnLeast[frame] ?? 0) - (this.#startLeast[frame] ?? 0));
  }
}

function frames(): Int32Array {
  return new Int32Array(COMPLEXITY.depth + 1);
}
