import type { Charges } from "../../abi/context.ts";

/** How often what a guest hands over is copied at most: here, into a message to another thread, there, and for who asked. */
const COPIES = 4;

/** Bytes that one guest takes from another in one unit of fuel. */
const BYTES_PER_UNIT = 16;

/** After how many bytes that guests pass to each other it is asked whether the invocation is over. */
const WORK_BYTES = 1024 * 1024;

/** What a budget needs of its invocation. */
export interface CopyBudgetParts {
  /** What one crossing may make the host copy, in bytes. */
  readonly crossingBytes: number;
  /** Ends the invocation since it asked for more. What it asked for has not been allocated. */
  readonly exceeded: () => void;
  /** Charges units of fuel; throws when there are none left. */
  readonly spend: (units: number) => void;
  /** @throws Error when the invocation is over. */
  readonly refuseIfOver: () => void;
}

/** What a guest may make the host copy until it next crosses to the host, and what guests pass to each other. */
export class CopyBudget implements Charges {
  readonly #parts: CopyBudgetParts;
  #left: number;
  #largest = 0;
  #worked = 0;

  constructor(parts: CopyBudgetParts) {
    this.#parts = parts;
    this.#left = parts.crossingBytes;
  }

  /** What was charged since the guest crossed last, in bytes. */
  get taken(): number {
    return this.#parts.crossingBytes - this.#left;
  }

  /** The guest crosses anew. */
  reset(): void {
    this.#left = this.#parts.crossingBytes;
    this.#largest = 0;
  }

  /**
   * Charges every copy of it, but one only of the largest, so that a single string or list of numbers may be as large as the budget.
   */
  copy(bytes: number): void {
    this.#charge(COPIES * bytes - (COPIES - 1) * Math.max(0, bytes - this.#largest));
    this.#largest = Math.max(this.#largest, bytes);
  }

  make(bytes: number): void {
    this.#charge(bytes);
  }

  work(bytes: number): void {
    this.#parts.spend(Math.ceil(bytes / BYTES_PER_UNIT));
    this.#worked += bytes;
    if (this.#worked < WORK_BYTES) return;
    this.#worked = 0;
    this.#parts.refuseIfOver();
  }

  #charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    this.#left = 0;
    this.#parts.exceeded();
    throw new Error("the guest made the host copy more than one crossing may");
  }
}
