import type { CoreValue } from "../abi/core-values.ts";
import type { ComponentState } from "./component-state.ts";
import type { CoreItems } from "./core-items.ts";
import type { EngineEnvironment, HostImport } from "./environment.ts";
import type { HostValues } from "./handles/host-values.ts";
import type { PreparedPlan } from "./prepared-plan.ts";
import type { Scheduler } from "./tasks/scheduler.ts";
import type { Task } from "./tasks/task.ts";
import type { Tasks } from "./tasks/tasks.ts";
import type { ValueContexts } from "./handles/value-contexts.ts";

/** What a `canon` function answers: nothing, a value, or a promise for which the engine suspends the stack. */
export type CoreAnswer = CoreValue | undefined | Promise<CoreValue | undefined>;

/** A `canon` function's work, for the task whose code calls it. */
export type CanonFunction = (task: Task, given: readonly CoreValue[]) => CoreAnswer;

/** What the `canon` functions of one instance of a program share. */
export interface EngineParts {
  readonly environment: EngineEnvironment;
  readonly prepared: PreparedPlan;
  readonly scheduler: Scheduler;
  readonly items: CoreItems;
  readonly contexts: ValueContexts;
  readonly tasks: Tasks;
  readonly values: HostValues;
  readonly stateOf: (instance: number) => ComponentState;
  readonly hostImport: (path: readonly string[]) => HostImport;
}
