import type { Plan, PlanCoreFunction } from "../../../shared/plan/plan.ts";

/**
 * Which component instances may have their stacks suspended: by a call of the host that waits, by waiting for an event, or by
 * calling another that may. Only those pay for it. Core code reaches nothing but the `canon` functions of its own component
 * instance, so nothing smaller has to be looked at.
 *
 * @param blocks Whether the host's function of that path may answer later.
 */
export function maySuspend(plan: Plan, blocks: (path: readonly string[]) => boolean): readonly boolean[] {
  const may = plan.componentInstances.map(() => false);
  for (let hasChanged = true; hasChanged;) {
    hasChanged = false;
    for (const core of plan.coreFunctions) {
      if (may[core.instance] === true || !coreMaySuspend(plan, core, may, blocks)) continue;
      may[core.instance] = true;
      hasChanged = true;
    }
  }
  return may;
}

/** Whether a `canon` function may suspend the stack that calls it, when these component instances may. */
export function coreMaySuspend(
  plan: Plan,
  core: PlanCoreFunction,
  may: readonly boolean[],
  blocks: (path: readonly string[]) => boolean,
): boolean {
  switch (core.kind) {
    case "lower": {
      const target = plan.functions[core.function];
      if (target === undefined) return false;
      const isAsync = plan.functionTypes[target.type]?.async === true;
      if (isAsync && !core.options.async) return true;
      if (target.from === "lift") return may[target.instance] === true;
      return !isAsync && blocks(target.path);
    }
    case "resource.drop": {
      const resource = plan.resources[core.resource];
      return resource?.from === "definition" && resource.destructor !== undefined && may[resource.instance] === true;
    }
    case "waitable-set.wait":
    case "thread.yield":
    case "subtask.cancel":
      return true;
    case "stream.read":
    case "stream.write":
    case "future.read":
    case "future.write":
      return !core.options.async;
    case "stream.cancel-read":
    case "stream.cancel-write":
    case "future.cancel-read":
    case "future.cancel-write":
      return !core.async;
    default:
      return false;
  }
}
