import { setImmediate as nextTurn } from "node:timers/promises";
import type { CoreGuest } from "../core/core-function.ts";
import { Preview1Error } from "./errno.ts";
import type { IoVector } from "./io-vectors.ts";

/** The most that is moved in one step, in bytes. */
const STEP_BYTES = 1024 * 1024;

/** How many bytes are moved before others of the thread have a turn. */
const TURN_BYTES = 8 * STEP_BYTES;

/** Moves bytes between a part of the guest's memory and something else; returns how many. */
export type TransferStep = (part: Uint8Array<ArrayBuffer>) => number | Promise<number>;

/**
 * Moves bytes from or to vectors, one part after the other, until all are moved or a step moves none; `some`: or fewer than it could.
 * What fails after something was moved is left to the next call. Answers with how much was moved: at once, when nothing has to be
 * waited for.
 */
export function transfer(
  guest: CoreGuest,
  vectors: readonly IoVector[],
  much: "all" | "some",
  step: TransferStep,
): number | Promise<number> {
  return new Transfer(guest, vectors, much, step).run();
}

class Transfer {
  readonly #guest: CoreGuest;
  readonly #vectors: readonly IoVector[];
  readonly #much: "all" | "some";
  readonly #step: TransferStep;
  #vector = 0;
  /** Bytes of the present vector that were moved. */
  #within = 0;
  #moved = 0;
  #movedBefore = 0;

  constructor(guest: CoreGuest, vectors: readonly IoVector[], much: "all" | "some", step: TransferStep) {
    this.#guest = guest;
    this.#vectors = vectors;
    this.#much = much;
    this.#step = step;
  }

  run(): number | Promise<number> {
    for (;;) {
      const vector = this.#vectors[this.#vector];
      if (vector === undefined) return this.#moved;
      if (this.#moved - this.#movedBefore >= TURN_BYTES) return this.#nextTurn();
      const length = Math.min(STEP_BYTES, vector.length - this.#within);
      try {
        const count = this.#step(this.#guest.memory.bytes(vector.at + this.#within, length));
        if (typeof count !== "number") return this.#later(count, vector, length);
        if (!this.#took(count, vector, length)) return this.#moved;
      } catch (thrown) {
        return this.#failed(thrown);
      }
    }
  }

  async #later(count: Promise<number>, vector: IoVector, length: number): Promise<number> {
    try {
      if (!this.#took(await count, vector, length)) return this.#moved;
    } catch (thrown) {
      return this.#failed(thrown);
    }
    return this.run();
  }

  async #nextTurn(): Promise<number> {
    this.#movedBefore = this.#moved;
    await nextTurn();
    return this.#guest.context.signal.aborted ? this.#moved : this.run();
  }

  /** Notes what was moved. Whether there may be more. */
  #took(count: number, vector: IoVector, length: number): boolean {
    this.#moved += count;
    this.#within += count;
    if (this.#within === vector.length) {
      this.#vector += 1;
      this.#within = 0;
    }
    return this.#much === "all" ? count > 0 : count === length;
  }

  #failed(thrown: unknown): number {
    if (this.#moved > 0 && thrown instanceof Preview1Error) return this.#moved;
    throw thrown;
  }
}
