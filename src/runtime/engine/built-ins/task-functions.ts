import type { PlanCoreFunction } from "../../../shared/plan/plan.ts";
import type { CoreValue } from "../../abi/core-values.ts";
import { MAX_FLAT_PARAMETERS } from "../../abi/function-shape.ts";
import { areWithin } from "../../abi/lifted-size.ts";
import { trap } from "../../abi/trap.ts";
import type { CanonFunction, EngineParts } from "../engine-parts.ts";
import { Subtask } from "../tasks/subtask.ts";
import type { Task } from "../tasks/task.ts";

/** What is answered when something goes on and an event will tell of its end. */
export const BLOCKED = -1;

/** How often a component instance may ask for no new tasks without taking it back. */
const MAX_BACKPRESSURE = 2 ** 16 - 1;

type TaskReturn = Extract<PlanCoreFunction, { readonly kind: "task.return" }>;

/** `canon task.return`. */
export function taskReturn(parts: EngineParts, core: TaskReturn): CanonFunction {
  const { prepared, contexts, items, scheduler, environment } = parts;
  const mayBeLarge = prepared.mayBeLarge(core.result);
  return (task, given) => {
    const { lift, state } = task;
    if (!lift.options.async) trap("returned by task.return from a function that is not asynchronous");
    if (lift.result !== core.result) trap("returned a result of another type than the function's");
    const own = lift.options;
    const [bound, expected] = [items.bind(core.options), items.bind(own)];
    // A result that does not lie in memory needs none.
    const isOtherMemory = bound.memory !== undefined && bound.memory !== expected.memory;
    if (core.options.encoding !== own.encoding || isOtherMemory) {
      trap("returned a result with other options than the function's");
    }
    const receiver = task.caller === undefined ? "caller" : "guest";
    const row = prepared.resultRow(core.result, core.options);
    const answer = (): undefined => {
      const context = contexts.lift(bound, { state, scope: task }, receiver);
      const results = row.lift(context, MAX_FLAT_PARAMETERS, given);
      if (receiver === "caller" && mayBeLarge) environment.resultLifted();
      task.resolve(results);
      return undefined;
    };
    const room =
      receiver === "caller" && mayBeLarge
        ? environment.roomFor("results", (bytes) => areWithin(bytes, row, bound, MAX_FLAT_PARAMETERS, given))
        : undefined;
    if (room === undefined) return answer();
    const waited = environment.waitFor(room, (unwanted) => unwanted.release());
    return scheduler.block(waited, (granted) => {
      try {
        return answer();
      } catch (thrown) {
        environment.fail(thrown);
        throw thrown;
      } finally {
        granted.release();
      }
    });
  };
}

/** `canon task.cancel`. */
export function taskCancel(task: Task): undefined {
  if (!task.lift.options.async) trap("cancelled a function that is not asynchronous");
  task.cancel();
}

/** `canon context.get` and `context.set`. */
export function contextFunction({
  kind,
  slot,
  type,
}: Extract<PlanCoreFunction, { readonly kind: "context.get" | "context.set" }>): CanonFunction {
  if (kind === "context.set") {
    return (task, [value]) => {
      task.storage[slot] = typeof value === "bigint" ? value : BigInt(value ?? 0);
      return undefined;
    };
  }
  return (task) => {
    const value = task.storage[slot] ?? 0n;
    return type === "i64" ? value : Number(BigInt.asIntN(32, value));
  };
}

/** `canon backpressure.set`, `backpressure.inc` and `backpressure.dec`. */
export function backpressureFunction(
  { stateOf, scheduler }: EngineParts,
  { kind, instance }: { readonly kind: string; readonly instance: number },
): CanonFunction {
  const state = stateOf(instance);
  return (_task, [flag]) => {
    if (kind === "backpressure.set") {
      state.backpressure = flag === 0 ? 0 : 1;
    } else {
      state.backpressure += kind === "backpressure.inc" ? 1 : -1;
      if (state.backpressure < 0 || state.backpressure > MAX_BACKPRESSURE) trap("counted backpressure out of range");
    }
    scheduler.stir();
    return undefined;
  };
}

/** `canon thread.yield`. */
export function threadYield({ scheduler }: EngineParts, cancellable: boolean): CanonFunction {
  return (task) => {
    if (!task.mayBlock) return 0;
    if (task.deliversCancel(cancellable)) return 1;
    return scheduler.suspend({ task, isReady: () => true, cancellable }, (cancelled) => (cancelled ? 1 : 0));
  };
}

/** `canon subtask.cancel`. */
export function subtaskCancel(
  { scheduler, stateOf }: EngineParts,
  { instance, async: isAsync }: { readonly instance: number; readonly async: boolean },
): CanonFunction {
  const state = stateOf(instance);
  return (task, [index]) => {
    if (!task.mayBlock && !isAsync) trap("waits in a function that may not");
    const subtask = state.handles.get(Number(index) >>> 0, Subtask, "a subtask");
    if (subtask.isDelivered) trap("cancelled a subtask of whose end it was told");
    if (subtask.cancellationRequested) trap("cancelled a subtask twice");
    if (!isAsync && subtask.set !== undefined) trap("waits for a subtask that is in a waitable set");
    const finish = (): CoreValue => {
      subtask.takePending();
      return subtask.state;
    };
    if (subtask.isResolved) return finish();
    subtask.cancellationRequested = true;
    const { callee } = subtask;
    // A stack of the callee's goes on in a later microtask: this one has to be suspended by then.
    const settled = scheduler.suspend(
      { task, isReady: () => (isAsync ? !isRunning(callee) : subtask.isResolved), cancellable: false },
      () => (subtask.isResolved ? finish() : BLOCKED),
    );
    callee?.requestCancellation();
    return settled;
  };
}

function isRunning(callee: unknown): boolean {
  return (callee as { readonly isRunning?: boolean } | undefined)?.isRunning === true;
}

/** `canon subtask.drop`. */
export function subtaskDrop({ stateOf }: EngineParts, instance: number): CanonFunction {
  const state = stateOf(instance);
  return (_task, [given]) => {
    const index = Number(given) >>> 0;
    const subtask = state.handles.get(index, Subtask, "a subtask");
    if (!subtask.isDelivered) trap("dropped a subtask before it was told of its end");
    state.handles.remove(index);
    subtask.join(undefined);
    return undefined;
  };
}
