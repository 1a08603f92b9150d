import type { Transferable } from "node:worker_threads";
import { onAbort } from "../../shared/on-abort.ts";
import { isBulky, pack } from "../crossings/parcel.ts";
import { INVOCATION_ENDED } from "../invocation-ended.ts";
import type { FromWorker, Told, ToWorker } from "../messages.ts";

/** A question that was asked. */
interface OpenAsk {
  readonly answer: PromiseWithResolvers<unknown>;
  readonly stopListening: () => void;
}

/** What the host functions of this worker ask of the thread that embeds Cordon, and its answers. */
export class Asks {
  readonly #post: (message: FromWorker, transfer: readonly Transferable[]) => void;
  readonly #open = new Map<number, OpenAsk>();
  /** What was told in this turn of the event loop, by ticket. */
  readonly #told = new Map<number, Told[]>();
  #last = 0;

  constructor(post: (message: FromWorker, transfer: readonly Transferable[]) => void) {
    this.#post = post;
  }

  /**
   * Asks, and waits for the answer. Rejects when the other side fails, and as soon as the signal is aborted. Large lists of numbers in the
   * payload are handed over, and empty from then on. Nothing here holds the payload while the answer is waited for.
   */
  ask(ticket: number, service: string, payload: unknown, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return Promise.reject(INVOCATION_ENDED);
    this.#last += 1;
    const ask = this.#last;
    const answer = Promise.withResolvers<unknown>();
    const stopListening = onAbort(signal, () => this.#take(ask)?.reject(INVOCATION_ENDED));
    this.#open.set(ask, { answer, stopListening });
    try {
      const packed = isBulky(payload) ? pack(payload) : undefined;
      const sent = { payload: packed?.parcel ?? payload, isParcel: packed !== undefined };
      this.#post({ type: "ask", ticket, ask, service, ...sent }, packed?.transfer ?? []);
    } catch (thrown) {
      this.#take(ask)?.reject(thrown);
    }
    return answer.promise;
  }

  /**
   * Tells the other side something, and does not hear what came of it. It is sent in the next turn of the event loop, if not with the end
   * of the invocation before that: a message between threads costs as much as a small guest.
   */
  tell(ticket: number, service: string, payload: unknown): void {
    if (this.#told.size === 0) setImmediate(() => this.#flush());
    const told = this.#told.get(ticket);
    if (told === undefined) this.#told.set(ticket, [{ service, payload }]);
    else told.push({ service, payload });
  }

  /** What was told for an invocation and not sent. It is the caller's to send. */
  takeTold(ticket: number): readonly Told[] {
    const told = this.#told.get(ticket) ?? [];
    this.#told.delete(ticket);
    return told;
  }

  #flush(): void {
    for (const ticket of this.#told.keys()) this.#post({ type: "told", ticket, told: this.takeTold(ticket) }, []);
  }

  /** Hands an answer on; one that nobody waits for any more is dropped. */
  answer({ ask, failed, value }: Extract<ToWorker, { type: "answer" }>): void {
    const open = this.#take(ask);
    if (failed) open?.reject(new Error("the embedder could not answer"));
    else open?.resolve(value);
  }

  /** What waits for the answer, which it is about to get. */
  #take(ask: number): PromiseWithResolvers<unknown> | undefined {
    const open = this.#open.get(ask);
    if (open === undefined) return undefined;
    this.#open.delete(ask);
    open.stopListening();
    return open.answer;
  }
}
