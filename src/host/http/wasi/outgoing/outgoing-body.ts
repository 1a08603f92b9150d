import type { HostContext, HostResult } from "../../../capability.ts";
import { CLOSED } from "../../../io/stream-steps.ts";
import type { OutputStream, StreamResult } from "../../../io/streams.ts";
import { err, ok } from "../../../text.ts";
import { hasAnswer, untilAnswer, wouldGrant } from "../body-meter.ts";
import { ByteQueue } from "../byte-queue.ts";
import { type ErrorCode, internalCode, plainCode, streamFailure } from "../error-code.ts";
import type { Fields } from "../fields/fields.ts";
import { heldBytes } from "../held-bytes.ts";
import { observeLimit } from "../limit-event.ts";

/** Whose body it is. */
export type BodyRole = "request" | "response";

/** What the message says of its body. */
export interface OutgoingBodyOptions {
  readonly role: BodyRole;
  /** Its `content-length`, in bytes. */
  readonly declared: number | undefined;
}

/** The code of a body of a wrong size. */
export function bodySizeCode(role: BodyRole, bytes: number | undefined): ErrorCode {
  const tag = role === "request" ? "HTTP-request-body-size" : "HTTP-response-body-size";
  return { tag, val: bytes === undefined ? undefined : BigInt(bytes) };
}

/** The largest body of a role. */
function maxBodyBytes({ limits }: HostContext, role: BodyRole): number {
  return role === "request" ? limits.maxRequestBodyBytes : limits.maxResponseBodyBytes;
}

/** Records that a body, or what waits of all of them, came to its limit. */
export function observeBodyLimit(context: HostContext, role: BodyRole): void {
  observeLimit(
    context,
    `${role}-body`,
    `the body came to a limit; a ${role} has at most ${maxBodyBytes(context, role)} bytes`,
  );
}

/** A queue for a body of a role, bounded as the limits say. */
export function bodyQueue(context: HostContext, role: BodyRole): ByteQueue {
  const maxBytes = maxBodyBytes(context, role);
  return new ByteQueue({ held: heldBytes(context), maxBytes, tooLarge: bodySizeCode(role, maxBytes) });
}

/**
 * A `wasi:http/types.outgoing-body`. What is written waits in {@link queue}, 64 KiB at most, for whoever sends the message. A
 * body that is dropped without having been finished fails its message.
 */
export class OutgoingBody {
  readonly queue: ByteQueue;
  readonly #context: HostContext;
  readonly #options: OutgoingBodyOptions;
  #stream: OutgoingBodyStream | undefined;

  constructor(context: HostContext, options: OutgoingBodyOptions) {
    this.#context = context;
    this.#options = options;
    this.queue = bodyQueue(context, options.role);
  }

  /** Where the contents are written; `undefined` when it was asked for before. */
  write(): OutputStream | undefined {
    if (this.#stream !== undefined) return undefined;
    this.#stream = new OutgoingBodyStream(this.#context, this.queue, this.#options);
    return this.#stream;
  }

  /** Ends the body. Throws, which is a trap, while the stream is alive. */
  finish(trailers: Fields | undefined): HostResult<undefined, ErrorCode> {
    if (this.#stream?.open === true) throw new Error("Cannot finish an outgoing body: its stream is still there");
    const { role, declared } = this.#options;
    const map = trailers?.take();
    const problem = this.#problem(role, declared, (map?.size ?? 0) > 0);
    if (problem !== undefined) {
      map?.release();
      this.queue.finish({ kind: "failed", code: problem });
      return err(problem);
    }
    this.queue.finish({ kind: "end", trailers: map });
    return ok(undefined);
  }

  [Symbol.dispose](): void {
    // After `finish` this changes nothing.
    this.queue.finish({ kind: "failed", code: plainCode("HTTP-protocol-error") });
  }

  #problem(role: BodyRole, declared: number | undefined, hasTrailers: boolean): ErrorCode | undefined {
    const { ending, total } = this.queue;
    if (ending?.kind === "failed") return ending.code;
    if (declared !== undefined && declared !== total) return bodySizeCode(role, total);
    // undici cannot send them. A request without them would not be what the guest asked for.
    if (role === "request" && hasTrailers) return internalCode("trailers of requests cannot be sent");
    return undefined;
  }
}

/** Takes what a guest writes to a body. Charges the write meter. A flush is done at once: what was taken will be sent. */
class OutgoingBodyStream implements OutputStream {
  readonly kind = "output-stream";
  readonly #context: HostContext;
  readonly #queue: ByteQueue;
  readonly #options: OutgoingBodyOptions;
  #open = true;
  #reported = false;

  constructor(context: HostContext, queue: ByteQueue, options: OutgoingBodyOptions) {
    this.#context = context;
    this.#queue = queue;
    this.#options = options;
  }

  get open(): boolean {
    return this.#open;
  }

  ready(): boolean {
    return this.#isOver || (this.#queue.room > 0 && hasAnswer(this.#context.meters.write));
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#queue.room > 0 && !this.#isOver
      ? untilAnswer(this.#context.meters.write, signal)
      : this.#queue.changed.wait(signal);
  }

  checkWrite({ meters }: HostContext): StreamResult<number> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    return ok(wouldGrant(meters.write, this.#queue.room));
  }

  write({ meters }: HostContext, bytes: Uint8Array): StreamResult<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    const { role, declared } = this.#options;
    if (declared !== undefined && this.#queue.total + bytes.length > declared) {
      return this.#fail(bodySizeCode(role, this.#queue.total + bytes.length));
    }
    const charged = meters.write.take(bytes.length);
    if (charged < bytes.length) {
      // Another stream has used up what the check found.
      meters.write.refund(charged);
      return this.#fail(internalCode("the program may not write that many bytes now"));
    }
    this.#queue.push(bytes);
    if (this.#queue.ending !== undefined) observeBodyLimit(this.#context, role);
    return this.#refusal() ?? ok(undefined);
  }

  flush(): StreamResult<void> {
    return this.#refusal() ?? ok(undefined);
  }

  [Symbol.dispose](): void {
    this.#open = false;
  }

  get #isOver(): boolean {
    return !this.#open || this.#queue.abandoned || this.#queue.ending !== undefined;
  }

  #refusal(): StreamResult<never> | undefined {
    const { ending, abandoned } = this.#queue;
    if (!this.#open || this.#reported) return CLOSED;
    if (ending?.kind === "failed") return this.#fail(ending.code);
    if (ending !== undefined || abandoned) return CLOSED;
    const { meters, limits } = this.#context;
    return meters.write.exhausted
      ? this.#fail(internalCode(`the program has written the ${limits.maxWriteBytes} bytes it may write`))
      : undefined;
  }

  #fail(code: ErrorCode): StreamResult<never> {
    this.#reported = true;
    this.#queue.finish({ kind: "failed", code });
    return streamFailure(code);
  }
}
