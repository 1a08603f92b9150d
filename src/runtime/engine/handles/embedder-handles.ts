import type { TableBudget } from "./handle-table.ts";

/** What a handle stands for. */
interface Held {
  readonly resource: number;
  readonly rep: unknown;
}

/**
 * The handles that the embedder has of what one instance handed over to it, as numbers. No number is used twice. They count like those
 * of the guest's own tables. Whoever passes a number has checked it; what is wrong here is a fault of the host's.
 */
export class EmbedderHandles {
  readonly #held = new Map<number, Held>();
  readonly #budget: TableBudget;
  #last = 0;

  constructor(budget: TableBudget) {
    this.#budget = budget;
  }

  /** The embedder is handed over what a handle of the guest's stood for. */
  add(rep: unknown, resource: number): number {
    this.#budget.take();
    this.#last += 1;
    this.#held.set(this.#last, { resource, rep });
    return this.#last;
  }

  /** What a handle stands for that the embedder lends to the guest. */
  lend(number: number, resource: number): unknown {
    const held = this.#held.get(number);
    if (held === undefined || held.resource !== resource) throw new Error("the embedder has no such handle");
    return held.rep;
  }

  /** The same for one that it hands over to the guest. */
  handOver(number: number, resource: number): unknown {
    const rep = this.lend(number, resource);
    this.drop(number);
    return rep;
  }

  /** The embedder has no use for a handle any more; tells what it stood for. */
  drop(number: number): Held | undefined {
    const held = this.#held.get(number);
    if (this.#held.delete(number)) this.#budget.giveBack();
    return held;
  }

  /** All that it holds. */
  held(): Iterable<Held> {
    return this.#held.values();
  }
}
