import type { Charges, LiftContext, LowerContext, Receiver } from "../../abi/context.ts";
import { trap } from "../../abi/trap.ts";
import type { CoreValue } from "../../abi/core-values.ts";
import { CallHandles } from "./call-handles.ts";
import type { ComponentState } from "../component-state.ts";
import type { BoundOptions } from "../core-items.ts";
import type { HostValues } from "./host-values.ts";
import { INSTANTIATION } from "../tasks/instantiation-task.ts";
import type { Scheduler } from "../tasks/scheduler.ts";
import { Task } from "../tasks/task.ts";
import type { ValueOwner } from "./value-owner.ts";

/** Arguments of host functions are copied more often than results: for the host function, and when it is asked of another thread. */
const ARGUMENT_FACTOR = 2.5;

/** Makes what lifting and lowering need, for one invocation. */
export class ValueContexts {
  readonly #charges: Charges;
  readonly #argumentCharges: Charges;
  readonly #host: HostValues;
  readonly #scheduler: Scheduler;

  constructor(charges: Charges, host: HostValues, scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#charges = charges;
    this.#argumentCharges = {
      copy: (bytes) => charges.copy(bytes),
      make: (bytes) => charges.make(ARGUMENT_FACTOR * bytes),
      work: (bytes) => charges.work(bytes),
    };
    this.#host = host;
  }

  lift(bound: BoundOptions, owner: ValueOwner, receiver: Receiver): LiftContext {
    bound.memory?.refresh();
    return {
      receiver,
      memory: bound.memory,
      encoding: bound.options.encoding,
      handles: new CallHandles(owner, receiver, this.#host),
      charges: receiver === "host-function" ? this.#argumentCharges : this.#charges,
    };
  }

  lower(bound: BoundOptions, owner: ValueOwner): LowerContext {
    const { memory, realloc, pointers } = bound;
    memory?.refresh();
    return {
      memory,
      encoding: bound.options.encoding,
      handles: new CallHandles(owner, "caller", this.#host),
      charges: this.#charges,
      realloc: (old, oldSize, align, size) => {
        if (realloc === undefined || memory === undefined) return trap("takes values in memory without making room");
        const { toCore, of } = pointers;
        const call = (): CoreValue | undefined => realloc(toCore(old), toCore(oldSize), toCore(align), toCore(size));
        const at = of(this.#byItself(owner.state, call) ?? 0);
        memory.refresh();
        memory.check(at, size, align);
        return at;
      },
    };
  }

  /**
   * Calls `realloc`, as a task of its own of the component instance whose it is, with none of another's: nothing of the task whose
   * values are passed can be seen or answered there, and nothing can be called that leaves the instance.
   */
  #byItself<T>(state: ComponentState, call: () => T): T {
    const scheduler = this.#scheduler;
    const { mayLeave } = state;
    const before = scheduler.current;
    state.mayLeave = false;
    scheduler.current = new Task(INSTANTIATION, state, undefined, { ends: INSTANTIATION.ends, scheduler });
    try {
      return call();
    } finally {
      scheduler.current = before;
      state.mayLeave = mayLeave;
    }
  }
}
