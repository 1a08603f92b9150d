import type { CoreValue } from "../abi/core-values.ts";
import type { CoreFunction } from "./core-items.ts";
import type { CoreAnswer } from "./engine-parts.ts";
import type { PreparedPlan } from "./prepared-plan.ts";
import { Stacks } from "./stacks/stacks.ts";

/** How many are kept of a program on a thread: guests that wait beside each other take as many, and those are seldom more. */
const MAX_SPARE = 8;

/** What guests call by way of their imports. */
export interface CalledEngine {
  readonly callCanon: (index: number, given: readonly CoreValue[]) => CoreAnswer;
  /** Told the result of a core function that was called on a stack of its own. */
  readonly done: (result: CoreValue | undefined) => void;
  /** What the stack that runs may hold when it is suspended, in bytes; undefined for as much as there is. */
  readonly allowedStackBytes: number | undefined;
}

/**
 * The functions that core instances of a program import: those that `canon` makes, and the stack module's. They call the engine of one
 * invocation at a time. V8 frees core instances and what they import in its rare full collections only; so these know nothing of an
 * invocation that has come to its end, and are used again for the next.
 */
export class GuestImports {
  readonly stacks: Stacks;
  readonly #made: (CoreFunction | undefined)[] = [];
  #engine: CalledEngine | undefined;

  private constructor(prepared: PreparedPlan) {
    this.stacks = new Stacks(prepared, {
      called: (index, given) => this.#current.callCanon(index, given),
      done: (result) => this.#current.done(result),
      allowedBytes: () => this.#current.allowedStackBytes,
    });
  }

  /** Those that call an engine from now on. */
  static of(engine: CalledEngine, prepared: PreparedPlan): GuestImports {
    const imports = spareOf(prepared).pop() ?? new GuestImports(prepared);
    imports.#engine = engine;
    return imports;
  }

  /** A `canon` function as JavaScript, by its index in the plan. */
  canon(index: number): CoreFunction {
    return (this.#made[index] ??= ((...given: readonly CoreValue[]) =>
      this.#current.callCanon(index, given)) as CoreFunction);
  }

  /** Whether a function is one of those. */
  isCanon(callee: CoreFunction): boolean {
    return this.#made.includes(callee);
  }

  /** Nothing of that engine's instances can call them any more: they may be used for another. */
  giveBack(engine: CalledEngine, prepared: PreparedPlan): void {
    if (this.#engine !== engine) return;
    this.#engine = undefined;
    // It ended where a stack was to be suspended, which the next one would take for its own.
    if (this.stacks.isTooDeep) return;
    const spare = spareOf(prepared);
    if (spare.length < MAX_SPARE) spare.push(this);
  }

  get #current(): CalledEngine {
    if (this.#engine === undefined) throw new Error("the invocation has ended");
    return this.#engine;
  }
}

const spares = new WeakMap<PreparedPlan, GuestImports[]>();

function spareOf(prepared: PreparedPlan): GuestImports[] {
  let spare = spares.get(prepared);
  if (spare === undefined) spares.set(prepared, (spare = []));
  return spare;
}
