import { isUtf8 } from "node:buffer";
import type { CoreGuest } from "../core/core-function.ts";
import type { LinearMemory } from "../core/linear-memory.ts";
import type { PathFrom } from "../filesystem/wasi/recorded-operations.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { ERRNO, Preview1Error } from "./errno.ts";

/** Longer is no path, and not even read. As Linux has it. */
const MAX_PATH_BYTES = 4_096;

/** `lookupflags`. */
const SYMLINK_FOLLOW = 1;

/**
 * A text that the guest passes where a path is meant.
 *
 * @throws Preview1Error `ilseq` when it is not UTF-8, `nametoolong`.
 */
export function textArgument(memory: LinearMemory, at: number, length: number): string {
  const bytes = memory.bytes(at, length);
  if (length > MAX_PATH_BYTES) throw new Preview1Error(ERRNO.nameTooLong);
  if (!isUtf8(bytes)) throw new Preview1Error(ERRNO.illegalByteSequence);
  return Buffer.from(bytes.buffer, at, length).toString("utf8");
}

/** A path from a folder that is open. @throws Preview1Error `badf` when that is none, and as {@link textArgument}. */
export function pathFrom({ context, memory }: CoreGuest, fd: number, at: number, length: number): PathFrom {
  const { descriptor } = descriptorsOf(context).folder(fd);
  return { descriptor, path: textArgument(memory, at, length) };
}

/** Whether links are followed at the end of a path, as `lookupflags` say. */
export function followsLinks(flags: number): boolean {
  if (flags > SYMLINK_FOLLOW) throw new Preview1Error(ERRNO.invalid);
  return flags === SYMLINK_FOLLOW;
}
