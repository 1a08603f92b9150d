import type { HostContext } from "../../../capability.ts";
import { CLOSED } from "../../../io/stream-steps.ts";
import type { InputStream, StreamResult, Waitable } from "../../../io/streams.ts";
import { ok } from "../../../text.ts";
import { hasAnswer, untilAnswer } from "../body-meter.ts";
import type { ByteQueue } from "../byte-queue.ts";
import { type ErrorCode, internalCode, streamFailure } from "../error-code.ts";
import { Fields } from "../fields/fields.ts";

/** Where the bytes of an incoming body come from. */
export interface IncomingSource {
  readonly queue: ByteQueue;
  /** Called when the guest wants bytes: at first, and whenever some were taken from the queue. */
  readonly onRoom: () => void;
  /** The guest wants nothing more; what the source holds is let go. May be called at any time, and again. */
  readonly cancel: () => void;
}

/** A `wasi:http/types.incoming-body`. */
export class IncomingBody {
  readonly #context: HostContext;
  readonly #source: IncomingSource;
  #stream: IncomingBodyStream | undefined;
  #finished = false;

  constructor(context: HostContext, source: IncomingSource) {
    this.#context = context;
    this.#source = source;
  }

  /** The contents; `undefined` when they were asked for before. */
  stream(): InputStream | undefined {
    if (this.#stream !== undefined) return undefined;
    this.#stream = new IncomingBodyStream(this.#context, this.#source);
    this.#source.onRoom();
    return this.#stream;
  }

  /** Gives up what is left of the contents and waits for the trailers. Throws, which is a trap, while the stream is alive. */
  finish(): FutureTrailers {
    if (this.#stream?.open === true) throw new Error("Cannot finish an incoming body: its stream is still there");
    this.#finished = true;
    this.#source.queue.discard();
    this.#source.onRoom();
    return new FutureTrailers(this.#source);
  }

  [Symbol.dispose](): void {
    if (!this.#finished) this.#source.cancel();
  }
}

/** The contents of an incoming body. Charges the read meter for what is read. */
class IncomingBodyStream implements InputStream {
  readonly kind = "input-stream";
  readonly #context: HostContext;
  readonly #source: IncomingSource;
  #open = true;
  #failed = false;

  constructor(context: HostContext, source: IncomingSource) {
    this.#context = context;
    this.#source = source;
  }

  get open(): boolean {
    return this.#open;
  }

  ready(): boolean {
    const { size, readable } = this.#source.queue;
    return size > 0 ? hasAnswer(this.#context.meters.read) : readable || this.#isOver;
  }

  wait(signal: AbortSignal): Promise<void> {
    const { size, changed } = this.#source.queue;
    return size > 0 ? untilAnswer(this.#context.meters.read, signal) : changed.wait(signal);
  }

  read({ meters, limits }: HostContext, length: number): StreamResult<Uint8Array> {
    const { queue } = this.#source;
    if (this.#isOver) return CLOSED;
    if (length === 0) return ok(new Uint8Array(0));
    if (queue.size > 0) {
      const granted = meters.read.take(Math.min(length, queue.size));
      if (granted === 0 && meters.read.exhausted) {
        return this.#fail(internalCode(`the program has read the ${limits.maxReadBytes} bytes it may read`));
      }
      const bytes = queue.take(granted);
      meters.read.refund(granted - bytes.length);
      this.#source.onRoom();
      return ok(bytes);
    }
    if (queue.ending?.kind === "failed") return this.#fail(queue.ending.code);
    return queue.ending === undefined ? ok(new Uint8Array(0)) : CLOSED;
  }

  [Symbol.dispose](): void {
    this.#open = false;
  }

  get #isOver(): boolean {
    return this.#failed || !this.#open || this.#source.queue.abandoned;
  }

  #fail(code: ErrorCode): StreamResult<never> {
    this.#failed = true;
    return streamFailure(code);
  }
}

/** What `future-trailers.get` answers. */
type TrailersResult =
  | { readonly tag: "ok"; readonly val: { readonly tag: "ok"; readonly val: Fields | undefined } | Failed }
  | { readonly tag: "err"; readonly val: undefined };

interface Failed {
  readonly tag: "err";
  readonly val: ErrorCode;
}

/** A `wasi:http/types.future-trailers`. */
export class FutureTrailers implements Waitable {
  readonly #source: IncomingSource;
  #taken = false;

  constructor(source: IncomingSource) {
    this.#source = source;
  }

  ready(): boolean {
    return this.#source.queue.ending !== undefined || this.#source.queue.abandoned;
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#source.queue.changed.wait(signal);
  }

  /** The trailers, or why there are none; `undefined` as long as neither is known. An error the second time. */
  get(): TrailersResult | undefined {
    const { ending } = this.#source.queue;
    if (!this.ready()) return undefined;
    if (this.#taken) return { tag: "err", val: undefined };
    this.#taken = true;
    if (ending?.kind !== "end") {
      return { tag: "ok", val: { tag: "err", val: ending?.code ?? { tag: "HTTP-response-incomplete" } } };
    }
    const trailers =
      ending.trailers === undefined ? undefined : new Fields(ending.trailers.retain(), { mutable: false });
    return { tag: "ok", val: { tag: "ok", val: trailers } };
  }

  [Symbol.dispose](): void {
    this.#source.cancel();
  }
}
