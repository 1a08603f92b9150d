import { trap } from "../../abi/trap.ts";
import type { ComponentState } from "../component-state.ts";
import type { PreparedLift } from "../prepared-plan.ts";
import type { Scheduler, Waiter } from "./scheduler.ts";
import type { Callee } from "./subtask.ts";

/** How far a task is with being cancelled or resolved: `Task.State` of the Canonical ABI. */
type TaskState = "initial" | "cancel-pending" | "cancel-delivered" | "resolved";

/** What becomes of a task is told to who called. */
export interface TaskEnds {
  /** Gives the parameters, when it starts. */
  readonly start: () => unknown[];
  /** Takes its result, once; undefined when it was cancelled. */
  readonly resolve: (results: readonly unknown[] | undefined) => void;
  /** It does not run any more, and resolved before. */
  readonly exit: () => void;
}

/** One call of a function that a component instance lifts: `Task` of the Canonical ABI. */
export class Task implements Callee {
  readonly lift: PreparedLift;
  readonly state: ComponentState;
  /** Who called; absent for the embedder. */
  readonly caller: Task | undefined;
  /** Numbers that the guest keeps for itself: `context.get` and `context.set`. */
  readonly storage: bigint[] = [0n, 0n];
  /** Handles that it was lent and has not dropped. */
  borrows = 0;
  /** What waits for its stack, or for its turn to enter, when it may be cancelled there. */
  waiter: Waiter | undefined;
  isWaitingToEnter = false;
  /** Whether its code runs, or was interrupted in the middle: it neither waits nor has ended. */
  isRunning = false;
  /** How often code of it was suspended. Who calls it sees by that whether it has come to its end. */
  suspensions = 0;
  readonly #ends: TaskEnds;
  readonly #scheduler: Scheduler;
  #state: TaskState = "initial";

  constructor(
    lift: PreparedLift,
    state: ComponentState,
    caller: Task | undefined,
    { ends, scheduler }: { readonly ends: TaskEnds; readonly scheduler: Scheduler },
  ) {
    this.lift = lift;
    this.state = state;
    this.caller = caller;
    this.#ends = ends;
    this.#scheduler = scheduler;
  }

  /** Whether its code runs only while no other's does that needs the same. */
  get needsExclusive(): boolean {
    const { async, callback } = this.lift.options;
    return !async || callback !== undefined;
  }

  /** Whether it may wait: a function that is not declared `async` only when it has answered. */
  get mayBlock(): boolean {
    return this.lift.shape.async || this.#state === "resolved";
  }

  get isResolved(): boolean {
    return this.#state === "resolved";
  }

  /** Gives its parameters. */
  start(): unknown[] {
    return this.#ends.start();
  }

  /** It answers. */
  resolve(results: readonly unknown[]): void {
    if (this.#state === "resolved") trap("returned from a task twice");
    if (this.borrows > 0) trap("returned while it held handles that it was lent");
    this.#state = "resolved";
    this.#ends.resolve(results);
    this.#scheduler.stir();
  }

  /** It ends without an answer, as it was asked to. */
  cancel(): void {
    if (this.#state !== "cancel-delivered") trap("cancelled a task that nobody asked it to");
    if (this.borrows > 0) trap("ended while it held handles that it was lent");
    this.#state = "resolved";
    this.#ends.resolve(undefined);
    this.#scheduler.stir();
  }

  /** Its code has come to its end. */
  exit(): void {
    this.isRunning = false;
    if (this.#state !== "resolved") trap("ended a task without an answer");
    this.#ends.exit();
    this.#scheduler.stir();
  }

  /** Whether it is told now that it is to be cancelled, where it may be. */
  deliversCancel(cancellable: boolean): boolean {
    if (!cancellable || this.#state !== "cancel-pending") return false;
    this.#state = "cancel-delivered";
    return true;
  }

  requestCancellation(): void {
    const { waiter, state } = this;
    if (waiter !== undefined && this.isWaitingToEnter) {
      this.#state = "cancel-delivered";
      this.#resumeCancelled(waiter);
      return;
    }
    const isFree = !this.needsExclusive || state.exclusive === undefined || state.exclusive === this;
    if (isFree && waiter?.cancellable === true) {
      this.#state = "cancel-delivered";
      this.#resumeCancelled(waiter);
      return;
    }
    this.#state = "cancel-pending";
  }

  /** A stack goes on in the next microtask: who asked has to be suspended by then. */
  #resumeCancelled(waiter: Waiter): void {
    const scheduler = this.#scheduler;
    scheduler.forget(waiter);
    this.waiter = undefined;
    const before = scheduler.current;
    scheduler.current = this;
    waiter.resume(true);
    if (!waiter.onStack) scheduler.current = before;
  }
}
