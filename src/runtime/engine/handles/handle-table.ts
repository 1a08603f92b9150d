import { trap } from "../../abi/trap.ts";
import type { HandleRoom } from "../environment.ts";

/** How many entries all tables of an invocation may hold together, and do. */
export class TableBudget {
  readonly #cap: number;
  readonly #exceeded: (held: number) => never;
  #room: HandleRoom | undefined;
  #held = 0;
  #highWater = 0;

  /**
   * @param exceeded Ends the invocation, which holds so many.
   * @param room What all invocations of the thread have together.
   */
  constructor(cap: number, exceeded: (held: number) => never, room?: HandleRoom) {
    this.#cap = cap;
    this.#exceeded = exceeded;
    this.#room = room;
  }

  get held(): number {
    return this.#held;
  }

  /** The most entries there were at once. */
  get highWater(): number {
    return this.#highWater;
  }

  take(): void {
    if (this.#held >= this.#cap || this.#room?.take(this.#held, this.#cap) === false) this.#exceeded(this.#held);
    this.#held += 1;
    if (this.#held > this.#highWater) this.#highWater = this.#held;
  }

  giveBack(): void {
    this.#held -= 1;
    this.#room?.giveBack(1);
  }

  /** The invocation is over: what it holds is no other's concern any more. */
  release(): void {
    this.#room?.giveBack(this.#held);
    this.#room = undefined;
  }
}

/** An entry whose class tells what it is. */
type EntryClass<T> = abstract new (...parameters: never[]) => T;

/**
 * The table of one component instance: handles of resources, waitables and the like, by the indices that the guest knows
 * them by. Indices that became free are used again, the last first.
 */
export class HandleTable {
  readonly #entries: (object | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #budget: TableBudget;

  constructor(budget: TableBudget) {
    this.#budget = budget;
  }

  add(entry: object): number {
    this.#budget.take();
    const index = this.#free.pop();
    if (index === undefined) return this.#entries.push(entry) - 1;
    this.#entries[index] = entry;
    return index;
  }

  /** The entry of that class at an index; traps when there is none. `what` names the class in the error. */
  get<T extends object>(index: number, of: EntryClass<T>, what: string): T {
    const entry = this.#entries[index];
    return entry instanceof of ? entry : trap(`passed ${index}, which is no handle of ${what}`);
  }

  remove(index: number): void {
    if (this.#entries[index] === undefined) return;
    this.#entries[index] = undefined;
    this.#free.push(index);
    this.#budget.giveBack();
  }

  /** Something else is held that takes as much as an entry. */
  hold(): void {
    this.#budget.take();
  }

  /** So much of that is not held any more. */
  letGo(count: number): void {
    for (let left = count; left > 0; left -= 1) this.#budget.giveBack();
  }

  /** All entries, the oldest index first. */
  *entries(): Iterable<object> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }
}
