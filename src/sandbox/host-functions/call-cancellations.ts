/** Which calls of asynchronous functions are under way for an invocation, so that the guest can cancel each. */
export class CallCancellations {
  readonly #open = new Map<number, AbortController>();

  /** A call begins; its number is the guests' side's. Undefined where there is one of that number already. */
  begin(call: unknown): AbortSignal | undefined {
    if (typeof call !== "number" || !Number.isSafeInteger(call) || this.#open.has(call)) return undefined;
    const controller = new AbortController();
    this.#open.set(call, controller);
    return controller.signal;
  }

  end(call: unknown): void {
    this.#open.delete(call as number);
  }

  /** The guest has cancelled a call. One that has ended is past that. */
  cancel(call: unknown): void {
    this.#open.get(call as number)?.abort(new DOMException("The guest has cancelled the call", "AbortError"));
  }
}
