import {
  type BigIntStats,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { ACCESS } from "../../../policy/storage/access.ts";
import type { HostContext } from "../../capability.ts";
import { type FolderDescriptor, requireChange } from "../wasi/descriptor.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { errnoOf } from "../failure.ts";
import { filesystemState } from "../filesystem-state.ts";
import { seenAs } from "../opening/kernel-files.ts";
import { checkNotAbove, checkProtection, checkSize } from "../paths/preopen-scope.ts";
import { type Place, readLink, Walk } from "../paths/walk.ts";

/** The longest content of a link, in bytes; as Linux has it. */
const MAX_LINK_BYTES = 4_095;

/** A path from a folder's descriptor. */
export interface NamedFrom {
  readonly base: FolderDescriptor;
  readonly path: string;
}

/** Makes a folder. */
export function createDirectoryAt(context: HostContext, named: NamedFrom): void {
  requireChange(named.base, "create");
  using walk = walkTo(context, named);
  const place = walk.place();
  const name = nameOf(place, "exist");
  named.base.scope.rules?.check(place.folder, name, ACCESS.create);
  checkProtection(named.base.scope.protection, place.folder, name);
  mkdirSync(place.folder.entry(name), 0o777);
}

/** Removes an empty folder. A link to one is no folder. */
export function removeDirectoryAt(context: HostContext, named: NamedFrom): void {
  requireChange(named.base, "delete");
  using walk = walkTo(context, named);
  const place = walk.place();
  const name = nameOf(place, "invalid");
  named.base.scope.rules?.check(place.folder, name, ACCESS.delete);
  checkRemovable(named.base, place, name, statsOf(place, name));
  rmdirSync(place.folder.entry(name));
}

/** Removes a name of what is no folder: a link itself, not what it leads to. */
export function unlinkFileAt(context: HostContext, named: NamedFrom): void {
  requireChange(named.base, "delete");
  using walk = walkTo(context, named);
  const place = walk.place();
  const name = nameOf(place, "is-directory");
  named.base.scope.rules?.check(place.folder, name, ACCESS.delete);
  const stats = statsOf(place, name);
  if (stats.isDirectory()) throw FilesystemError.failed("is-directory", "it is a folder");
  if (place.mustBeFolder) throw notFolder();
  checkRemovable(named.base, place, name, stats);
  unlinkSync(place.folder.entry(name));
}

/** Makes a link. Its content is kept as it is, and leads only where {@link Walk} lets it. */
export function symlinkAt(context: HostContext, target: string, named: NamedFrom): void {
  checkLinkTarget(target);
  requireChange(named.base, "create");
  using walk = walkTo(context, named);
  const place = walk.place();
  const name = newFileName(named.base, place);
  named.base.scope.rules?.checkNotThrough(place.folder, name);
  checkProtection(named.base.scope.protection, place.folder, name);
  checkNotAbove(named.base.scope.protection, place.folder, name);
  symlinkSync(target, place.folder.entry(name));
}

/**
 * Gives a file one more name. The new name has the rights of its folder, so both folders must be writable, and the new one must
 * not let the file become larger than the old one does.
 */
export function linkAt(context: HostContext, follow: boolean, source: NamedFrom, target: NamedFrom): void {
  // As other hosts of WASI have it: what the link leads to has a name of its own.
  if (follow) throw FilesystemError.failed("invalid", "a hard link to what a link leads to cannot be made");
  requireChange(source.base, "write");
  requireChange(target.base, "create");
  using walkSource = walkTo(context, source);
  const old = walkSource.place();
  const oldName = nameOf(old, "not-permitted");
  source.base.scope.rules?.check(old.folder, oldName, ACCESS.modify);
  const stats = statsOf(old, oldName);
  if (stats.isDirectory()) throw FilesystemError.failed("not-permitted", "a folder has one name only");
  if (old.mustBeFolder) throw notFolder();
  if (stats.isSymbolicLink() && process.platform !== "linux") {
    // Elsewhere the system call may follow it.
    throw FilesystemError.failed("unsupported", "a hard link to a link cannot be made on this system");
  }
  using walkTarget = walkTo(context, target);
  const made = walkTarget.place();
  const name = newFileName(target.base, made);
  checkNewName(source.base, old, oldName, target.base, made, name, stats);
  target.base.scope.rules?.checkNotThrough(made.folder, name);
  checkProtection(source.base.scope.protection, old.folder, oldName, seenAs(old.folder, oldName, stats));
  checkProtection(target.base.scope.protection, made.folder, name);
  checkNotAbove(target.base.scope.protection, made.folder, name);
  if (target.base.scope.preopen.maxFileBytes > source.base.scope.preopen.maxFileBytes) {
    throw FilesystemError.denied("not-permitted", "files may become larger under the new name than under the old one");
  }
  if (stats.isFile()) checkSize(target.base.scope.preopen, stats.size);
  linkSync(old.folder.entry(oldName), made.folder.entry(name));
}

/**
 * Moves a name. It goes from one folder, which is a deletion there, and comes to another, which is a creation there, and a
 * deletion too when it replaces something.
 */
export function renameAt(context: HostContext, source: NamedFrom, target: NamedFrom): void {
  requireChange(source.base, "delete");
  requireChange(target.base, "create");
  using walkSource = walkTo(context, source);
  const old = walkSource.place();
  const oldName = nameOf(old, "busy");
  source.base.scope.rules?.check(old.folder, oldName, ACCESS.delete);
  const stats = statsOf(old, oldName);
  using walkTarget = walkTo(context, target);
  const made = walkTarget.place();
  const name = nameOf(made, "busy");
  target.base.scope.rules?.check(made.folder, name, ACCESS.create);
  checkNewName(source.base, old, oldName, target.base, made, name, stats);
  target.base.scope.rules?.checkNotThrough(made.folder, name);
  if (!stats.isDirectory() && (old.mustBeFolder || made.mustBeFolder)) throw notFolder();
  checkRemovable(source.base, old, oldName, stats);
  const replaced = statsIfAny(made, name);
  checkProtection(target.base.scope.protection, made.folder, name);
  if (replaced !== undefined) {
    checkProtection(target.base.scope.protection, made.folder, name, seenAs(made.folder, name, replaced));
  }
  checkNotAbove(target.base.scope.protection, made.folder, name);
  if (replaced !== undefined) {
    requireChange(target.base, "delete");
    target.base.scope.rules?.check(made.folder, name, ACCESS.delete, replaced);
  }
  const { preopen } = target.base.scope;
  if (stats.isFile() && preopen !== source.base.scope.preopen) checkSize(preopen, stats.size);
  if (preopen.delete) renameSync(old.folder.entry(oldName), made.folder.entry(name));
  else renameWithoutReplacing(old, oldName, stats, made, name);
}

/** So that a file which appears under the new name just now is not lost, where nothing may be removed. */
function renameWithoutReplacing(old: Place, oldName: string, stats: BigIntStats, made: Place, name: string): void {
  const from = old.folder.entry(oldName);
  const to = made.folder.entry(name);
  const link = stats.isSymbolicLink() ? readLink(old.folder, oldName) : undefined;
  if (stats.isDirectory()) {
    // This can replace an empty folder, and nothing else.
    renameSync(from, to);
    return;
  }
  if (link !== undefined) symlinkSync(link, to);
  else if (stats.isFile()) linkSync(from, to);
  else throw FilesystemError.denied("not-permitted", "it is a pipe, a socket or a device, which no grant covers");
  unlinkSync(from);
}

function walkTo(context: HostContext, { base, path }: NamedFrom): Walk {
  return new Walk(base.folder, path, filesystemState(context).cache, base.scope.rules);
}

/** The last name, or the failure there is for a path that means a folder by `.` or `..`. */
function nameOf({ name }: Place, otherwise: "exist" | "invalid" | "is-directory" | "busy" | "not-permitted"): string {
  if (name !== undefined) return name;
  throw FilesystemError.failed(otherwise, "the path has no name at its end");
}

/** The name for a new file or link, which is no folder, where one may be made. */
function newFileName({ scope }: FolderDescriptor, place: Place): string {
  const name = nameOf(place, "exist");
  scope.rules?.check(place.folder, name, ACCESS.create);
  if (!place.mustBeFolder) return name;
  if (statsIfAny(place, name) === undefined) throw FilesystemError.failed("no-entry", "there is no such folder");
  throw FilesystemError.failed("exist", "the name is taken");
}

function statsOf(place: Place, name: string): BigIntStats {
  return lstatSync(place.folder.entry(name), { bigint: true });
}

function statsIfAny(place: Place, name: string): BigIntStats | undefined {
  try {
    return statsOf(place, name);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Refuses a name that would let more be done with a file than its old one does, where rules tell names apart. */
function checkNewName(
  source: FolderDescriptor,
  old: Place,
  oldName: string,
  target: FolderDescriptor,
  made: Place,
  name: string,
  stats: BigIntStats,
): void {
  const from = { folder: old.folder, name: oldName };
  source.scope.rules?.checkNewName(from, { folder: made.folder, name, scope: target.scope.rules }, stats);
}

function checkRemovable({ scope }: FolderDescriptor, { folder }: Place, name: string, stats: BigIntStats): void {
  scope.rules?.checkNotThrough(folder, name);
  scope.rules?.check(folder, name, ACCESS.delete, stats);
  checkProtection(scope.protection, folder, name, seenAs(folder, name, stats));
  checkNotAbove(scope.protection, folder, name);
}

function checkLinkTarget(target: string): void {
  if (target === "") throw FilesystemError.failed("no-entry", "the link's content is empty");
  if (target.includes("\0")) throw FilesystemError.failed("invalid", "the link's content has a NUL character");
  if (!target.isWellFormed()) throw FilesystemError.failed("illegal-byte-sequence", "it is not valid Unicode text");
  if (target.length > MAX_LINK_BYTES || Buffer.byteLength(target) > MAX_LINK_BYTES) {
    throw FilesystemError.failed("name-too-long", `the link's content is longer than ${MAX_LINK_BYTES} bytes`);
  }
  if (target.startsWith("/")) throw FilesystemError.denied("not-permitted", "links must be relative");
}

function notFolder(): FilesystemError {
  return FilesystemError.failed("not-directory", "it is no folder");
}
