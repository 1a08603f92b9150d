import type { HandleTable } from "../handles/handle-table.ts";
import { type Event, EVENT, Waitable } from "./waitable.ts";
import type { ResourceHandle } from "../handles/resource-handle.ts";

/** How far a call has come, as its caller knows it: `Subtask.State` of the Canonical ABI. */
export const SUBTASK = {
  starting: 0,
  started: 1,
  returned: 2,
  cancelledBeforeStarted: 3,
  cancelledBeforeReturned: 4,
} as const;

/** How many handles are lent to a call without being counted as held: those of most calls. */
const FREE_LENDS = 16;

/** What is called: a task of a component instance, or a function of the host's. */
export interface Callee {
  /** Asks it to end early. It may, or may not. */
  readonly requestCancellation: () => void;
}

/** A call from the side of who called. */
export class Subtask extends Waitable {
  state: number = SUBTASK.starting;
  callee: Callee | undefined;
  cancellationRequested = false;
  /** Where it is in the caller's table, once it is. */
  index = 0;
  /** How often each handle is lent. */
  #lenders: Map<ResourceHandle, number> | undefined;
  #isDelivered = false;
  #table: HandleTable | undefined;

  get isResolved(): boolean {
    return this.state >= SUBTASK.returned;
  }

  /** Whether the caller has been told of its end. */
  get isDelivered(): boolean {
    return this.#isDelivered;
  }

  /** A handle of the caller's table is lent to the call, to its end. */
  lend(handle: ResourceHandle, table: HandleTable): void {
    const lenders = (this.#lenders ??= new Map());
    const times = lenders.get(handle);
    if (times === undefined && lenders.size >= FREE_LENDS) table.hold();
    handle.lends += 1;
    lenders.set(handle, (times ?? 0) + 1);
    this.#table = table;
  }

  /** The caller is told of its end: what was lent is its own again. */
  deliver(): void {
    this.#isDelivered = true;
    const lenders = this.#lenders;
    if (lenders === undefined) return;
    this.#lenders = undefined;
    for (const [handle, times] of lenders) handle.lends -= times;
    this.#table?.letGo(lenders.size - FREE_LENDS);
  }

  /** Has the caller told how far it has come. */
  notify(): void {
    this.setPending((): Event => {
      if (this.isResolved && !this.isDelivered) this.deliver();
      return [EVENT.subtask, this.index, this.state];
    });
  }
}
