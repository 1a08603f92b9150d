import { messageOf } from "../../shared/errors.ts";

/** A resource that the embedder declared. */
export interface HostResource {
  readonly interface: string;
  readonly version: string | undefined;
  /** Its name in WIT. */
  readonly name: string;
  /** Told of each handle that was owned and is no more. */
  readonly dropped: (object: object) => void;
}

interface Held {
  readonly resource: HostResource;
  readonly object: object;
  /** Whether it is the guest's to drop and to hand over, and not lent to it. */
  readonly isOwned: boolean;
  /** How many calls of the embedder's functions have it. */
  lent: number;
  /** Whether nobody has a handle of it any more. */
  isDropped: boolean;
}

/**
 * The embedder's objects that the guests of one invocation have handles of, by numbers, each used once. Whoever says the numbers may
 * have been taken over by hostile code.
 */
export class HostObjects {
  readonly #most: number;
  readonly #held = new Map<number, Held>();
  #last = 0;
  #isOver = false;

  /** @param most How many there may be at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The guest is given an object, or is lent it; `undefined` when there are too many, or nobody would have it. */
  give(object: object, resource: HostResource, as: "own" | "borrow" = "own"): number | undefined {
    if (this.#isOver || this.#held.size >= this.#most) return undefined;
    this.#last += 1;
    this.#held.set(this.#last, { resource, object, isOwned: as === "own", lent: 0, isDropped: false });
    return this.#last;
  }

  /** What was given is the embedder's again, which nobody is told of. */
  takeBack(number: number): void {
    this.#held.delete(number);
  }

  /** The object of that resource at a number, which the guest has a handle of; `undefined` when there is none. */
  at(number: unknown, resource: HostResource): object | undefined {
    return this.#at(number, resource)?.object;
  }

  /** The guest hands an object over. `false` when it has none of the kind, or another call has it. */
  handOver(number: number, resource: HostResource): boolean {
    const held = this.#at(number, resource);
    if (held === undefined || !held.isOwned || held.lent > 0) return false;
    return this.#held.delete(number);
  }

  /** The object is lent to a call until what this returns is called: it is not let go of before. */
  lend(number: number, resource: HostResource): () => void {
    const held = this.#at(number, resource);
    if (held === undefined) return () => undefined;
    held.lent += 1;
    return () => {
      held.lent -= 1;
      if (held.isDropped && held.lent === 0) letGo(held);
    };
  }

  /** The guest has dropped the handle that owned it. */
  drop(number: unknown): void {
    if (typeof number !== "number") return;
    const held = this.#held.get(number);
    if (held?.isOwned !== true) return;
    this.#held.delete(number);
    held.isDropped = true;
    if (held.lent === 0) letGo(held);
  }

  /** The invocation is over: all that is left is let go of, the last first. */
  end(): void {
    this.#isOver = true;
    for (const number of [...this.#held.keys()].toReversed()) this.drop(number);
  }

  #at(number: unknown, resource: HostResource): Held | undefined {
    const held = typeof number === "number" ? this.#held.get(number) : undefined;
    return held?.resource === resource ? held : undefined;
  }
}

/** What the embedder's part throws ends nobody's call. */
export function letGo({ resource, object }: Pick<Held, "resource" | "object">): void {
  try {
    resource.dropped(object);
  } catch (thrown) {
    process.emitWarning(`dropping a ${resource.name} failed: ${messageOf(thrown)}`, "CordonWarning");
  }
}
