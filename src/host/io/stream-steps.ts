import { setImmediate as nextTurn } from "node:timers/promises";
import type { HostContext } from "../capability.ts";
import type { BytesOrLazy } from "./lazy-bytes.ts";
import type { InputStream, OutputStream, StreamResult, Waitable } from "./streams.ts";
import { waitForAny } from "./wait-for-any.ts";

/** The most one call reads, in bytes: enough that a file of a megabyte is one call, little enough for a worker's heap. */
const MAX_READ_BYTES = 1024 * 1024;

/** The end of a stream. */
export const CLOSED: { readonly tag: "err"; readonly val: { readonly tag: "closed" } } = Object.freeze({
  tag: "err",
  val: Object.freeze({ tag: "closed" }),
});

/** The length that a guest asks for, cut to what the host will allocate for it. */
export function cutLength({ limits }: HostContext, asked: bigint): number {
  const most = Math.max(1, Math.min(MAX_READ_BYTES, limits.maxCrossingBytes));
  return asked > BigInt(most) ? most : Number(asked);
}

/** What a step of a blocking operation came to: its result, or what it has to wait for before the next step. */
export type Step<T> = StreamResult<T> | Waitable;

/** Takes steps until there is a result; at once and without a promise, when nothing has to be waited for. */
export function untilDone<T>({ signal }: HostContext, step: () => Step<T>): StreamResult<T> | Promise<StreamResult<T>> {
  const first = step();
  return "tag" in first ? first : later(first, step, signal);
}

async function later<T>(first: Waitable, step: () => Step<T>, signal: AbortSignal): Promise<StreamResult<T>> {
  for (let pending = first; ;) {
    await waitForAny([pending], signal);
    // No result reaches a guest whose invocation has ended.
    if (signal.aborted) return CLOSED;
    const next = step();
    if ("tag" in next) return next;
    pending = next;
    // What says that it is ready and does nothing must not hold the thread.
    await nextTurn();
  }
}

/** Reads bytes that nobody but the guest uses. */
export function readForGuest(context: HostContext, stream: InputStream, length: number): StreamResult<BytesOrLazy> {
  return stream.readLazily === undefined ? stream.read(context, length) : stream.readLazily(context, length);
}

/** Reads at least one byte, unless none are asked for. */
export function readStep<Bytes extends BytesOrLazy>(
  context: HostContext,
  stream: InputStream,
  length: number,
  readSome: (context: HostContext, stream: InputStream, length: number) => StreamResult<Bytes>,
): Step<Bytes> {
  const read = readSome(context, stream, length);
  return read.tag === "ok" && read.val.length === 0 && length > 0 ? stream : read;
}

/** Moves up to `length` bytes from one stream to the other, as far as both are ready. */
export function splice(
  context: HostContext,
  to: OutputStream,
  from: InputStream,
  length: number,
): StreamResult<bigint> {
  const room = to.checkWrite(context);
  if (room.tag === "err") return room;
  const read = from.read(context, Math.min(length, room.val));
  if (read.tag === "err") return read;
  const moved = read.val.length;
  const written: StreamResult<void> = moved === 0 ? { tag: "ok", val: undefined } : to.write(context, read.val);
  return written.tag === "err" ? written : { tag: "ok", val: BigInt(moved) };
}

/** The same, with at least one byte moved, unless none are asked for. */
export function spliceStep(context: HostContext, to: OutputStream, from: InputStream, length: number): Step<bigint> {
  const room = to.checkWrite(context);
  if (room.tag === "ok" && room.val === 0 && length > 0) return to;
  const moved = splice(context, to, from, length);
  return moved.tag === "ok" && moved.val === 0n && length > 0 ? from : moved;
}

/** The steps that write all of `bytes` and flush them. */
export function writeAndFlush(context: HostContext, stream: OutputStream, bytes: Uint8Array): () => Step<void> {
  let written = 0;
  const flushed = flush(context, stream);
  return () => {
    while (written < bytes.length) {
      const room = stream.checkWrite(context);
      if (room.tag === "err") return room;
      if (room.val === 0) return stream;
      // The stream keeps what it is given, so a part is a copy.
      const part = room.val >= bytes.length && written === 0 ? bytes : bytes.slice(written, written + room.val);
      const result = stream.write(context, part);
      if (result.tag === "err") return result;
      written += part.length;
    }
    return flushed();
  };
}

/** The steps that flush what was written, and return how that ended. */
export function flush(context: HostContext, stream: OutputStream): () => Step<void> {
  let started = false;
  return () => {
    if (!started) {
      const result = stream.flush(context);
      if (result.tag === "err") return result;
      started = true;
    }
    if (!stream.ready()) return stream;
    // Finds out whether the stream broke; that it takes no more bytes would be no failure of those that it took.
    return stream.flush(context);
  };
}
