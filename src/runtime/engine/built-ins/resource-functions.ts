import type { PlanCoreFunction } from "../../../shared/plan/plan.ts";
import type { CoreValue } from "../../abi/core-values.ts";
import { trap } from "../../abi/trap.ts";
import type { ComponentState } from "../component-state.ts";
import { liftSignature } from "../core-signature.ts";
import type { CanonFunction, CoreAnswer, EngineParts } from "../engine-parts.ts";
import { ResourceHandle } from "../handles/resource-handle.ts";
import type { Task } from "../tasks/task.ts";

type ResourceFunction = Extract<PlanCoreFunction, { readonly kind: "resource.new" | "resource.rep" | "resource.drop" }>;

/** `canon resource.new`, `resource.rep` and `resource.drop`. */
export function resourceFunction(parts: EngineParts, { kind, resource, instance }: ResourceFunction): CanonFunction {
  const state = parts.stateOf(instance);
  switch (kind) {
    case "resource.new":
      return (_task, [rep]) => state.handles.add(new ResourceHandle(resource, rep));
    case "resource.rep":
      return (_task, [index]) => handleAt(state, index, resource).rep as CoreValue;
    case "resource.drop":
      return (task, [index]) => drop(parts, task, { state, resource, index: Number(index) >>> 0 });
  }
}

function handleAt(state: ComponentState, given: CoreValue | undefined, resource: number): ResourceHandle {
  const index = Number(given) >>> 0;
  const handle = state.handles.get(index, ResourceHandle, "a resource");
  if (handle.resource !== resource) trap(`passed ${index}, which is a handle of another resource`);
  return handle;
}

function drop(
  parts: EngineParts,
  task: Task,
  { state, resource, index }: { readonly state: ComponentState; readonly resource: number; readonly index: number },
): CoreAnswer {
  const handle = handleAt(state, index, resource);
  if (handle.lends > 0) trap("dropped a handle that is lent");
  state.handles.remove(index);
  if (handle.scope !== undefined) {
    handle.scope.borrows -= 1;
    return undefined;
  }
  if (parts.values.definerOf(resource) === undefined) {
    parts.environment.dispose(handle.rep);
    return undefined;
  }
  return destroy(parts, task, { state, resource, rep: handle.rep as CoreValue });
}

/** Runs the destructor that the defining component gave its resource, if any. */
function destroy(
  { prepared, tasks, items, scheduler, values }: EngineParts,
  task: Task,
  { state, resource, rep }: { readonly state: ComponentState; readonly resource: number; readonly rep: CoreValue },
): CoreAnswer {
  const destructor = prepared.destructor(resource);
  if (destructor === undefined) return undefined;
  if (values.definerOf(resource) === state) {
    const callee = items.function(destructor.core);
    if (!state.maySuspend) {
      callee(rep);
      return undefined;
    }
    let isOver = false;
    tasks.run(task, callee, { values: [rep], signature: liftSignature(destructor), isNested: true }, () => {
      isOver = true;
    });
    if (isOver) return undefined;
    return scheduler.suspend({ task, isReady: () => isOver, cancellable: false }, () => undefined);
  }
  let isResolved = false;
  tasks.start(destructor, task, {
    start: () => [rep],
    resolve: () => {
      isResolved = true;
    },
    exit: () => undefined,
  });
  if (isResolved) return undefined;
  return scheduler.suspend({ task, isReady: () => isResolved, cancellable: false }, () => undefined);
}
