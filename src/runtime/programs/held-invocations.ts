import { memoriesOf } from "../threads/address-space.ts";
import type { Pending } from "../pending.ts";

/** The invocations of a worker by ticket, from when they are sent until their guests are gone, and what they take together. */
export class HeldInvocations {
  readonly #held = new Map<number, Pending>();
  /** Those that are to end. */
  readonly #ending = new Set<number>();
  #memories = 0;
  #heapBytes = 0;

  get size(): number {
    return this.#held.size;
  }

  /** How many linear memories they have together. */
  get memories(): number {
    return this.#memories;
  }

  /** What their instances take of the worker's heap, in bytes, without anything that their code makes. */
  get heapBytes(): number {
    return this.#heapBytes;
  }

  /** Whether one is to end, which may yet take the thread with it. */
  get hasEnding(): boolean {
    return this.#ending.size > 0;
  }

  /** Whether there is one that is not to end. */
  get hasStaying(): boolean {
    return this.#ending.size < this.#held.size;
  }

  get isAnswered(): boolean {
    return [...this.#held.values()].every(({ settled }) => settled);
  }

  has(ticket: number): boolean {
    return this.#held.has(ticket);
  }

  get(ticket: number): Pending | undefined {
    return this.#held.get(ticket);
  }

  values(): Iterable<Pending> {
    return this.#held.values();
  }

  add(pending: Pending): void {
    const { program } = pending.job;
    this.#held.set(pending.ticket, pending);
    this.#memories += memoriesOf(program);
    this.#heapBytes += program.heapBytes;
  }

  /** Notes that one of them is to end. */
  end({ ticket }: Pending): void {
    this.#ending.add(ticket);
  }

  delete({ ticket, job: { program } }: Pending): void {
    this.#ending.delete(ticket);
    if (!this.#held.delete(ticket)) return;
    this.#memories -= memoriesOf(program);
    this.#heapBytes -= program.heapBytes;
  }

  clear(): void {
    this.#held.clear();
    this.#ending.clear();
  }
}
