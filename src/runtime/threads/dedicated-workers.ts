import type { Pending } from "../pending.ts";
import type { WorkerSlot } from "./worker-slot.ts";

/** How many workers programs may have of their own when others need theirs, as a multiple of the pool's size. */
const MAX_DEDICATED = 2;

/** After how long a worker that is held up counts as lost to others that wait for one, in milliseconds. */
const OVERDUE_MS = 250;

/** A guest that cannot be suspended where it is, and keeps its worker's thread. */
interface Holdup {
  readonly programId: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Programs that keep a thread from others because the engine cannot suspend them, and the workers that they have of their own: their
 * calls never run beside those of other programs again. There are two ways to become one:
 *
 * | a guest keeps its thread | its program |
 * | --- | --- |
 * | while other guests are on the same worker | is one from now on |
 * | alone on its worker, for {@link OVERDUE_MS}, and others wait for a worker | is one, and that worker is its own, so that the pool can start another |
 */
export class DedicatedWorkers {
  /** The pool's size. */
  readonly #size: number;
  readonly #open: () => WorkerSlot | undefined;
  readonly #overdue: () => void;
  readonly #programs = new Set<string>();
  readonly #slots = new Set<WorkerSlot>();
  readonly #heldUp = new Map<WorkerSlot, Holdup>();
  readonly #overdueSlots = new Set<WorkerSlot>();

  /**
   * @param open Starts a worker, where there is room for one.
   * @param overdue Called when a worker may be taken from those that all programs share; see {@link takeOverdue}.
   */
  constructor(size: number, open: () => WorkerSlot | undefined, overdue: () => void) {
    this.#size = size;
    this.#open = open;
    this.#overdue = overdue;
  }

  /** Whether there is any program whose calls need a worker of their own. */
  get isUsed(): boolean {
    return this.#programs.size > 0;
  }

  /** Whether an invocation needs a worker of its own. */
  isFor({ job }: Pending): boolean {
    return this.#programs.has(job.program.id);
  }

  /** Whether a worker is not one that all programs share. */
  has(slot: WorkerSlot): boolean {
    return this.#slots.has(slot);
  }

  /** A worker that nobody is on; undefined when there is none and there are as many already as the pool's size. */
  place(): WorkerSlot | undefined {
    const idle = [...this.#slots].find((slot) => slot.free && slot.load === 0);
    if (idle !== undefined) return idle;
    if (this.#slots.size >= this.#size) return undefined;
    const slot = this.#open();
    if (slot !== undefined) this.#slots.add(slot);
    return slot;
  }

  /** A guest of this program keeps its worker's thread, and cannot be suspended. */
  holdUp(slot: WorkerSlot, programId: string): void {
    // The others that it keeps waiting were there before it.
    if (slot.load > 1) this.#programs.add(programId);
    this.release(slot);
    const timer = setTimeout(() => {
      this.#overdueSlots.add(slot);
      this.#overdue();
    }, OVERDUE_MS);
    timer.unref();
    this.#heldUp.set(slot, { programId, timer });
  }

  /** A worker's thread is free again. */
  release(slot: WorkerSlot): void {
    clearTimeout(this.#heldUp.get(slot)?.timer);
    this.#heldUp.delete(slot);
    this.#overdueSlots.delete(slot);
  }

  /** Takes an overdue worker from those that all programs share, for the program that holds it up; false when there is none. */
  takeOverdue(): boolean {
    if (this.#slots.size >= MAX_DEDICATED * this.#size) return false;
    for (const slot of this.#overdueSlots) {
      const programId = this.#heldUp.get(slot)?.programId;
      this.release(slot);
      if (programId === undefined || this.#slots.has(slot)) continue;
      this.#programs.add(programId);
      this.#slots.add(slot);
      return true;
    }
    return false;
  }

  /** A worker is gone. */
  remove(slot: WorkerSlot): void {
    this.#slots.delete(slot);
    this.release(slot);
  }

  /** A program is unloaded. */
  forget(programId: string): void {
    this.#programs.delete(programId);
  }
}
