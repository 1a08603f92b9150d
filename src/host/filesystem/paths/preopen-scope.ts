import { type BigIntStats, statSync } from "node:fs";
import type { Preopen } from "../../../policy/grants.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { errnoOf } from "../failure.ts";
import { type HeldFolder, type HiddenFolders, identityOf, type Protection } from "../folders/held-folder.ts";
import { covers } from "./check.ts";
import { checkChangeable, type SeenFile } from "../opening/kernel-files.ts";

/** What a change does to the names of a folder, and to files. */
export type Change =
  /** A file's content or metadata. */
  | "write"
  /** A name that was not there. */
  | "create"
  /** A name goes, or what it stood for. */
  | "delete";

/** Why a preopened folder's grant refuses a change, or `undefined` when it does not. */
export function changeProblem(preopen: Preopen, change: Change): FilesystemError | undefined {
  if (!preopen.write) {
    return FilesystemError.denied("read-only", "the preopened folder is granted for reading only", {
      setting: "grants.filesystem.preopens",
      value: `${preopen.written.replace(/:ro$/u, "")}:rw`,
    });
  }
  if (change === "create" && !preopen.create) {
    return FilesystemError.denied("not-permitted", "making files is not granted", {
      setting: "grants.filesystem.create",
      value: "true",
    });
  }
  if (change === "delete" && !preopen.delete) {
    return FilesystemError.denied("not-permitted", "removing files is not granted", {
      setting: "grants.filesystem.delete",
      value: "true",
    });
  }
  return undefined;
}

/** Refuses a file of `size` bytes where the grant bounds the size. */
export function checkSize(preopen: Preopen, size: bigint): void {
  if (size <= BigInt(preopen.maxFileBytes)) return;
  throw FilesystemError.denied(
    "file-too-large",
    `the file would pass the ${preopen.maxFileBytes} bytes that are granted`,
    { setting: "grants.filesystem.maxFileBytes" },
  );
}

/** What may not be written below a preopened folder, found when the folder is opened. */
export function protectionOf(preopen: Preopen): Protection {
  const identities = preopen.except.map(existing).filter((stats) => stats !== undefined);
  return {
    paths: preopen.except.map((path) => withSlashes(path)),
    identities: new Set(identities.map(identityOf)),
    hidden: preopen.hidden === undefined ? undefined : hiddenFolders(preopen.hidden),
  };
}

function hiddenFolders(paths: readonly string[]): HiddenFolders {
  const found = paths.map((path) => ({ path, stats: existing(path) }));
  return {
    identities: new Set(found.flatMap(({ stats }) => (stats === undefined ? [] : [identityOf(stats)]))),
    missing: found.filter(({ stats }) => stats === undefined).map(({ path }) => withSlashes(path)),
  };
}

function existing(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    // Then its path alone is protected, so that nobody makes it.
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/**
 * Refuses a change in a folder, or to a name in it, that no grant covers, or that this one leaves out of writing: by what the
 * folders on the way are, and by where the name is now, so that neither moving a protected folder nor making one that was missing
 * helps. Whatever changes anything comes by here.
 *
 * @param seen What has the name; `undefined` when nothing has.
 */
export function checkProtection(
  { paths, identities }: Protection,
  folder: HeldFolder,
  name: string | undefined,
  seen?: SeenFile,
): void {
  checkChangeable(folder, seen);
  if (paths.length === 0) return;
  if (folder.protectedBelow || (seen !== undefined && identities.has(identityOf(seen.stats())))) throw protectedError();
  const path = pathOf(folder, name);
  if (paths.some((left) => covers(left, path))) throw protectedError();
}

/**
 * Refuses to move, remove, replace or link a name that a protected path leads through: another tree could then be put in its
 * place.
 */
export function checkNotAbove({ paths }: Protection, folder: HeldFolder, name: string): void {
  if (paths.length === 0) return;
  const path = pathOf(folder, name);
  if (paths.some((left) => covers(path, left))) throw protectedError();
}

function pathOf(folder: HeldFolder, name: string | undefined): string {
  const where = withSlashes(folder.where());
  if (name === undefined) return where;
  return `${where === "/" ? "" : where}/${name}`;
}

function withSlashes(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

function protectedError(): FilesystemError {
  return FilesystemError.denied("read-only", "the host keeps code or settings of its own there, which no grant covers");
}
