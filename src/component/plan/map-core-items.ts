import type {
  CanonOptions,
  CoreItem,
  Plan,
  PlanCoreFunction,
  PlanFunction,
  PlanResource,
} from "../../shared/plan/plan.ts";

/** What a core item is for. What an `option` names is looked up when a function is first called, the rest when it is used. */
export type ItemUse = "import" | "option" | "callee";

/** Gives what an item becomes. `step` is that of the import. */
type Change = (item: CoreItem, use: ItemUse, step: number) => CoreItem;

/** The plan with its core items changed. Steps, functions and resources keep their places. */
export function mapCoreItems(plan: Plan, change: Change): Plan {
  const option = (item: CoreItem | undefined): CoreItem | undefined =>
    item === undefined ? undefined : change(item, "option", -1);
  const callee = (item: CoreItem): CoreItem => change(item, "callee", -1);
  return {
    ...plan,
    resources: plan.resources.map((resource) => ofResource(resource, callee)),
    functions: plan.functions.map((fn) => ofFunction(fn, callee, option)),
    coreFunctions: plan.coreFunctions.map((core) => ofCoreFunction(core, option)),
    steps: plan.steps.map((step, at) =>
      step.step === "instantiate"
        ? {
            ...step,
            arguments: step.arguments.map((argument) => ({ ...argument, item: change(argument.item, "import", at) })),
          }
        : step,
    ),
  };
}

function ofResource(resource: PlanResource, callee: (item: CoreItem) => CoreItem): PlanResource {
  if (resource.from === "import" || resource.destructor === undefined) return resource;
  return { ...resource, destructor: callee(resource.destructor) };
}

type Option = (item: CoreItem | undefined) => CoreItem | undefined;

function ofFunction(fn: PlanFunction, callee: (item: CoreItem) => CoreItem, option: Option): PlanFunction {
  if (fn.from === "import") return fn;
  return { ...fn, core: callee(fn.core), options: ofOptions(fn.options, option) };
}

function ofCoreFunction(core: PlanCoreFunction, option: Option): PlanCoreFunction {
  if ("options" in core) return { ...core, options: ofOptions(core.options, option) };
  if (!("memory" in core)) return core;
  return { ...core, memory: option(core.memory) ?? core.memory };
}

function ofOptions(options: CanonOptions, option: Option): CanonOptions {
  const { memory, realloc, postReturn, callback, ...rest } = options;
  const named = Object.entries({ memory, realloc, postReturn, callback }).filter(([, item]) => item !== undefined);
  return { ...rest, ...Object.fromEntries(named.map(([name, item]) => [name, option(item)])) };
}
