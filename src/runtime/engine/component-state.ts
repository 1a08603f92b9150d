import { HandleTable, type TableBudget } from "./handles/handle-table.ts";
import type { Task } from "./tasks/task.ts";

/** A component instance of an invocation, as far as the Canonical ABI keeps a state of it. */
export class ComponentState {
  readonly index: number;
  readonly parent: ComponentState | undefined;
  readonly handles: HandleTable;
  /** Whether code that it runs may wait for something, so that its stack has to be one that can be suspended. */
  readonly maySuspend: boolean;
  /** Whether it may call what it imports; not while values are lowered into it. */
  mayLeave = true;
  /** How often it has said that no new task may start. */
  backpressure = 0;
  /** The task that alone may run its code, among those that do not take turns within it. */
  exclusive: Task | undefined;
  waitingToEnter = 0;

  constructor(index: number, parent: ComponentState | undefined, budget: TableBudget, maySuspend: boolean) {
    this.index = index;
    this.parent = parent;
    this.handles = new HandleTable(budget);
    this.maySuspend = maySuspend;
  }

  /** Whether it is the other, or the other is within it. */
  contains(other: ComponentState): boolean {
    for (let inner: ComponentState | undefined = other; inner !== undefined; inner = inner.parent) {
      if (inner === this) return true;
    }
    return false;
  }
}
