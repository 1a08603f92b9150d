import { lstatSync, mkdirSync, readlinkSync, type Stats } from "node:fs";
import { join, parse, resolve, sep } from "node:path";
import { quoteText } from "../text/quote-text.ts";

/** As many links as Linux follows. */
const MAX_LINKS = 40;

/** The longest path, in bytes: what is kept in it has names as well, and no part of a longer one is to be made. */
const MAX_PATH_BYTES = 2_048;

/** How much of a path is put in a message, in characters. */
const SHOWN = 200;

/** A folder fit to keep code in that this process will run, or why there is none. */
export type PrivateDirectory =
  /** Without links on the way. */
  { readonly path: string } | { readonly problem: string };

/**
 * Makes sure that a folder is there (mode 0700 where it is made) and that nobody but this user and root can put anything in it, or
 * another folder in its place.
 *
 * From the root down, each folder and link belongs to this user or to root, and no other can write to it; a sticky one such as `/tmp`
 * may be written, since nobody can move what is another's there. The folder itself is this user's, and written by nobody else. Since
 * what was looked at cannot be exchanged by anyone else from then on, the answer stays true for paths that are opened later.
 *
 * @param directory A relative path starts at the current folder.
 */
export function privateDirectory(directory: string): PrivateDirectory {
  const absolute = resolve(directory);
  if (Buffer.byteLength(absolute) > MAX_PATH_BYTES) {
    return { problem: `${quoteText(absolute, SHOWN)} is longer than ${MAX_PATH_BYTES} bytes` };
  }
  try {
    return walk(absolute);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it is not known why";
    return { problem: `${quoteText(absolute, SHOWN)} cannot be made or looked at (${code})` };
  }
}

function walk(directory: string): PrivateDirectory {
  let { root: path } = parse(directory);
  const pending = segmentsOf(directory.slice(path.length));
  let stats = lstatSync(path);
  let links = 0;
  for (;;) {
    const problem = problemOf(path, stats, pending.length === 0);
    if (problem !== undefined) return { problem };
    const name = pending.pop();
    if (name === undefined) return { path };
    const next = join(path, name);
    stats = madeIfMissing(next);
    if (stats.isSymbolicLink()) {
      links += 1;
      if (links > MAX_LINKS) return { problem: `${quoteText(next, SHOWN)} leads through too many links` };
      if (!isTrusted(stats)) return { problem: `the link ${quoteText(next, SHOWN)} belongs to another user` };
      const target = resolve(path, readlinkSync(next));
      ({ root: path } = parse(target));
      pending.push(...segmentsOf(target.slice(path.length)));
      stats = lstatSync(path);
    } else {
      path = next;
    }
  }
}

/** Why a folder on the way, or the last one, cannot be relied on. */
function problemOf(path: string, stats: Stats, isLast: boolean): string | undefined {
  const shown = quoteText(path, SHOWN);
  if (!stats.isDirectory()) return `${shown} is not a folder`;
  if (process.geteuid === undefined) return undefined;
  if (isLast ? stats.uid !== process.geteuid() : !isTrusted(stats)) return `${shown} belongs to another user`;
  const othersMayWrite = (stats.mode & 0o022) !== 0;
  const sticky = !isLast && (stats.mode & 0o1000) !== 0;
  return othersMayWrite && !sticky ? `${shown} can be written to by other users` : undefined;
}

function isTrusted({ uid }: Stats): boolean {
  return process.geteuid === undefined || uid === 0 || uid === process.geteuid();
}

/**
 * What has the path now. One folder at a time: a recursive `mkdir` of Node's comes to no end in file systems such as `/proc`, which
 * say of a folder that is there that it is not when something is to be made in it.
 */
function madeIfMissing(path: string): Stats {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return found;
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    // Another process may have made it just now.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  return lstatSync(path);
}

/** The names of a path, the first one last. */
function segmentsOf(path: string): string[] {
  return path
    .split(sep)
    .filter((name) => name !== "")
    .reverse();
}
