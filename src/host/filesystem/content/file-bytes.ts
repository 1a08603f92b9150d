import { type BigIntStats, fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";
import type { HostContext } from "../../capability.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { chargeGrowth, takeBytes } from "../filesystem-state.ts";
import type { OpenFile } from "../opening/open-file.ts";

/** The largest offset in a file; POSIX's is larger, and no file system's. */
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER);
/** What one read or write of a stream moves at most, so that no call holds the thread for long. */
export const MAX_STREAM_BYTES: number = 1024 * 1024;

const NOTHING = new Uint8Array(0);

/** What was read of a file. */
export interface FilePart {
  readonly bytes: Uint8Array;
  /** Whether there is nothing behind it. */
  readonly end: boolean;
}

/** Reads at most `length` bytes from `position`, or `undefined` when the rate allows none just now. */
export function readPart(context: HostContext, file: OpenFile, position: number, length: number): FilePart | undefined {
  const rest = sizeOf(file) - position;
  if (rest <= 0) return { bytes: NOTHING, end: true };
  // Only what is in the file is allocated, and only once it is charged.
  const wanted = Math.min(length, rest, context.limits.maxCrossingBytes);
  const granted = takeBytes(context, "read", wanted);
  if (granted === 0 && wanted > 0) return undefined;
  const buffer = Buffer.allocUnsafeSlow(granted);
  let read = 0;
  try {
    read = granted === 0 ? 0 : readSync(file.fd, buffer, 0, granted, position);
  } finally {
    if (read < granted) context.meters.read.refund(granted - read);
  }
  return { bytes: read === granted ? buffer : buffer.subarray(0, read), end: read === rest };
}

/**
 * Fills a beginning of `target` from `position` on; all of it unless the file ends or a meter grants less. Returns how much, 0 at the
 * file's end, or `undefined` when the rate allows none just now.
 */
export function readInto(
  context: HostContext,
  file: OpenFile,
  position: number,
  target: Uint8Array,
): number | undefined {
  const { read } = context.meters;
  // At its end it can be read whatever was used.
  if (target.length === 0 || (read.exhausted && sizeOf(file) <= position)) return 0;
  const granted = takeBytes(context, "read", target.length);
  if (granted === 0) return undefined;
  let count = 0;
  try {
    count = readSync(file.fd, target, 0, granted, position);
  } finally {
    if (count < granted) read.refund(granted - count);
  }
  return count;
}

/**
 * Writes a beginning of `bytes` at `position`, or at the file's end when it is `undefined`: all of it unless a meter grants
 * less. Returns how much, or `undefined` when the rate allows none just now. A file that would pass `maxFileBytes` with all of
 * them is left as it is, and it is `file-too-large`. A hole between the file's end and `position` is charged as if it were written,
 * and is `quota` when the total does not allow it.
 */
export function writePart(
  context: HostContext,
  { file, maxFileBytes }: { readonly file: OpenFile; readonly maxFileBytes: number },
  position: number | undefined,
  bytes: Uint8Array,
): number | undefined {
  // Linux appends to a descriptor that appends whatever the position; elsewhere this is where the end was just now.
  const from = position ?? sizeOf(file);
  if (from + bytes.length > maxFileBytes) {
    throw FilesystemError.denied("file-too-large", `the file would pass the ${maxFileBytes} bytes that are granted`, {
      setting: "grants.filesystem.maxFileBytes",
    });
  }
  if (bytes.length === 0) return 0;
  const { write } = context.meters;
  const hole = position === undefined ? 0 : holeBefore(file, position);
  // The bytes are taken first, since they may have to wait for the rate; of the total, a part is left for the hole.
  const granted = takeBytes(context, "write", hole === 0 ? bytes.length : clamp(write.left - hole, 1, bytes.length));
  if (granted === 0) return undefined;
  let charged = granted;
  let written = 0;
  try {
    chargeGrowth(context, hole);
    charged += hole;
    written = writeSync(file.fd, bytes, 0, granted, from);
  } finally {
    const done = written === 0 ? 0 : hole + written;
    if (done < charged) write.refund(charged - done);
  }
  if (position !== undefined) file.reached = Math.max(file.reached, from + written);
  return written;
}

/** How far behind the end of a file a place is, in bytes. The file's size is read only when it is not known to reach there. */
function holeBefore(file: OpenFile, position: number): number {
  if (position > file.reached) file.reached = Math.max(file.reached, sizeOf(file));
  return Math.max(0, position - file.reached);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/**
 * Gives a file another size. What it grows by is charged as if it were written, and is `quota` when the total does not allow it:
 * it reads as zeroes, and whoever copies the file writes them.
 */
export function resize(context: HostContext, file: OpenFile, size: number): void {
  const growth = Math.max(0, size - sizeOf(file));
  chargeGrowth(context, growth);
  try {
    ftruncateSync(file.fd, size);
  } catch (error) {
    context.meters.write.refund(growth);
    throw error;
  }
}

/** An offset in a file as a number, or `invalid` where no file can reach. */
export function positionOf(offset: bigint): number {
  if (offset <= MAX_OFFSET) return Number(offset);
  throw FilesystemError.failed("invalid", "the offset is too large");
}

/** A length as a number; one that is too large for it is as good as the largest. */
export function lengthOf(length: bigint): number {
  return Number(length < MAX_OFFSET ? length : MAX_OFFSET);
}

/** How long an open file is, in bytes. */
export function sizeOf(file: OpenFile): number {
  const stats: BigIntStats = fstatSync(file.fd, { bigint: true });
  return Number(stats.size);
}
