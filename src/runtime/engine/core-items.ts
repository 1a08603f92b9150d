import type { CanonOptions, CoreItem } from "../../shared/plan/plan.ts";
import type { CoreValue } from "../abi/core-values.ts";
import { trap } from "../abi/trap.ts";
import { MemoryAccess } from "../abi/memory-access.ts";
import { POINTERS_32, POINTERS_64, type Pointers } from "../abi/pointers.ts";

/** A core function, as JavaScript calls it. */
export type CoreFunction = (...values: readonly CoreValue[]) => CoreValue | undefined;

/** The same, on a stack that can be suspended. */
export type PromisingFunction = (...values: readonly CoreValue[]) => Promise<CoreValue | undefined>;

/** The options of a `canon` function, with what they name looked up. */
export interface BoundOptions {
  readonly options: CanonOptions;
  readonly pointers: Pointers;
  readonly memory: MemoryAccess | undefined;
  readonly realloc: CoreFunction | undefined;
  readonly postReturn: CoreFunction | undefined;
  readonly callback: CoreFunction | undefined;
}

/** The functions that `canon` made. */
export interface CanonFunctions {
  /** By its index in the plan. */
  readonly canon: (index: number) => CoreFunction;
  /** Whether a function is one of them. */
  readonly isCanon: (callee: CoreFunction) => boolean;
}

/** The core definitions of one instance of a program: exports of its core instances, and what `canon` made. */
export class CoreItems {
  readonly #instances: Readonly<Record<string, unknown>>[] = [];
  readonly #functions: CanonFunctions;
  readonly #memories = new Map<WebAssembly.Memory, MemoryAccess>();
  readonly #bound = new Map<CanonOptions, BoundOptions>();

  /** The `link` steps of the plan that have been executed. */
  readonly #links = new Set<number>();
  readonly #promising = new Map<CoreFunction, PromisingFunction>();

  constructor(functions: CanonFunctions) {
    this.#functions = functions;
  }

  /** Whether a function is a guest's code. Those that `canon` makes are JavaScript. */
  isCode(callee: CoreFunction): boolean {
    return !this.#functions.isCanon(callee);
  }

  /** A function of a guest's, to be called on a stack of its own. */
  promising(callee: CoreFunction): PromisingFunction {
    let made = this.#promising.get(callee);
    if (made === undefined) {
      made = WebAssembly.promising(callee as (...values: unknown[]) => unknown) as PromisingFunction;
      this.#promising.set(callee, made);
    }
    return made;
  }

  /** Adds a core instance, the next in the plan. */
  add(exports: Readonly<Record<string, unknown>>): void {
    this.#instances.push(exports);
  }

  /** Executes a `link` step of the plan. */
  link(link: number): void {
    this.#links.add(link);
  }

  /** Traps where a function is called before the `link` step that it waits for. */
  assertLinked({ linkedBy }: { readonly linkedBy?: number }): void {
    if (linkedBy !== undefined && !this.#links.has(linkedBy))
      trap("called a function that is not there before the component has been instantiated");
  }

  /** What an item is, to be passed to a module as an import. */
  exported(item: CoreItem & { readonly from: "export" }): unknown {
    const exports = this.#instances[item.instance];
    const found = exports === undefined ? undefined : exports[item.name];
    if (found === undefined) throw new Error(`the plan names a core export that is not there: ${item.name}`);
    return found;
  }

  function(item: CoreItem): CoreFunction {
    if (item.from === "canon") return this.#functions.canon(item.index);
    this.assertLinked(item);
    return this.exported(item) as CoreFunction;
  }

  memory(item: CoreItem): MemoryAccess {
    if (item.from === "canon") throw new Error("the plan has a function for a memory");
    const memory = this.exported(item) as WebAssembly.Memory;
    const known = this.#memories.get(memory);
    if (known !== undefined) return known;
    const made = new MemoryAccess(memory);
    this.#memories.set(memory, made);
    return made;
  }

  /** Looks up what options name. */
  bind(options: CanonOptions): BoundOptions {
    const known = this.#bound.get(options);
    if (known !== undefined) return known;
    const { memory, realloc, postReturn, callback, memory64 } = options;
    const made: BoundOptions = {
      options,
      pointers: memory64 ? POINTERS_64 : POINTERS_32,
      memory: memory === undefined ? undefined : this.memory(memory),
      realloc: realloc === undefined ? undefined : this.function(realloc),
      postReturn: postReturn === undefined ? undefined : this.function(postReturn),
      callback: callback === undefined ? undefined : this.function(callback),
    };
    this.#bound.set(options, made);
    return made;
  }
}
