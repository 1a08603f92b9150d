import type { StreamPart } from "../../runtime/engine/streams/messages.ts";
import { messageOf } from "../../shared/errors.ts";
import { type ElementValues, partType, type StreamType } from "./element-values.ts";

/** The most bytes of one part that a guest is given. */
const MAX_PART_BYTES = 65_536;

/** How much of an error's message is passed on, in UTF-16 code units. */
const MAX_REASON = 1_000;

/** A stream or promise of the embedder's that a guest reads. */
export interface GivenEnd {
  /** The next part, when there is one. Never rejects. */
  readonly next: () => Promise<StreamPart>;
  /** Nobody reads it any more. */
  readonly cancel: (reason: unknown) => void;
  /** The guest was not given it. */
  readonly giveBack: () => void;
}

/** A web stream. It is locked until the guest has read it. */
export class GivenStream implements GivenEnd {
  readonly #reader: ReadableStreamDefaultReader;
  readonly #type: StreamType;
  readonly #values: ElementValues;
  #rest: ArrayBufferView | undefined;

  constructor(reader: ReadableStreamDefaultReader, type: StreamType, values: ElementValues) {
    this.#reader = reader;
    this.#type = type;
    this.#values = values;
  }

  async next(): Promise<StreamPart> {
    if (this.#rest !== undefined) return this.#cut(this.#rest);
    try {
      const { done, value } = (await this.#reader.read()) as { readonly done: boolean; readonly value?: unknown };
      return done ? { isLast: true, problem: undefined } : this.#part(value);
    } catch (thrown) {
      this.cancel(thrown);
      return { isLast: true, problem: `a stream of the embedder's failed: ${reasonOf(thrown)}` };
    }
  }

  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => undefined);
  }

  giveBack(): void {
    this.#reader.releaseLock();
  }

  #part(value: unknown): StreamPart {
    const { element } = this.#type;
    if (element === undefined) return { isLast: false, items: 1 };
    const numbers = partType(this.#type);
    if (numbers === undefined) return { isLast: false, items: [this.#values.give(value, element)] };
    const list = this.#values.give(value, numbers);
    // Elements that were given as an ordinary list are few, or the embedder's own affair.
    return ArrayBuffer.isView(list) ? this.#cut(list) : { isLast: false, items: list };
  }

  #cut(list: ArrayBufferView): StreamPart {
    const whole = list as Uint8Array;
    const most = MAX_PART_BYTES / whole.BYTES_PER_ELEMENT;
    this.#rest = whole.length > most ? whole.subarray(most) : undefined;
    // A copy of its own: what is left stays here.
    return { isLast: false, items: whole.slice(0, most) };
  }
}

/** A promise. */
export class GivenFuture implements GivenEnd {
  readonly #promise: Promise<unknown>;
  readonly #type: StreamType;
  readonly #values: ElementValues;

  constructor(promise: Promise<unknown>, type: StreamType, values: ElementValues) {
    this.#promise = promise;
    this.#type = type;
    this.#values = values;
    // It may be that the guest never asks.
    promise.catch(() => undefined);
  }

  async next(): Promise<StreamPart> {
    const { element } = this.#type;
    try {
      const value = await this.#promise;
      return { isLast: false, items: element === undefined ? 1 : [this.#values.give(value, element)] };
    } catch (thrown) {
      return { isLast: true, problem: `a promise of the embedder's failed: ${reasonOf(thrown)}` };
    }
  }

  cancel(): void {
    // A promise goes on.
  }

  giveBack(): void {
    // It was not taken.
  }
}

/** What was thrown, on one line; it may be anything. */
function reasonOf(thrown: unknown): string {
  try {
    return messageOf(thrown).slice(0, MAX_REASON).toWellFormed().replaceAll(/\s+/g, " ");
  } catch {
    return "for no reason that can be told";
  }
}
