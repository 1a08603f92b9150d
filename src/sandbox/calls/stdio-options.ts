import { a, either, type Shape } from "../options/shape.ts";

/** Where a guest's standard streams lead. The guest never has those of the host itself. */
export interface StdioOptions {
  /** What the guest reads as its stdin, which it may only with the grant `stdin`; default nothing. */
  readonly stdin?: StdinSource | undefined;
  /** Takes what the guest writes, as it comes. The guest waits while it has not taken the last. */
  readonly stdout?: OutputSink | undefined;
  /** The same for its stderr. */
  readonly stderr?: OutputSink | undefined;
}

/** Text or bytes, or what has them: of a stream, an iterable or a response no more is taken than the guest asks for. */
export type StdinSource =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/**
 * Takes output, in bytes that nothing has looked at: a terminal must not get them as they are. A function takes chunks, and has taken
 * one when what it returns has settled. A stream, of the web or of Node, is written to and not closed at the end: it is the caller's.
 */
export type OutputSink = ((chunk: Uint8Array) => void | Promise<void>) | WritableStream<Uint8Array> | NodeSink;

/** A `Writable` of Node, as far as it is used. */
export interface NodeSink {
  /** Whether it takes no more. */
  readonly destroyed: boolean;
  /** Takes a chunk, and calls back when it has. */
  write(chunk: Uint8Array, taken: (error?: Error | null) => void): boolean;
}

export const stdinSource: Shape<StdinSource> = (value, path, faults) => {
  if (value instanceof Response && (value.bodyUsed || value.body?.locked === true)) {
    faults.add(path, "the body of that response is being read already");
    return undefined;
  }
  if (value instanceof ReadableStream && value.locked) {
    faults.add(path, "that stream is being read already");
    return undefined;
  }
  return anySource(value, path, faults);
};

const anySource: Shape<StdinSource> = a(
  "a string, bytes, a Response, a ReadableStream or an iterable of Uint8Arrays",
  (value) =>
    typeof value === "string" || (typeof value === "object" && value !== null && (isBytes(value) || isStream(value))),
);

export const outputSink: Shape<OutputSink> = either(
  (value) => value instanceof WritableStream,
  a<WritableStream<Uint8Array>>(
    "a stream that nobody else is writing to",
    (value) => value instanceof WritableStream && !value.locked,
  ),
  a<OutputSink>(
    "a function that takes chunks, a WritableStream or a Writable",
    (value) => typeof value === "function" || isNodeSink(value),
  ),
);

/** Whether it is bytes, which are there at once. */
export function isBytes(value: object): value is ArrayBuffer | ArrayBufferView {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  // One that was transferred has no bytes any more, and cannot even be looked at.
  return (buffer instanceof ArrayBuffer && !buffer.detached) || buffer instanceof SharedArrayBuffer;
}

/** The same bytes, as an array of them. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function isStream(value: object): boolean {
  return value instanceof Response || Symbol.asyncIterator in value || Symbol.iterator in value;
}

function isNodeSink(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "write" in value && typeof value.write === "function" && "destroyed" in value;
}

/** A function that takes chunks, for any sink; and what lets go of it. */
export function sinkOf(sink: OutputSink): {
  readonly take: (chunk: Uint8Array) => Promise<void>;
  readonly end: () => void;
} {
  if (typeof sink === "function") return { take: async (chunk) => sink(chunk), end: () => undefined };
  if (sink instanceof WritableStream) {
    let writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
    return {
      take: async (chunk) => {
        writer ??= sink.getWriter();
        await writer.ready;
        await writer.write(chunk);
      },
      end: () => writer?.releaseLock(),
    };
  }
  return { take: (chunk) => writeTo(sink, chunk), end: () => undefined };
}

/** A stream that was destroyed calls nobody back. */
function writeTo(sink: NodeSink, chunk: Uint8Array): Promise<void> {
  if (sink.destroyed) return Promise.reject(new Error("the stream is closed"));
  return new Promise((resolve, reject) => {
    sink.write(chunk, (error) => (error instanceof Error ? reject(error) : resolve()));
  });
}
