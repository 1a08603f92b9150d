import { createHash } from "node:crypto";
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { PolicyFolders } from "../../../policy/documents/load-documents.ts";

/** A file that a document is in. */
interface DocumentFile {
  readonly real: string;
  readonly identity: string;
  readonly digest: string;
}

/** The documents as they are on disk at a time, by their paths. Those that are not there are left out. */
export type DocumentFiles = ReadonlyMap<string, DocumentFile>;

/** Looks at the files of documents, and at what else is in the folders. */
export function documentFiles(files: readonly string[], folders: PolicyFolders | undefined): DocumentFiles {
  const found = new Map<string, DocumentFile>();
  for (const path of [...foldersOf(folders).flatMap(namesIn), ...files]) {
    const file = lookAt(path);
    if (file !== undefined) found.set(resolve(path), file);
  }
  return found;
}

/** The folders themselves. */
export function foldersOf(folders: PolicyFolders | undefined): readonly string[] {
  if (folders === undefined) return [];
  return folders.user === undefined ? [folders.machine] : [folders.machine, folders.user];
}

/** Whether two looks saw the same texts. */
export function isSameText(one: DocumentFiles, other: DocumentFiles): boolean {
  return one.size === other.size && [...one].every(([path, { digest }]) => other.get(path)?.digest === digest);
}

/** Whether two looks saw the same files with the same texts. */
export function isSameFile(one: DocumentFiles, other: DocumentFiles): boolean {
  return isSameText(one, other) && [...one].every(([path, { identity }]) => other.get(path)?.identity === identity);
}

/**
 * Whether what has changed since has been put in place as a whole: each changed document is another file than before, to which nothing was
 * written where it is. Of one that is written in place, nobody knows whether the writer is done.
 *
 * @param written Whether something was written to the file at this path since it was put there.
 */
export function isReplaced(before: DocumentFiles, now: DocumentFiles, written: (real: string) => boolean): boolean {
  for (const path of before.keys()) if (!now.has(path)) return false;
  for (const [path, { digest, identity, real }] of now) {
    const old = before.get(path);
    if (old?.digest === digest) continue;
    if (old?.identity === identity || written(real)) return false;
  }
  return true;
}

function lookAt(path: string): DocumentFile | undefined {
  try {
    const real = realpathSync(path);
    const { dev, ino, size, isFile } = statOf(real);
    if (!isFile || size > 1024 * 1024) return undefined;
    const digest = createHash("sha256").update(readFileSync(real)).digest("hex");
    return { real, identity: `${dev}:${ino}`, digest };
  } catch {
    // It is not there, or is not for this user: who reads it says so.
    return undefined;
  }
}

function statOf(path: string): {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly isFile: boolean;
} {
  const stats = statSync(path, { bigint: true });
  return { dev: stats.dev, ino: stats.ino, size: stats.size, isFile: stats.isFile() };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(?:ya?ml|json)$/u.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
