import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CordonError } from "../errors.ts";
import { quoteText } from "../text/quote-text.ts";

/** How a file is read that others must not have written, or not even read. */
export interface PrivateFileReading {
  /** The largest that is read, in bytes. */
  readonly maxBytes: number;
  /** What users other than this one and root may do with it at most; for `write`, it may be theirs, too. */
  readonly othersMay: "nothing" | "read" | "write";
  /** Whether it may be a link; default true. */
  readonly mayBeLink?: boolean;
}

/**
 * Reads a small file of which it matters who else can reach it.
 *
 * @returns `undefined` when there is none.
 * @throws CordonError `usage` when it is none to rely on, or is larger than `maxBytes`.
 */
export function readPrivateFile(path: string, options: PrivateFileReading): Buffer | undefined {
  const shown = quoteText(path);
  const noLink = options.mayBeLink === false ? (constants.O_NOFOLLOW ?? 0) : 0;
  let file: number;
  try {
    // Non-blocking, so that a FIFO cannot hold us up before it is refused.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | noLink);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ENOENT") return undefined;
    throw new CordonError("usage", `Cannot read ${shown}: ${REASONS[code] ?? code}`, { cause: thrown });
  }
  try {
    const problem = problemOf(fstatSync(file), options);
    if (problem !== undefined) throw new CordonError("usage", `Cannot rely on ${shown}: ${problem}`);
    const buffer = Buffer.alloc(options.maxBytes + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
      if (length > options.maxBytes) {
        throw new CordonError("usage", `Cannot read ${shown}: it has more than ${options.maxBytes} bytes`);
      }
      if (read === 0) return buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** How a file is written that is this user's alone. */
export interface PrivateFileWriting {
  /** What a file that is there already means: it is replaced in one step, or it is an error. */
  readonly existing: "replace" | "refuse";
  /** Default 0600. */
  readonly mode?: number;
}

/**
 * Writes a file whole or not at all.
 *
 * @throws CordonError `usage` when it is there already and must not be, or cannot be written.
 */
export function writePrivateFile(
  path: string,
  bytes: Uint8Array,
  { existing, mode = 0o600 }: PrivateFileWriting,
): void {
  const aside = join(dirname(path), `.${basename(path).slice(0, 100)}.${process.pid}.${uniqueSuffix()}.tmp`);
  try {
    const file = openSync(aside, "wx", mode);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (existing === "replace") renameSync(aside, path);
    // Unlike a rename, a link is refused when there is something of that name.
    else linkSync(aside, path);
  } catch (thrown) {
    const code = codeOf(thrown);
    throw new CordonError("usage", `Cannot write ${quoteText(path)}: ${REASONS[code] ?? code}`, { cause: thrown });
  } finally {
    try {
      unlinkSync(aside);
    } catch {
      // It was renamed, or never made.
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "it is there already; name another, or remove it first",
  EISDIR: "it is a folder",
  ELOOP: "it is a link",
  ENOENT: "its folder is not there",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  EROFS: "the disk cannot be written to",
};

function problemOf({ uid, mode }: Stats, { othersMay }: PrivateFileReading): string | undefined {
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) return "it is no regular file";
  if (process.geteuid === undefined || othersMay === "write") return undefined;
  if (uid !== 0 && uid !== process.geteuid()) return "it belongs to another user";
  if (othersMay === "nothing" && (mode & 0o077) !== 0) return "other users may read it; run chmod 600 on it";
  return (mode & 0o022) === 0 ? undefined : "other users may write it; run chmod go-w on it";
}

let suffixes = 0;

function uniqueSuffix(): string {
  suffixes += 1;
  return `${process.hrtime.bigint().toString(36)}${suffixes}`;
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "it is not known why";
}
