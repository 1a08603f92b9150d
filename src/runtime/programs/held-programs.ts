import { availableParallelism } from "node:os";
import { moduleHolders } from "../../shared/plan/module-holders.ts";
import type { Program } from "../messages.ts";

/**
 * How many functions may be in modules that a worker was told to forget and has not collected, when it has no guest: a thread that does
 * nothing collects nothing, and there is room for 8,000,000 in a process (`component/compile/live-functions.ts`).
 */
const MAX_FORGOTTEN = Math.min(100_000, Math.floor(2_000_000 / availableParallelism()));

/** Modules that a worker was sent, in one program. */
interface Held {
  readonly programId: string;
  readonly functions: number;
  /** How many of them it has not collected. */
  readonly left: Int32Array;
  isForgotten: boolean;
}

/** Which modules a worker has, those included that it was told to forget, until it has collected them. */
export class HeldPrograms {
  #held: Held[] = [];

  /** Notes that the worker is sent a program. Returns what it counts down. */
  add(program: Program): Int32Array | undefined {
    const modules = program.modules.map(({ module }) => module);
    const holders = moduleHolders(modules);
    if (holders === undefined) return undefined;
    const left = holders.add(modules.length);
    this.#prune();
    this.#held.push({ programId: program.id, functions: holders.functions, left, isForgotten: false });
    return left;
  }

  forget(programId: string): void {
    for (const held of this.#held) if (held.programId === programId) held.isForgotten = true;
  }

  /** Whether it has so much of what it was told to forget that it should end, when it has nothing to do. */
  get isBurdened(): boolean {
    if (!this.#held.some(({ isForgotten }) => isForgotten)) return false;
    this.#prune();
    return (
      this.#held.reduce((sum, { functions, isForgotten }) => sum + (isForgotten ? functions : 0), 0) > MAX_FORGOTTEN
    );
  }

  /** The thread is gone, and with it all that it had. */
  release(): void {
    for (const { left } of this.#held.splice(0)) Atomics.store(left, 0, 0);
  }

  #prune(): void {
    this.#held = this.#held.filter(({ left }) => Atomics.load(left, 0) > 0);
  }
}
