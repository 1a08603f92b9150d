import type { InstanceCall } from "../messages.ts";

/** The calls of an instance that stays, as they come. */
export class CallQueue {
  readonly #waiting: (InstanceCall | undefined)[] = [];
  #resume: ((call: InstanceCall | undefined) => void) | undefined;

  /** Adds a call; `undefined` is the last. */
  push(call: InstanceCall | undefined): void {
    const resume = this.#resume;
    this.#resume = undefined;
    if (resume === undefined) this.#waiting.push(call);
    else resume(call);
  }

  /** The next call, when it is there; `undefined` when there are no more. */
  next(): Promise<InstanceCall | undefined> {
    if (this.#waiting.length > 0) return Promise.resolve(this.#waiting.shift());
    const { promise, resolve } = Promise.withResolvers<InstanceCall | undefined>();
    this.#resume = resolve;
    return promise;
  }
}
