import type { FileHandle } from "node:fs/promises";
import type { FileOutcome } from "./failure.ts";
import { failed, failureReason } from "./failure.ts";
import type { FileRequest } from "./file-request.ts";
import { openGranted } from "./open.ts";

/** The bounds of one write. */
export interface WriteOptions {
  /** The largest content, in bytes of UTF-8. */
  readonly maxBytes: number;
  /** Ends the write between two system calls. */
  readonly signal: AbortSignal;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Replaces the content of a file inside the grants, creating the file when its folder exists. Content over `maxBytes` fails
 * before the file is touched. A write that fails or is ended half-way leaves the file truncated.
 */
export async function writeTextFile(
  request: FileRequest,
  content: string,
  { maxBytes, signal }: WriteOptions,
): Promise<FileOutcome<undefined>> {
  // UTF-8 has at least one byte for every UTF-16 unit, so the cheap comparison comes first.
  if (content.length > maxBytes || Buffer.byteLength(content) > maxBytes) {
    return failed(`the content is larger than the limit of ${maxBytes} bytes`);
  }
  if (signal.aborted) return failed("the invocation has ended");
  const opened = await openGranted(request, "write");
  if (opened.kind !== "done") return opened;
  await using handle = opened.value;
  try {
    await handle.truncate(0);
    return await writeAll(handle, Buffer.from(content), signal);
  } catch (error) {
    return failed(failureReason(error));
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, signal: AbortSignal): Promise<FileOutcome<undefined>> {
  for (let position = 0; position < bytes.length;) {
    if (signal.aborted) return failed("the invocation has ended");
    const length = Math.min(CHUNK_BYTES, bytes.length - position);
    const { bytesWritten } = await handle.write(bytes, position, length, position);
    position += bytesWritten;
  }
  return { kind: "done", value: undefined };
}
