import type { BigIntStats } from "node:fs";
import type { FileSystemKind } from "../../../shared/machine/file-systems.ts";

/**
 * A folder of the host that is held, so that it stays the same one whatever is renamed or linked around it. Every system call
 * on what is in it goes through {@link HeldFolder.entry}, one name at a time.
 *
 * Methods throw the error of the system call that failed, and a denial for the name of a process in `/proc`.
 */
export interface HeldFolder {
  /** Whether it is one that may not be written, or lies below one: see {@link Protection}. */
  readonly protectedBelow: boolean;
  /** A path that leads to the entry of this name. `name` is one segment, and neither `.` nor `..`. */
  readonly entry: (name: string) => string;
  /** A path that leads to the folder itself. */
  readonly self: () => string;
  /** The folder of this name in it; fails with `ENOTDIR` when that is no folder, and when it is a link to one. */
  readonly enter: (name: string) => HeldFolder;
  /** Names what has this name in it, a link not followed, without opening it: no pipe and no device notices. */
  readonly look: (name: string) => LookedAt;
  readonly stat: () => BigIntStats;
  /** The kind of file system it is on. */
  readonly fileSystem: () => FileSystemKind;
  /** The kind of file system that what has this name in it is on, a link not followed. `device` is what `lstat` gave. */
  readonly fileSystemOf: (name: string, device: bigint) => FileSystemKind;
  /** Where it is now, with no links in it. Bytes that are not valid UTF-8 are U+FFFD. Fails when that is not known. */
  readonly where: () => string;
  /** One more that holds it. */
  readonly retain: () => HeldFolder;
  /** One less that holds it; the last one lets it go. */
  readonly [Symbol.dispose]: () => void;
}

/** `other` is what guests may neither open nor read: a pipe, a socket, a device. */
export type FileKind = "file" | "folder" | "link" | "other";

/** What kind of file a `stat` says it is. */
export function kindOf(stats: Pick<BigIntStats, "isFile" | "isDirectory" | "isSymbolicLink">): FileKind {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  return stats.isSymbolicLink() ? "link" : "other";
}

/** Something in a folder that was looked at. What is made of it is that very thing, wherever its name leads by then. */
export interface LookedAt {
  readonly kind: FileKind;
  readonly stats: () => BigIntStats;
  /** The kind of file system it is on. */
  readonly fileSystem: () => FileSystemKind;
  /** Opens it; only what was seen to be a regular file. `flags` do not truncate. */
  readonly open: (flags: number) => number;
  /** Holds it; only what was seen to be a folder. The looked-at is used up by it. */
  readonly hold: () => HeldFolder;
  readonly [Symbol.dispose]: () => void;
}

/** How folders are held on a system. */
export interface FolderHolding {
  /** Holds the folder at a path without links in it, and fails with `ESTALE` when something else is there now. */
  readonly openRoot: (root: string, protection: Protection) => HeldFolder;
  /** Whether the system tells where an open file is. */
  readonly tellsWhere: boolean;
  /** Where an open file is now, and ` (deleted)` behind it when it has no name any more; only where the system tells. */
  readonly whereIs: (fd: number) => string;
  /** Another descriptor of an open file, that appends; `undefined` where a system has no such thing. */
  readonly reopenToAppend: (fd: number, flags: number) => number | undefined;
}

/** What a grant leaves out: of writing, or of being reached at all. */
export interface Protection {
  /** Their real paths. */
  readonly paths: readonly string[];
  /** Device and inode of those that exist, as {@link identityOf} writes them. */
  readonly identities: ReadonlySet<string>;
  /** Folders that may not be held, so that nothing in them is reached; left out where there are none. */
  readonly hidden?: HiddenFolders | undefined;
}

/** Folders that may not be held: by what they are, and those that are not there yet by their real paths. */
export interface HiddenFolders {
  readonly identities: ReadonlySet<string>;
  readonly missing: readonly string[];
}

/** What a file is, whatever it is called. */
export function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** An error like that of a system call, for a check of our own that stands in for one. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
