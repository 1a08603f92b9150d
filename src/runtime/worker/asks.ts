import type { Transferable } from "node:worker_threads";
import { isBulky, pack } from "../crossings/parcel.ts";
import type { FromWorker, ToWorker } from "../messages.ts";

/** What the host functions of this worker ask of the thread that embeds Cordon, and its answers. */
export class Asks {
  readonly #post: (message: FromWorker, transfer: readonly Transferable[]) => void;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;

  constructor(post: (message: FromWorker, transfer: readonly Transferable[]) => void) {
    this.#post = post;
  }

  /**
   * Asks, and waits for the answer. Rejects when the other side fails, and as soon as the signal is aborted. Large lists of numbers in the
   * payload are handed over, and empty from then on.
   */
  async ask(ticket: number, service: string, payload: unknown, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) throw ended();
    this.#last += 1;
    const ask = this.#last;
    const answer = Promise.withResolvers<unknown>();
    const onAbort = (): void => answer.reject(ended());
    this.#open.set(ask, answer);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const packed = isBulky(payload) ? pack(payload) : undefined;
      const sent = { payload: packed?.parcel ?? payload, isParcel: packed !== undefined };
      this.#post({ type: "ask", ticket, ask, service, ...sent }, packed?.transfer ?? []);
      return await answer.promise;
    } finally {
      this.#open.delete(ask);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Hands an answer on; one that nobody waits for any more is dropped. */
  answer({ ask, failed, value }: Extract<ToWorker, { type: "answer" }>): void {
    const open = this.#open.get(ask);
    if (failed) open?.reject(new Error("the embedder could not answer"));
    else open?.resolve(value);
  }
}

function ended(): Error {
  return new Error("the invocation has ended");
}
