import { isUtf8 } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import type { FileOutcome } from "./failure.ts";
import { failed, failureReason } from "./failure.ts";
import type { FileRequest } from "./file-request.ts";
import { openGranted } from "./open.ts";

/** The bounds of one read. */
export interface ReadOptions {
  /** The largest file that is returned, in bytes. */
  readonly maxBytes: number;
  /** Ends the read between two system calls. */
  readonly signal: AbortSignal;
}

/**
 * The whole of a file inside the grants, as text. A file that is larger than `maxBytes`, or becomes larger while it is read,
 * and one that is not valid UTF-8, fail. A byte order mark is part of the text.
 */
export async function readTextFile(request: FileRequest, options: ReadOptions): Promise<FileOutcome<string>> {
  const opened = await openGranted(request, "read");
  if (opened.kind !== "done") return opened;
  await using handle = opened.value;
  try {
    return await readText(handle, options);
  } catch (error) {
    return failed(failureReason(error));
  }
}

async function readText(handle: FileHandle, { maxBytes, signal }: ReadOptions): Promise<FileOutcome<string>> {
  const { size } = await handle.stat();
  // One byte more than expected, to see the end without another allocation.
  let buffer: Buffer | undefined = size > maxBytes ? undefined : Buffer.allocUnsafe(size + 1);
  let used = 0;
  while (buffer !== undefined) {
    if (signal.aborted) return failed("the invocation has ended");
    const { bytesRead } = await handle.read(buffer, used, buffer.length - used, null);
    used += bytesRead;
    if (bytesRead === 0) return decode(buffer.subarray(0, used));
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
