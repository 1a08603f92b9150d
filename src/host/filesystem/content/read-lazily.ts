import { readSync } from "node:fs";
import type { HostContext } from "../../capability.ts";
import { type BytesOrLazy, LazyBytes } from "../../io/lazy-bytes.ts";
import { readPart, sizeOf } from "./file-bytes.ts";
import { takeBytes } from "../filesystem-state.ts";
import type { OpenFile } from "../opening/open-file.ts";

/** Reads of less are made at once. In bytes. */
const LEAST_BYTES = 64 * 1024;

/** What is read at once of those that are not: a file that cannot be read fails before its guest is promised anything. */
const HEAD_BYTES = 4 * 1024;

/** What was read of a file, or will be. */
export interface LazyPart {
  readonly bytes: BytesOrLazy;
  /** Whether there is nothing behind it. */
  readonly end: boolean;
}

/** A place in a file: how much is read of it, and who is notified when it turns out to be less. */
export interface LazyRead {
  readonly position: number;
  readonly length: number;
  readonly cut?: (missing: number) => void;
}

/**
 * As {@link readPart}, with large parts read when the guest has made room for them. What the file has lost by then is missing, as
 * after any read that was cut short.
 */
export function readLazily(
  context: HostContext,
  file: OpenFile,
  { position, length, cut }: LazyRead,
): LazyPart | undefined {
  const rest = sizeOf(file) - position;
  const wanted = Math.min(length, rest, context.limits.maxCrossingBytes);
  if (wanted < LEAST_BYTES) return readPart(context, file, position, length);
  const granted = takeBytes(context, "read", wanted);
  if (granted === 0) return undefined;
  let head: Uint8Array = Buffer.allocUnsafeSlow(Math.min(HEAD_BYTES, granted));
  let read = 0;
  try {
    read = readSync(file.fd, head, 0, head.length, position);
  } finally {
    if (read < head.length) context.meters.read.refund(granted - read);
  }
  if (read < head.length || read === granted) {
    head = head.subarray(0, read);
    return { bytes: head, end: read === rest };
  }
  const bytes = new LazyBytes(granted, (target) => {
    if (!file.open) throw new Error("the guest closed a file while it was read");
    target.set(head);
    const more = readSync(file.fd, target, head.length, granted - head.length, position + head.length);
    const missing = granted - head.length - more;
    if (missing > 0) {
      context.meters.read.refund(missing);
      cut?.(missing);
    }
    return granted - missing;
  });
  return { bytes, end: granted === rest };
}
