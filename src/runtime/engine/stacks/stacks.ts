import type { CoreValue } from "../../abi/core-values.ts";
import { zeroOf } from "../../abi/core-values.ts";
import { hostInstance } from "../../instance-modules.ts";
import type { CoreFunction } from "../core-items.ts";
import { type CoreSignature, signatureKey } from "../core-signature.ts";
import type { CoreAnswer } from "../engine-parts.ts";
import type { PreparedPlan } from "../prepared-plan.ts";
import { stackDepth } from "./stack-depth.ts";
import type { StackModule } from "./stack-module.ts";

const modules = new WeakMap<StackModule, WebAssembly.Module>();

/** Compiled once on each thread; its types were counted when the program was loaded. */
function compiled(stack: StackModule): WebAssembly.Module {
  let module = modules.get(stack);
  if (module === undefined) {
    module = new WebAssembly.Module(stack.bytes);
    modules.set(stack, module);
  }
  return module;
}

/** What the stack module's functions call. */
export interface StackCalls {
  /** A `canon` function, by its index in the plan. */
  readonly called: (index: number, given: readonly CoreValue[]) => CoreAnswer;
  /** Told the result of a core function that was called on a stack of its own. */
  readonly done: (result: CoreValue | undefined) => void;
  /** What the stack that runs may hold when it is suspended, in bytes; undefined for as much as there is. */
  readonly allowedBytes: () => number | undefined;
}

/** An instance of the stack module that a program has. */
export class Stacks {
  readonly #prepared: PreparedPlan;
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #pending = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  readonly #calls: StackCalls;
  readonly #callers = new Map<string, (callee: CoreFunction, ...values: readonly CoreValue[]) => Promise<unknown>>();
  #waited: Promise<CoreValue | undefined> | undefined;

  constructor(prepared: PreparedPlan, calls: StackCalls) {
    this.#prepared = prepared;
    this.#calls = calls;
    const { stack } = prepared;
    if (stack === undefined) {
      this.#exports = {};
      return;
    }
    const given = Object.create(null) as Record<string, unknown>;
    given["p"] = this.#pending;
    for (const [position, index] of prepared.suspending.entries()) {
      given[`f${position}`] = (...values: readonly CoreValue[]) => this.#first(index, values);
    }
    for (const position of stack.waits.keys()) {
      given[`w${position}`] = new WebAssembly.Suspending(() => this.#wait());
    }
    for (const position of stack.dones.keys()) {
      given[`d${position}`] = (result: CoreValue | undefined) => calls.done(result);
    }
    if (prepared.called.length > 0) given["s"] = stackDepth().check;
    this.#exports = hostInstance(compiled(stack), { m: given }).exports;
  }

  /** What guests import for a `canon` function that may suspend their stack; undefined for one that may not. */
  importOf(index: number): unknown {
    const position = this.#prepared.suspendingPosition(index);
    return position === undefined ? undefined : this.#exports[`f${position}`];
  }

  /** What runs core functions of that type on a stack of their own. */
  caller(signature: CoreSignature): (callee: CoreFunction, ...values: readonly CoreValue[]) => Promise<unknown> {
    const key = signatureKey(signature);
    let made = this.#callers.get(key);
    if (made === undefined) {
      const position = this.#prepared.called.findIndex((one) => signatureKey(one) === key);
      const run = this.#exports[`c${position}`] as (...values: unknown[]) => unknown;
      made = WebAssembly.promising(run) as NonNullable<typeof made>;
      this.#callers.set(key, made);
    }
    return made;
  }

  /** Whether the stack that ran last was to be suspended, and was not since it held more than it may. */
  get isTooDeep(): boolean {
    return this.#waited !== undefined;
  }

  /** Calls the function, and notes the promise that it may answer with. */
  #first(index: number, given: readonly CoreValue[]): CoreValue | undefined {
    const answer = this.#calls.called(index, given);
    if (!(answer instanceof Promise)) return answer;
    this.#waited = answer;
    this.#pending.value = 1;
    const { result } = this.#prepared.signatureOf(index);
    if (this.#prepared.called.length > 0) stackDepth().allow(this.#calls.allowedBytes());
    return result === undefined ? undefined : zeroOf(result);
  }

  #wait(): Promise<CoreValue | undefined> | undefined {
    this.#pending.value = 0;
    const waited = this.#waited;
    this.#waited = undefined;
    return waited;
  }
}
