import { type BigIntStats, fstatSync, readSync, writeSync } from "node:fs";
import type { HostContext } from "../capability.ts";
import { bytesToFill } from "../io/movable-bytes.ts";
import { FilesystemError } from "./error-code.ts";
import { takeBytes } from "./filesystem-state.ts";

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
export function readPart(context: HostContext, fd: number, position: number, length: number): FilePart | undefined {
  const rest = sizeOf(fd) - position;
  if (rest <= 0) return { bytes: NOTHING, end: true };
  // Only what is in the file is allocated, and only once it is charged.
  const wanted = Math.min(length, rest, context.limits.maxCrossingBytes);
  const granted = takeBytes(context, "read", wanted);
  if (granted === 0 && wanted > 0) return undefined;
  const buffer = bytesToFill(context, granted);
  let read = 0;
  try {
    read = granted === 0 ? 0 : readSync(fd, buffer, 0, granted, position);
  } finally {
    if (read < granted) context.meters.read.refund(granted - read);
  }
  return { bytes: read === granted ? buffer : buffer.subarray(0, read), end: read === rest };
}

/**
 * Writes a beginning of `bytes` at `position`, or at the file's end when it is `undefined`: all of it unless a meter grants
 * less. Returns how much, or `undefined` when the rate allows none just now. A file that would pass `maxFileBytes` with all of
 * them is left as it is, and it is `file-too-large`.
 */
export function writePart(
  context: HostContext,
  { fd, maxFileBytes }: { readonly fd: number; readonly maxFileBytes: number },
  position: number | undefined,
  bytes: Uint8Array,
): number | undefined {
  // Linux appends to a descriptor that appends whatever the position; elsewhere this is where the end was just now.
  const from = position ?? sizeOf(fd);
  if (from + bytes.length > maxFileBytes) {
    throw FilesystemError.denied(
      "file-too-large",
      `the file would pass the ${maxFileBytes} bytes that are granted; allow more with --max-file-size`,
    );
  }
  const granted = takeBytes(context, "write", bytes.length);
  if (granted === 0) return bytes.length === 0 ? 0 : undefined;
  let written = 0;
  try {
    written = writeSync(fd, bytes, 0, granted, from);
  } finally {
    if (written < granted) context.meters.write.refund(granted - written);
  }
  return written;
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

function sizeOf(fd: number): number {
  const stats: BigIntStats = fstatSync(fd, { bigint: true });
  return Number(stats.size);
}
