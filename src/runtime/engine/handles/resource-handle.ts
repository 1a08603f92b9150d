import type { Task } from "../tasks/task.ts";

/** A handle of a resource in the table of a component instance. */
export class ResourceHandle {
  /** The resource's type, by its index in the plan. */
  readonly resource: number;
  /** What it stands for: the number that the defining component chose, or an object of the host's. */
  readonly rep: unknown;
  /** The task whose end it must not outlive; absent for a handle that owns. */
  readonly scope: Task | undefined;
  /** How many calls it is lent to. */
  lends = 0;

  constructor(resource: number, rep: unknown, scope?: Task) {
    this.resource = resource;
    this.rep = rep;
    this.scope = scope;
  }

  get owns(): boolean {
    return this.scope === undefined;
  }
}

/** An error context: what a guest said of an error. */
export class ErrorContext {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}
