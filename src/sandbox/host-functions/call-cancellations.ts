import { onAbort } from "../../shared/on-abort.ts";

/** A call that is under way. */
interface OpenCall {
  readonly controller: AbortController;
  readonly stopListening: () => void;
}

/** Which calls of asynchronous functions are under way for an invocation, so that the guest can cancel each. */
export class CallCancellations {
  readonly #open = new Map<number, OpenCall>();

  /**
   * A call begins; its number is the guests' side's. Gives what is aborted when the guest cancels it, or its invocation ends. Undefined where
   * there is one of that number already.
   */
  begin(call: unknown, invocation: AbortSignal): AbortSignal | undefined {
    if (typeof call !== "number" || !Number.isSafeInteger(call) || this.#open.has(call)) return undefined;
    const controller = new AbortController();
    if (invocation.aborted) controller.abort(invocation.reason);
    const stopListening = onAbort(invocation, () => controller.abort(invocation.reason));
    this.#open.set(call, { controller, stopListening });
    return controller.signal;
  }

  end(call: unknown): void {
    this.#open.get(call as number)?.stopListening();
    this.#open.delete(call as number);
  }

  /** The guest has cancelled a call. One that has ended is past that. */
  cancel(call: unknown): void {
    this.#open
      .get(call as number)
      ?.controller.abort(new DOMException("The guest has cancelled the call", "AbortError"));
  }
}
