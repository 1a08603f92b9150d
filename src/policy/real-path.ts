import { isUtf8 } from "node:buffer";
import { realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { type FileSystemKind, FileSystems } from "../shared/machine/file-systems.ts";
import { kernelChangeProblem, kernelReadProblem } from "./kernel-files.ts";

/** The path with its links resolved, or why that failed. */
export function realPath(path: string): string | { readonly problem: string } {
  if (path.includes("\0")) return { problem: "the path has a NUL character" };
  try {
    // As bytes: two names that differ in bytes only could otherwise decode to one text.
    const real = realpathSync.native(path, "buffer");
    return isUtf8(real) ? real.toString("utf8") : { problem: "its real path is not valid UTF-8" };
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return { problem: "no such file or folder" };
    return { problem: `its real path cannot be found (${String(code)})` };
  }
}

/** The path with the links of what exists of it resolved; for a folder that may be made later. */
export function realPathOfWhatExists(path: string): string {
  const real = realPath(path);
  if (typeof real === "string") return real;
  const parent = dirname(path);
  return parent === path ? path : join(realPathOfWhatExists(parent), basename(path));
}

/** What a path leads to now, whatever else it is called. */
export interface SeenFile {
  /** Device and inode. */
  readonly identity: string;
  readonly real: string;
}

/** What a path leads to; `undefined` for what is not there, or not to be seen by this process. */
export function seenAt(path: string): SeenFile | undefined {
  const real = realPath(path);
  if (typeof real !== "string") return undefined;
  try {
    const { dev, ino } = statSync(real, { bigint: true });
    return { identity: `${dev}:${ino}`, real };
  } catch {
    return undefined;
  }
}

/** Whether a real path is a folder, or a regular file; `false` when it cannot be found out. */
export function isKind(path: string, kind: "folder" | "file"): boolean {
  let found: Stats | undefined;
  try {
    found = statSync(path, { throwIfNoEntry: false });
  } catch {
    // What cannot be looked at cannot be granted either.
    return false;
  }
  return found !== undefined && (kind === "folder" ? found.isDirectory() : found.isFile());
}

/** Why the kernel's file systems do not let a real path be granted, or `undefined` when it may be. */
export function kernelProblem(path: string, write: boolean): string | undefined {
  let stats: Stats;
  let fileSystem: FileSystemKind;
  try {
    stats = statSync(path);
    fileSystem = new FileSystems().of(stats.dev, () => path);
  } catch (error) {
    return `its file system cannot be told (${String(codeOf(error))})`;
  }
  return write
    ? kernelChangeProblem(fileSystem)
    : kernelReadProblem(fileSystem, {
        isFile: stats.isFile(),
        name: basename(path),
        where: () => dirname(path),
      });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Whether a real path is a folder itself, or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
