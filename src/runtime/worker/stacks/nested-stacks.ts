import { availableParallelism } from "node:os";
import type { NestedStackLimit } from "../../engine/environment.ts";
import { PAGE_BYTES } from "../../../shared/plan/page-bytes.ts";

/** How many calls between components one guest may have under way at once, each on a stack of its own. */
const MAX_OF_GUEST = 64;

/**
 * How many of them all guests of a process have about, as long as it has no more threads than processors, and how many any guest may have
 * whatever the others do. There are three times as many threads at most. What a process has of address space is in `address-space.ts`.
 */
const [MAX_OF_PROCESS, ALWAYS] = [4_096, 2];

/**
 * How many of them a guest may have that hold as much as a stack can, and how many all guests of a thread have about. A guest with more is
 * allowed {@link SHALLOW_BYTES} on each that it has suspended: the engine goes through all frames of all stacks whenever it collects.
 */
const [MAX_DEEP_OF_GUEST, MAX_DEEP_OF_THREAD] = [8, 64];
const SHALLOW_BYTES = 128 * 1024;

/** Stacks of calls between components, of all guests of a thread. */
export class ThreadStacks {
  readonly #most = Math.min(1_024, Math.floor(MAX_OF_PROCESS / availableParallelism()));
  #held = 0;
  /** How many of them may be deep. */
  #deep = 0;

  /** How many one guest may have: a part of what is left, so that no few of them take all. */
  get allowance(): number {
    return Math.max(ALWAYS, Math.min(MAX_OF_GUEST, Math.floor((this.#most - this.#held) / 4)));
  }

  /** How many one guest may have without a bound on what they hold. */
  get deepAllowance(): number {
    return Math.max(ALWAYS, Math.min(MAX_DEEP_OF_GUEST, Math.floor((MAX_DEEP_OF_THREAD - this.#deep) / 4)));
  }

  /** A guest has so many now that had so many before. */
  change(before: number, now: number): void {
    this.#held += now - before;
    this.#deep += Math.min(now, MAX_DEEP_OF_GUEST) - Math.min(before, MAX_DEEP_OF_GUEST);
  }
}

/** Those of one guest. They count as its memory. */
export class NestedStacks implements NestedStackLimit {
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

  /** What each may hold that is suspended while the guest has as many, in bytes; undefined for as much as there is. */
  get allowedBytes(): number | undefined {
    return this.#held <= this.#thread.deepAllowance ? undefined : SHALLOW_BYTES;
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

  /** The guest has ended, and its stacks are unwound. Tells how many there were. */
  release(): number {
    const left = this.#held;
    this.#change(-left);
    return left;
  }

  #change(stacks: number): void {
    this.#thread.change(this.#held, this.#held + stacks);
    this.#held += stacks;
    this.#tally(stacks * Math.ceil(this.#bytes / PAGE_BYTES));
  }
}
