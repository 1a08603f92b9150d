import type { PlanCoreFunction } from "../../shared/plan/plan.ts";
import type { LiftContext, LowerContext } from "../abi/context.ts";
import type { CoreValue } from "../abi/core-values.ts";
import { MAX_FLAT_PARAMETERS, MAX_FLAT_RESULTS, type ValueRow } from "../abi/function-shape.ts";
import { areWithin } from "../abi/lifted-size.ts";
import type { ComponentState } from "./component-state.ts";
import type { BoundOptions } from "./core-items.ts";
import type { CanonFunction, CoreAnswer, EngineParts } from "./engine-parts.ts";
import type { HostImport, Room } from "./environment.ts";
import { callInTurn, liftArguments } from "./host-arguments.ts";
import { Subtask, SUBTASK } from "./tasks/subtask.ts";
import type { Task } from "./tasks/task.ts";

type Lower = Extract<PlanCoreFunction, { readonly kind: "lower" }>;

/** What is handed over by functions that take no handles. */
const NOTHING: unknown[] = [];

/**
 * A function of the host's, for core code that waits for its answer: `canon_lower` of the Canonical ABI, where most of what that
 * says does not come up. Guests call the host more often than anything else, so what is the same for all calls is made once.
 */
class HostCall {
  readonly #parts: EngineParts;
  readonly #path: readonly string[];
  readonly #bound: BoundOptions;
  readonly #state: ComponentState;
  readonly #parameters: ValueRow;
  readonly #results: ValueRow;
  readonly #lift: LiftContext | undefined;
  readonly #lower: LowerContext | undefined;
  /** Whether there may be something of any size in what it takes. */
  readonly #mayPassMuch: boolean;
  #target: HostImport | undefined;

  constructor(parts: EngineParts, core: Lower, path: readonly string[]) {
    const { prepared, contexts } = parts;
    this.#parts = parts;
    this.#path = path;
    this.#bound = parts.items.bind(core.options);
    const { type } = prepared.function(core.function);
    const { parameters, results } = prepared.shape(type, core.options);
    const state = parts.stateOf(core.instance);
    this.#state = state;
    this.#parameters = parameters;
    this.#results = results;
    this.#mayPassMuch =
      prepared.plan.functionTypes[type]?.parameters.some((one) => prepared.mayBeLarge(one.type)) === true;
    // Handles belong to one call.
    const { takes, gives } = prepared.handlesOf(type);
    const owner = { state, scope: undefined };
    this.#lift = takes ? undefined : contexts.lift(this.#bound, owner, "host-function");
    this.#lower = gives ? undefined : contexts.lower(this.#bound, owner);
  }

  call(task: Task, given: readonly CoreValue[]): CoreAnswer {
    const target = (this.#target ??= this.#parts.hostImport(this.#path));
    const room =
      this.#mayPassMuch && target.takesMuch === true
        ? this.#parts.environment.roomFor("arguments", (bytes) =>
            areWithin(bytes, this.#parameters, this.#bound, MAX_FLAT_PARAMETERS, given),
          )
        : undefined;
    if (room !== undefined) return this.#callInTurn(target, room, task, given);
    return this.#callNow(target, task, given);
  }

  #callNow(target: HostImport, task: Task, given: readonly CoreValue[]): CoreAnswer {
    if (this.#lift === undefined) return this.#callWithHandles(target, task, given);
    this.#bound.memory?.refresh();
    const values = this.#parameters.lift(this.#lift, MAX_FLAT_PARAMETERS, given);
    const answer = target.call(values, NOTHING);
    if (!(answer instanceof Promise)) return this.#take(target, answer, task, given);
    return this.#later(target, answer, (value) => this.#take(target, value, task, given));
  }

  /** What is lent is the guest's own again when it has its answer. */
  #callWithHandles(target: HostImport, task: Task, given: readonly CoreValue[]): CoreAnswer {
    const subtask = new Subtask();
    const answer = this.#lendAndCall(target, subtask, given);
    const take = (value: unknown): CoreValue | undefined => this.#takeBack(target, subtask, value, { task, given });
    return answer instanceof Promise ? this.#later(target, answer, take) : take(answer);
  }

  #callInTurn(target: HostImport, room: Promise<Room>, task: Task, given: readonly CoreValue[]): CoreAnswer {
    const { environment, scheduler } = this.#parts;
    const subtask = new Subtask();
    const called = callInTurn(environment, target, room, () => this.#lendAndCall(target, subtask, given));
    return scheduler.block(called, (value) => this.#takeBack(target, subtask, value, { task, given }));
  }

  #lendAndCall(target: HostImport, subtask: Subtask, given: readonly CoreValue[]): unknown {
    subtask.state = SUBTASK.started;
    const owned: unknown[] = [];
    const owner = { state: this.#state, scope: subtask, owned };
    const { environment, contexts } = this.#parts;
    const values = liftArguments(environment, owned, () => {
      const context = contexts.lift(this.#bound, owner, "host-function");
      return this.#parameters.lift(context, MAX_FLAT_PARAMETERS, given);
    });
    return target.call(values, owned);
  }

  #takeBack(
    target: HostImport,
    subtask: Subtask,
    value: unknown,
    { task, given }: { readonly task: Task; readonly given: readonly CoreValue[] },
  ): CoreValue | undefined {
    const result = this.#take(target, value, task, given);
    subtask.state = SUBTASK.returned;
    subtask.deliver();
    return result;
  }

  #later(
    target: HostImport,
    answer: Promise<unknown>,
    take: (value: unknown) => CoreValue | undefined,
  ): Promise<CoreValue | undefined> {
    const { environment, scheduler } = this.#parts;
    return scheduler.block(environment.waitFor(answer, target.discard), take);
  }

  /** Gives the guest what was answered. What it cannot be given is disposed of. */
  #take(target: HostImport, value: unknown, task: Task, given: readonly CoreValue[]): CoreValue | undefined {
    const state = this.#state;
    try {
      state.mayLeave = false;
      const context = this.#lowerContext(task);
      const items = this.#results.length === 0 ? NOTHING : [value];
      const results = this.#results.lower(context, MAX_FLAT_RESULTS, items, given[given.length - 1]);
      state.mayLeave = true;
      return results[0];
    } catch (thrown) {
      target.discard(value);
      throw thrown;
    }
  }

  #lowerContext(task: Task): LowerContext {
    if (this.#lower === undefined) return this.#parts.contexts.lower(this.#bound, { state: this.#state, scope: task });
    this.#bound.memory?.refresh();
    return this.#lower;
  }
}

/** The core function that calls a function of the host's and waits for it. */
export function hostCall(parts: EngineParts, core: Lower, path: readonly string[]): CanonFunction {
  let call: HostCall | undefined;
  // What its options name is there when it is called, and may not be before.
  return (task, given) => (call ??= new HostCall(parts, core, path)).call(task, given);
}
