import { isUtf8 } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import type { HostContext } from "../../capability.ts";
import type { ByteMeter } from "../../metering/byte-meter.ts";
import { takeSome } from "../../metering/take-some.ts";
import type { FileOutcome } from "../failure.ts";
import { failed, failureReason } from "../failure.ts";
import type { FileRequest } from "../opening/file-request.ts";
import { openGranted } from "../opening/open.ts";

/** The bounds of one read. */
export interface ReadOptions {
  /** The largest file that is returned, in bytes. */
  readonly maxBytes: number;
  /** Charged before each part is read. */
  readonly meter: ByteMeter;
  /** Ends the read between two system calls. */
  readonly signal: AbortSignal;
}

/** The bounds that an invocation's limits set. */
export function readOptions({ limits, meters }: HostContext, signal: AbortSignal): ReadOptions {
  return { maxBytes: limits.maxReadFileBytes, meter: meters.read, signal };
}

/**
 * The whole of a file inside the grants, as text: as {@link readFile}, and one that is not valid UTF-8 fails. A byte order mark
 * is part of the text.
 */
export async function readTextFile(request: FileRequest, options: ReadOptions): Promise<FileOutcome<string>> {
  const read = await readFile(request, options);
  return read.kind === "done" ? decode(read.value) : read;
}

/** The whole of a file inside the grants. One that is larger than `maxBytes`, or becomes larger while it is read, fails. */
export async function readFile(request: FileRequest, options: ReadOptions): Promise<FileOutcome<Buffer>> {
  const opened = await openGranted(request, "read");
  if (opened.kind !== "done") return opened;
  await using handle = opened.value;
  try {
    return await readAll(handle, options);
  } catch (error) {
    return failed(failureReason(error));
  }
}

async function readAll(handle: FileHandle, { maxBytes, meter, signal }: ReadOptions): Promise<FileOutcome<Buffer>> {
  const { size } = await handle.stat();
  // One byte more than expected, to see the end without another allocation.
  let buffer: Buffer | undefined = size > maxBytes ? undefined : Buffer.allocUnsafe(size + 1);
  let used = 0;
  while (buffer !== undefined) {
    if (signal.aborted) return failed("the invocation has ended");
    const granted = await takeSome(meter, buffer.length - used, signal);
    // With nothing left to read, one byte still tells whether this is the end.
    const { bytesRead } = await handle.read(buffer, used, Math.max(granted, 1), null);
    meter.refund(Math.max(0, granted - bytesRead));
    used += bytesRead;
    if (bytesRead === 0) return { kind: "done", value: buffer.subarray(0, used) };
    if (granted === 0) return failed(`the invocation has read the ${meter.total} bytes it may in all`);
    if (used === buffer.length) buffer = enlarged(buffer, maxBytes);
  }
  return failed(`it is larger than the limit of ${maxBytes} bytes`);
}

/** A copy with more room, or `undefined` when the bytes are over the limit already. */
function enlarged(full: Buffer, maxBytes: number): Buffer | undefined {
  if (full.length > maxBytes) return undefined;
  const larger = Buffer.allocUnsafe(Math.min(Math.max(full.length * 2, 64 * 1024), maxBytes + 1));
  full.copy(larger);
  return larger;
}

function decode(bytes: Buffer): FileOutcome<string> {
  if (!isUtf8(bytes)) return failed("it is not valid UTF-8 text");
  return { kind: "done", value: bytes.toString("utf8") };
}
