import type { PlanCoreFunction } from "../../../shared/plan/plan.ts";
import { cancelFunction, copyFunction, endFunction } from "./copy-functions.ts";
import type { CanonFunction, EngineParts } from "../engine-parts.ts";
import { errorDrop, errorFunction } from "./error-functions.ts";
import { lowered } from "../lower.ts";
import { resourceFunction } from "./resource-functions.ts";
import {
  backpressureFunction,
  contextFunction,
  subtaskCancel,
  subtaskDrop,
  taskCancel,
  taskReturn,
  threadYield,
} from "./task-functions.ts";
import { waitableFunction, waitFunction } from "./waitable-functions.ts";

/** Functions that a component instance may call even while values are lowered into it. */
const ALWAYS_ALLOWED: ReadonlySet<string> = new Set([
  "resource.rep",
  "context.get",
  "context.set",
  "backpressure.set",
  "backpressure.inc",
  "backpressure.dec",
]);

/** Whether a `canon` function traps while its component instance may not leave. */
export function leaves(core: PlanCoreFunction): boolean {
  return !ALWAYS_ALLOWED.has(core.kind);
}

/** The work of a `canon` function. */
export function canonFunction(parts: EngineParts, core: PlanCoreFunction): CanonFunction {
  switch (core.kind) {
    case "lower":
      return lowered(parts, core);
    case "resource.new":
    case "resource.rep":
    case "resource.drop":
      return resourceFunction(parts, core);
    case "task.return":
      return taskReturn(parts, core);
    case "task.cancel":
      return taskCancel;
    case "context.get":
    case "context.set":
      return contextFunction(core);
    case "backpressure.set":
    case "backpressure.inc":
    case "backpressure.dec":
      return backpressureFunction(parts, core);
    case "thread.yield":
      return threadYield(parts, core.cancellable);
    case "subtask.cancel":
      return subtaskCancel(parts, core);
    case "subtask.drop":
      return subtaskDrop(parts, core.instance);
    case "waitable-set.wait":
    case "waitable-set.poll":
      return waitFunction(parts, core);
    case "waitable-set.new":
    case "waitable-set.drop":
    case "waitable.join":
      return waitableFunction(parts, core);
    case "stream.new":
    case "stream.drop-readable":
    case "stream.drop-writable":
    case "future.new":
    case "future.drop-readable":
    case "future.drop-writable":
      return endFunction(parts, core);
    case "stream.read":
    case "stream.write":
    case "future.read":
    case "future.write":
      return copyFunction(parts, core);
    case "stream.cancel-read":
    case "stream.cancel-write":
    case "future.cancel-read":
    case "future.cancel-write":
      return cancelFunction(parts, core);
    case "error-context.new":
    case "error-context.debug-message":
      return errorFunction(parts, core);
    case "error-context.drop":
      return errorDrop(parts, core.instance);
  }
}
