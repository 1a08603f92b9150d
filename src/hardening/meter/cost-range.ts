/** More than any path through a body costs. */
const MOST = 2 ** 30;

/**
 * What the cheapest and the most expensive path from a function's entry to one place cost, in units. Loops are not followed round, so
 * there are finitely many. Only differences between two places of one body mean anything.
 */
export class CostRange {
  max: number = 0;
  min: number = 0;

  /** The function's entry: one path, which costs nothing. */
  toEntry(): void {
    this.max = 0;
    this.min = 0;
  }

  /** A place that no path is known to reach yet. */
  toUnreached(): void {
    this.max = 0;
    this.min = MOST;
  }

  /** The place that another range is of. */
  to(other: CostRange): void {
    this.max = other.max;
    this.min = other.min;
  }

  /** Adds the paths of another range to those that reach this place. */
  join(other: CostRange): void {
    this.joinMax(other);
    this.min = Math.min(this.min, other.min);
  }

  /** Adds them to the most expensive ones alone. */
  joinMax(other: CostRange): void {
    this.max = Math.max(this.max, other.max);
  }

  /** Moves the place so many units further along all paths. */
  advance(units: number): void {
    this.max += units;
    this.min += units;
  }

  /** What the most expensive path costs from another place on. */
  maxSince(start: CostRange): number {
    return this.max - start.max;
  }

  /** By how much the costs of the paths from another place on differ. */
  spreadSince(start: CostRange): number {
    return this.maxSince(start) - (this.min - start.min);
  }

  /**
   * Moves the place back to `start`, from where all up to here is charged anew, at its maximum. The minimum goes back by as many units, and
   * so stays what the cheapest path really costs, though more is charged: what several stretches charge too much is seen in the spread.
   */
  rewind(start: CostRange): void {
    const units = this.maxSince(start);
    this.max -= units;
    this.min -= units;
  }
}
