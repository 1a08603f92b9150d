import { type Event, EVENT, Waitable } from "./waitable.ts";
import type { ResourceHandle } from "./resource-handle.ts";

/** How far a call has come, as its caller knows it: `Subtask.State` of the Canonical ABI. */
export const SUBTASK = {
  starting: 0,
  started: 1,
  returned: 2,
  cancelledBeforeStarted: 3,
  cancelledBeforeReturned: 4,
} as const;

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
  #lenders: ResourceHandle[] | undefined = [];

  get isResolved(): boolean {
    return this.state >= SUBTASK.returned;
  }

  /** Whether the caller has been told of its end. */
  get isDelivered(): boolean {
    return this.#lenders === undefined;
  }

  /** A handle is lent to the call, to its end. */
  lend(handle: ResourceHandle): void {
    handle.lends += 1;
    this.#lenders?.push(handle);
  }

  /** The caller is told of its end: what was lent is its own again. */
  deliver(): void {
    for (const handle of this.#lenders ?? []) handle.lends -= 1;
    this.#lenders = undefined;
  }

  /** Has the caller told how far it has come. */
  notify(): void {
    this.setPending((): Event => {
      if (this.isResolved && !this.isDelivered) this.deliver();
      return [EVENT.subtask, this.index, this.state];
    });
  }
}
