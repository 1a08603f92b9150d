import { availableParallelism } from "node:os";
import { PAGE_BYTES } from "../../../shared/page-bytes.ts";

/** How many calls between components one guest may have under way at once, each on a stack of its own. */
const MAX_OF_GUEST = 64;

/**
 * How many of them all guests of a process have about, as long as it has no more threads than processors, and how many any guest may have
 * whatever the others do. There are three times as many threads at most. What a process has of address space is in `address-space.ts`.
 */
const [MAX_OF_PROCESS, ALWAYS] = [4_096, 2];

/** Stacks of calls between components, of all guests of a thread. */
export class ThreadStacks {
  readonly #most = Math.min(1_024, Math.floor(MAX_OF_PROCESS / availableParallelism()));
  #held = 0;

  /** How many one guest may have: a part of what is left, so that no few of them take all. */
  get allowance(): number {
    return Math.max(ALWAYS, Math.min(MAX_OF_GUEST, Math.floor((this.#most - this.#held) / 4)));
  }

  change(stacks: number): void {
    this.#held += stacks;
  }
}

/** Those of one guest. They count as its memory. */
export class NestedStacks {
  readonly #thread: ThreadStacks;
  readonly #bytes: number;
  readonly #tally: (pages: number) => void;
  #held = 0;
  #most = 0;

  /**
   * @param bytes What the stack of a guest can take.
   * @param tally Called with the pages by which all memories of the thread are to become more, or fewer.
   */
  constructor(thread: ThreadStacks, bytes: number, tally: (pages: number) => void) {
    this.#thread = thread;
    this.#bytes = bytes;
    this.#tally = tally;
  }

  get held(): number {
    return this.#held;
  }

  /** What they took at most, in bytes. */
  get highWaterBytes(): number {
    return this.#most * this.#bytes;
  }

  /** Takes one more, if it may. */
  take(): boolean {
    if (this.#held >= this.#thread.allowance) return false;
    this.#change(1);
    this.#most = Math.max(this.#most, this.#held);
    return true;
  }

  giveBack(): void {
    this.#change(-1);
  }

  /** The guest has ended. Stacks that have not are garbage now: tells how many bytes they take until it is collected. */
  release(): number {
    const left = this.#held;
    this.#change(-left);
    return left * this.#bytes;
  }

  #change(stacks: number): void {
    this.#held += stacks;
    this.#thread.change(stacks);
    this.#tally(stacks * Math.ceil(this.#bytes / PAGE_BYTES));
  }
}
