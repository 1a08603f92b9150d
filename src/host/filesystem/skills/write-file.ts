import type { FileHandle } from "node:fs/promises";
import type { Grants } from "../../../policy/grants.ts";
import type { HostContext } from "../../capability.ts";
import type { ByteMeter } from "../../metering/byte-meter.ts";
import { takeSome } from "../../metering/take-some.ts";
import type { FileOutcome } from "../failure.ts";
import { failed, failureReason } from "../failure.ts";
import type { FileRequest } from "../opening/file-request.ts";
import { openGranted, tooLarge } from "../opening/open.ts";

/** The bounds of one write. */
export interface WriteOptions {
  /** The largest content, in bytes of UTF-8. */
  readonly maxBytes: number;
  /** What the grant says of files that are written. */
  readonly granted: Grants["filesystemWriteBounds"];
  /** Charged before each part is written. */
  readonly meter: ByteMeter;
  /** Ends the write between two system calls. */
  readonly signal: AbortSignal;
}

const CHUNK_BYTES = 1024 * 1024;

/** The bounds that an invocation's limits set. */
export function writeOptions({ grants, limits, meters }: HostContext, signal: AbortSignal): WriteOptions {
  return { maxBytes: limits.maxWriteFileBytes, granted: grants.filesystemWriteBounds, meter: meters.write, signal };
}

/**
 * Replaces the content of a file inside the grants, creating the file when its folder exists. Text is written as UTF-8. Content
 * over `maxBytes`, over what the meter has left, or not granted, fails before the file is touched. A write that fails or is ended half-way leaves the file truncated.
 */
export async function writeFile(
  request: FileRequest,
  content: string | Uint8Array,
  { maxBytes, granted, meter, signal }: WriteOptions,
): Promise<FileOutcome<undefined>> {
  // UTF-8 has at least one byte for every UTF-16 unit, so the cheap comparison comes first.
  if (content.length > maxBytes || Buffer.byteLength(content) > maxBytes) {
    return failed(`the content is larger than the limit of ${maxBytes} bytes`);
  }
  if (Buffer.byteLength(content) > granted.maxFileBytes) {
    return tooLarge(granted.maxFileBytes);
  }
  if (Buffer.byteLength(content) > meter.left) {
    return failed(`the invocation would have written more than the ${meter.total} bytes it may in all`);
  }
  if (signal.aborted) return failed("the invocation has ended");
  const opened = await openGranted(
    request,
    granted.create ? "write" : "rewrite",
    undefined,
    Buffer.byteLength(content),
  );
  if (opened.kind !== "done") return opened;
  await using handle = opened.value;
  try {
    await handle.truncate(0);
    return await writeAll(handle, typeof content === "string" ? Buffer.from(content) : content, { meter, signal });
  } catch (error) {
    return failed(failureReason(error));
  }
}

async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  { meter, signal }: Pick<WriteOptions, "meter" | "signal">,
): Promise<FileOutcome<undefined>> {
  for (let position = 0; position < bytes.length;) {
    if (signal.aborted) return failed("the invocation has ended");
    const length = await takeSome(meter, Math.min(CHUNK_BYTES, bytes.length - position), signal);
    if (length === 0) return failed(`the invocation has written the ${meter.total} bytes it may in all`);
    const { bytesWritten } = await handle.write(bytes, position, length, position);
    meter.refund(length - bytesWritten);
    position += bytesWritten;
  }
  return { kind: "done", value: undefined };
}
