import { CordonError } from "../../shared/errors.ts";
import { ModuleHolders, trackHolders } from "../../shared/plan/module-holders.ts";
import { processCount } from "./process-count.ts";

/**
 * How many functions the core modules that a process has compiled may have together. The engine has one table for those of all modules, of
 * 16,777,216 entries, ends the process for want of one, and frees the entries of a module when no thread has it any more. What is left is for
 * modules that nobody uses and no thread has collected yet, and for those that are not Cordon's.
 */
const MAX_FUNCTIONS = 8_000_000;

/** By which name the count is found by threads of the embedder's that load Cordon, too. */
const COUNT = "cordon:live-functions";

/** A place for the functions of a component that is being compiled. One of the two is called, once. */
export interface FunctionLease {
  /** They are compiled: their place is given back when no thread has them. */
  readonly compiled: (modules: readonly WebAssembly.Module[]) => void;
  /** There is nothing that was compiled. */
  readonly giveBack: () => void;
}

/** Modules of one program, as far as this thread has them. */
interface Living {
  readonly digest: string;
  readonly holders: ModuleHolders;
  /** How many of them this thread has not collected. */
  here: number;
}

/** Counts the functions of the modules that the engine has in this process. */
export class LiveFunctions {
  /** One number, shared by all threads that count. */
  readonly #count: Int32Array;
  readonly #max: number;
  /** How often each component has a place, by its digest: the engine has one copy of modules that are the same. */
  readonly #places = new Map<string, number>();
  /** Modules that this thread has collected and that another may have still. */
  readonly #elsewhere = new Set<Living>();
  readonly #collected = new FinalizationRegistry<Living>((living) => {
    living.here -= 1;
    if (living.here > 0) return;
    this.#elsewhere.add(living);
    this.#settle();
  });

  constructor(count: Int32Array, max: number) {
    this.#count = count;
    this.#max = max;
  }

  /**
   * Takes a place for the functions of a component that is about to be compiled.
   *
   * @throws CordonError `limit` when there is no room for them.
   */
  admit(digest: string, functions: number): FunctionLease {
    this.#settle();
    const places = this.#places.get(digest) ?? 0;
    if (places === 0) this.#take(functions);
    this.#places.set(digest, places + 1);
    return {
      giveBack: () => this.#giveBack(digest, functions),
      compiled: (modules) => {
        if (modules.length === 0) return this.#giveBack(digest, functions);
        const living = { digest, holders: new ModuleHolders(functions), here: modules.length };
        trackHolders(modules, living.holders);
        for (const module of modules) this.#collected.register(module, living);
      },
    };
  }

  #take(functions: number): void {
    const before = Atomics.add(this.#count, 0, functions);
    if (before + functions <= this.#max) return;
    Atomics.sub(this.#count, 0, functions);
    throw this.#full(before, functions);
  }

  #giveBack(digest: string, functions: number): void {
    const places = (this.#places.get(digest) ?? 0) - 1;
    if (places > 0) {
      this.#places.set(digest, places);
      return;
    }
    this.#places.delete(digest);
    Atomics.sub(this.#count, 0, functions);
  }

  #settle(): void {
    for (const living of this.#elsewhere) {
      if (living.holders.hasOthers) continue;
      this.#elsewhere.delete(living);
      this.#giveBack(living.digest, living.holders.functions);
    }
  }

  #full(used: number, wanted: number): CordonError {
    return new CordonError(
      "limit",
      `Cannot load the component: its core modules have ${wanted} functions, and those of the components that this process has open have ` +
        `${used} of the ${this.#max} that it may have; close others, or open it with isolation "process"`,
      { limit: { limit: "complexity", cap: this.#max, used: used + wanted } },
    );
  }
}

let ofThisThread: LiveFunctions | undefined;

/** The account of this process, as far as its threads know of one another. */
export function liveFunctions(): LiveFunctions {
  if (ofThisThread === undefined) {
    const { count, max } = processCount(COUNT, MAX_FUNCTIONS);
    ofThisThread = new LiveFunctions(count, max);
  }
  return ofThisThread;
}
