import { CordonError } from "../../shared/errors.ts";
import { type ElementValues, partType, type StreamType } from "./element-values.ts";
import { WantedPromise } from "./wanted-promise.ts";

/**
 * What a guest writes for the embedder, from the side that reads: a web stream, or a promise. Who says what comes may have been taken
 * over by hostile code: it gives a part when one was asked for, and at no other time.
 */
export class TakenEnd {
  readonly #closed: () => void;
  #type: StreamType | undefined;
  #values: ElementValues | undefined;
  #controller: ReadableStreamDefaultController | undefined;
  #promise: PromiseWithResolvers<unknown> | undefined;
  /** Answers whether more is wanted. */
  #asking: ((isWanted: boolean) => void) | undefined;
  #watching: (() => void) | undefined;
  /** Resolves when a part has come that was asked for. */
  #wanted: (() => void) | undefined;
  #isAnswered = false;
  /** Whether it ended before the embedder had it. */
  #hasEnded = false;
  #isClosed = false;

  /** @param closed Told when there is nothing more to come. */
  constructor(closed: () => void) {
    this.#closed = closed;
  }

  /** Whether the embedder has it, and reads it. */
  get isOpen(): boolean {
    return this.#type !== undefined && !this.#isClosed;
  }

  get isTaken(): boolean {
    return this.#type !== undefined;
  }

  /** What the embedder reads. */
  take(type: StreamType, values: ElementValues): ReadableStream | Promise<unknown> {
    this.#type = type;
    this.#values = values;
    if (type.kind === "future") {
      this.#promise = Promise.withResolvers();
      const promise = WantedPromise.of(this.#promise.promise, () => void this.#pull());
      // Nobody may wait for it.
      void Promise.prototype.then.call(promise, undefined, () => undefined);
      if (this.#hasEnded) this.fail(outOfTurn());
      return promise;
    }
    return new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
          if (this.#hasEnded) this.#last(undefined);
        },
        pull: () => this.#pull(),
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    );
  }

  /** The embedder reads no more. Ends what the other side waits for. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#asking?.(false);
    this.#watching?.();
    this.#wanted?.();
    this.#closed();
  }

  /** There will be nothing more, for this reason. */
  fail(reason: CordonError): void {
    if (this.#isClosed) return;
    this.#controller?.error(reason);
    this.#promise?.reject(reason);
    this.close();
  }

  /** Resolves when it is closed. */
  watch(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#watching;
    if (before !== undefined) throw outOfTurn();
    this.#watching = resolve;
    return promise;
  }

  /** Something comes from the guest. Resolves when it is known whether more is wanted. */
  put(items: unknown, isLast: boolean): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    try {
      if (isLast) this.#last(items);
      else if (items !== undefined) this.#part(items);
    } catch (thrown) {
      this.fail(thrown instanceof CordonError ? thrown : outOfTurn());
    }
    if (this.#isClosed || isLast) return Promise.resolve(false);
    if (this.#asking !== undefined) throw outOfTurn();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#asking = resolve;
    if (this.#wanted !== undefined) this.#answer();
    return promise;
  }

  #pull(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wanted = resolve;
    if (this.#asking !== undefined) this.#answer();
    return promise;
  }

  #answer(): void {
    const asking = this.#asking;
    this.#asking = undefined;
    this.#isAnswered = true;
    asking?.(true);
  }

  /** A part that was asked for. */
  #part(items: unknown): void {
    if (!this.#isAnswered || this.#controller === undefined || this.#type === undefined || this.#values === undefined) {
      throw outOfTurn();
    }
    this.#isAnswered = false;
    const { element } = this.#type;
    const numbers = partType(this.#type);
    const parts: unknown[] = [];
    if (element === undefined) {
      if (typeof items !== "number" || !(items >= 1 && items <= MAX_EMPTY)) throw outOfTurn();
      for (let count = 0; count < items; count += 1) parts.push(undefined);
    } else if (numbers !== undefined) {
      parts.push(this.#values.take(items, numbers));
    } else {
      parts.push(...(this.#values.take(items, { kind: "list", element }) as unknown[]));
    }
    for (const part of parts) this.#controller.enqueue(part);
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }

  #last(items: unknown): void {
    if (this.#type === undefined) {
      this.#hasEnded = true;
      return;
    }
    const { element } = this.#type;
    if (this.#promise !== undefined) {
      if (!this.#isAnswered) throw outOfTurn();
      this.#promise.resolve(element === undefined ? undefined : this.#values?.take(items, element));
    } else {
      this.#controller?.close();
    }
    this.close();
  }
}

/** The most elements without content that come at once. */
const MAX_EMPTY = 65_536;

function outOfTurn(): CordonError {
  return new CordonError("host", "Cannot take a part of a stream: its guest's side said what none says");
}
