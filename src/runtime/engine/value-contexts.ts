import type { Charges, LiftContext, LowerContext, Receiver } from "../abi/context.ts";
import { trap } from "../abi/trap.ts";
import { CallHandles } from "./call-handles.ts";
import type { BoundOptions } from "./core-items.ts";
import type { HostValues } from "./host-values.ts";
import type { ValueOwner } from "./value-owner.ts";

/** Arguments of host functions are copied more often than results: for the host function, and when it is asked of another thread. */
const ARGUMENT_FACTOR = 2.5;

/** Makes what lifting and lowering need, for one invocation. */
export class ValueContexts {
  readonly #charges: Charges;
  readonly #argumentCharges: Charges;
  readonly #host: HostValues;

  constructor(charges: Charges, host: HostValues) {
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
        const at = of(realloc(toCore(old), toCore(oldSize), toCore(align), toCore(size)) ?? 0);
        memory.refresh();
        memory.check(at, size, align);
        return at;
      },
    };
  }
}
