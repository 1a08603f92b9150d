import { refuseOtherReceivers } from "../own-receiver.ts";

/** @internal What is known of a handle. It does not lead to the handle, so that one which nobody has any more is noticed. */
export interface HandleState {
  /** What the instance knows it by. */
  readonly number: number;
  /** The resource's type, by its index in the plan. */
  readonly resource: number;
  /** What became of it: whether it can still be passed. */
  status: "held" | "disposed" | "handed-over";
  /** Lets go of it in the instance. */
  readonly release: () => void;
}

/**
 * A handle that an instance gave: what it stands for is in that instance, and stays there. It can be passed to functions of the instance
 * that take such a handle: those that borrow it leave it as it is, those that own it take it over, after which it is of no use.
 * Disposing of it runs the destructor that the guest gave the resource. It is of no use to any other instance, nor when its own is closed.
 */
export class GuestHandle implements Disposable {
  /** The name of its resource in WIT, such as `counter`. */
  readonly resource: string;
  readonly #state: HandleState;

  static {
    refuseOtherReceivers(GuestHandle, "handle", (self) => #state in self);
  }

  /** @internal Made by `GuestInstance`. */
  constructor(resource: string, state: HandleState) {
    this.resource = resource;
    this.#state = state;
  }

  /** @internal What is known of a value that is a handle; undefined for any other. Runs no code of it. */
  static stateOf(value: unknown): HandleState | undefined {
    return typeof value === "object" && value !== null && #state in value ? value.#state : undefined;
  }

  /**
   * Gives it up: the instance drops it, which runs the destructor, before its next call or as soon as no call runs. What the destructor
   * does is the instance's: a trap or a limit ends that. Safe to call more than once, and when it was handed over.
   */
  [Symbol.dispose](): void {
    const state = this.#state;
    if (state.status !== "held") return;
    state.status = "disposed";
    state.release();
  }
}
