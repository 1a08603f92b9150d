import { CordonError, messageOf } from "../../shared/errors.ts";
import { tooLarge } from "./too-large.ts";

/** What of a web stream or a response is read, in pieces. */
export type StreamSource = Response | ReadableStream<Uint8Array>;

export function isStreamSource(value: object): value is StreamSource {
  return value instanceof Response || value instanceof ReadableStream;
}

/**
 * All bytes of a stream, of which never more than `maxBytes` and one piece are held. What is not read is let go of.
 *
 * @throws CordonError `usage` for one that is being read already, that fails, or the answer to a request that failed; `limit` for one
 *   that is longer; or the signal's reason once it is aborted.
 */
export async function readStream(source: StreamSource, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const what = source instanceof Response ? "the response" : "the stream";
  if (source instanceof Response) assertAnswer(source, maxBytes);
  const stream = source instanceof Response ? source.body : source;
  if (stream === null) return new Uint8Array();
  if (stream.locked || (source instanceof Response && source.bodyUsed)) {
    throw new CordonError("usage", `Cannot load ${what}: it is being read already; give one that nobody has read`);
  }
  const reader: ReadableStreamDefaultReader<unknown> = stream.getReader();
  const letGo = (reason: unknown): void => void reader.cancel(reason).catch(() => undefined);
  const onAbort = (): void => letGo(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await readAll(reader, maxBytes, what, signal);
  } catch (thrown) {
    letGo(thrown);
    signal.throwIfAborted();
    if (thrown instanceof CordonError) throw thrown;
    throw new CordonError("usage", `Cannot load ${what}: reading it failed: ${messageOf(thrown)}`, { cause: thrown });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<unknown>,
  maxBytes: number,
  what: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    signal.throwIfAborted();
    const { done, value } = await reader.read();
    if (done) break;
    if (!(value instanceof Uint8Array))
      throw new CordonError("usage", `Cannot load ${what}: a piece of it is no bytes`);
    length += value.length;
    if (length > maxBytes) throw tooLarge(what, length, maxBytes);
    pieces.push(value);
  }
  signal.throwIfAborted();
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function assertAnswer(response: Response, maxBytes: number): void {
  if (!response.ok) {
    throw new CordonError("usage", `Cannot load the response: its status is ${response.status}; fetch a component`);
  }
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (response.headers.has("content-encoding") || announced <= maxBytes) return;
  void response.body?.cancel().catch(() => undefined);
  throw tooLarge("the response", announced, maxBytes);
}
