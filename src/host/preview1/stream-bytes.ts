import type { HostContext } from "../capability.ts";
import { FilesystemError } from "../filesystem/wasi/error-code.ts";
import { flush, type Step, untilDone } from "../io/stream-steps.ts";
import type { InputStream, OutputStream, StreamError, StreamResult } from "../io/streams.ts";
import { ERRNO, Preview1Error } from "./errno.ts";

/** How a stream is waited for, and what its end is. */
export interface StreamUse {
  /** Fails with `again` where it would wait. */
  readonly nonBlocking: boolean;
  /** What writing to a stream that is closed fails with. */
  readonly closed: number;
}

/** Fills a beginning of `target`, with one byte at least; returns how many, which is 0 at the stream's end. */
export function readStream(
  context: HostContext,
  stream: InputStream,
  target: Uint8Array,
  { nonBlocking }: Pick<StreamUse, "nonBlocking">,
): number | Promise<number> {
  const read = (): Step<Uint8Array> => {
    const result = stream.read(context, target.length);
    return result.tag === "ok" && result.val.length === 0 && !nonBlocking ? stream : result;
  };
  const take = (result: StreamResult<Uint8Array>): number => {
    if (result.tag === "err") {
      if (result.val.tag === "closed") return 0;
      throw streamFailure(result.val, ERRNO.io);
    }
    if (result.val.length === 0) throw new Preview1Error(ERRNO.again);
    target.set(result.val);
    return result.val.length;
  };
  const result = untilDone(context, read);
  return result instanceof Promise ? result.then(take) : take(result);
}

/** Writes a beginning of `bytes`, one byte at least; returns how many. */
export function writeStream(
  context: HostContext,
  stream: OutputStream,
  bytes: Uint8Array,
  use: StreamUse,
): number | Promise<number> {
  let written = 0;
  const write = (): Step<void> => {
    const room = stream.checkWrite(context);
    if (room.tag === "err") return room;
    if (room.val === 0) return use.nonBlocking ? { tag: "ok", val: undefined } : stream;
    // The stream keeps what it is given, and the guest's memory is the guest's.
    const part = bytes.slice(0, room.val);
    written = part.length;
    return stream.write(context, part);
  };
  const tell = (result: StreamResult<void>): number => {
    if (result.tag === "err") throw streamFailure(result.val, use.closed);
    if (written === 0) throw new Preview1Error(ERRNO.again);
    return written;
  };
  const result = untilDone(context, write);
  return result instanceof Promise ? result.then(tell) : tell(result);
}

/** Waits until what was written to a stream has been taken, or the stream has broken, which is for its own writers to learn. */
export function settled(context: HostContext, stream: OutputStream): Promise<void> | undefined {
  const result = untilDone(context, flush(context, stream));
  return result instanceof Promise ? result.then(() => undefined) : undefined;
}

function streamFailure(error: StreamError, closed: number): Preview1Error {
  if (error.tag === "closed") return new Preview1Error(closed);
  const { cause } = error.val;
  return cause instanceof FilesystemError ? Preview1Error.of(cause.code) : new Preview1Error(ERRNO.io);
}
