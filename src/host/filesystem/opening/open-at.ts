import { closeSync, constants, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import { ACCESS } from "../../../policy/storage/access.ts";
import type { HostContext } from "../../capability.ts";
import {
  type Descriptor,
  type DescriptorFlags,
  FileDescriptor,
  fileScope,
  FolderDescriptor,
  type Opened,
  requireChange,
} from "../wasi/descriptor.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { errnoOf } from "../failure.ts";
import { filesystemState, takeOpenFile } from "../filesystem-state.ts";
import type { LookedAt } from "../folders/held-folder.ts";
import { keepFile, keepFolder } from "../keep-under-policy.ts";
import { checkReadable } from "./kernel-files.ts";
import { labelOf } from "../paths/label.ts";
import { OpenFile } from "./open-file.ts";
import type { OpenSlot } from "./open-slot.ts";
import { checkProtection } from "../paths/preopen-scope.ts";
import type { StorageScope } from "../paths/storage-scope.ts";
import { type Place, Walk } from "../paths/walk.ts";

const { O_CREAT, O_DSYNC, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_SYNC, O_WRONLY } = constants;
/** How often opening is tried again when the name appears or disappears meanwhile. */
const MAX_ATTEMPTS = 5;

/** `wasi:filesystem/types.open-flags`. */
export interface OpenFlags {
  readonly create: boolean;
  readonly directory: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** What `open-at` is asked for. */
export interface OpenRequest {
  readonly follow: boolean;
  readonly path: string;
  readonly openFlags: OpenFlags;
  readonly flags: DescriptorFlags;
}

/**
 * Opens a file or a folder below a folder's descriptor. Rights never grow: what would write needs the descriptor's
 * `mutate-directory` and the preopen's grant. Nothing but regular files and folders is opened: pipes, sockets and devices are
 * refused without being touched.
 */
export function openAt(context: HostContext, base: FolderDescriptor, request: OpenRequest): Descriptor {
  checkRequest(base, request);
  const slot = takeOpenFile(context);
  try {
    return open(context, base, request, slot);
  } catch (error) {
    slot.release();
    throw error;
  }
}

function checkRequest(base: FolderDescriptor, { openFlags, flags }: OpenRequest): void {
  if (openFlags.directory && (openFlags.create || openFlags.truncate)) {
    throw FilesystemError.failed("invalid", "a folder can be neither created nor truncated by opening it");
  }
  if (openFlags.create || openFlags.truncate || flags.write || flags.mutateDirectory) requireChange(base, "write");
}

function open(context: HostContext, base: FolderDescriptor, request: OpenRequest, slot: OpenSlot): Descriptor {
  const state = filesystemState(context);
  const { rules } = base.scope;
  using walk = new Walk(base.folder, request.path, state.cache, rules);
  for (let attempt = 0; attempt < MAX_ATTEMPTS;) {
    const place = walk.place();
    if (place.name === undefined) {
      const flags = folderFlags(base, request, state.posixFolders);
      rules?.checkReachable(place.folder, undefined);
      checkReadable(place.folder, undefined, place.folder.fileSystem(), false);
      if (flags.mutateDirectory && request.flags.mutateDirectory) {
        checkProtection(base.scope.protection, place.folder, undefined);
      }
      const options = { scope: base.scope, flags, label: labelOf(base, request.path) };
      return keepFolder(context, new FolderDescriptor(options, place.folder.retain(), slot));
    }
    rules?.checkReachable(place.folder, place.name);
    const looked = lookAt(place, place.name, request, rules);
    if (looked === undefined) {
      const file = create(base, place, place.name, request);
      if (file !== undefined) {
        const access = { rights: createdAccess(request), isNew: true };
        return fileDescriptor(context, base, request, place, new OpenFile(file, slot), access);
      }
      attempt += 1;
      continue;
    }
    using found = looked;
    if (found.kind === "link") rules?.checkReachable(place.folder, place.name, found.stats());
    if (found.kind !== "link") return openFound(context, base, request, place, found, slot, state.posixFolders);
    if (request.openFlags.exclusive && request.openFlags.create) throw exists();
    if (!request.follow) throw notFollowed(request, place);
    walk.follow(place, place.name);
  }
  throw FilesystemError.failed("busy", "the name kept changing while it was opened");
}

/** What has the name, or `undefined` when nothing has and it is to be created. */
function lookAt(
  place: Place,
  name: string,
  { openFlags }: OpenRequest,
  rules: StorageScope | undefined,
): LookedAt | undefined {
  try {
    return place.folder.look(name);
  } catch (error) {
    if (openFlags.create && errnoOf(error) === "ENOENT") return undefined;
    rules?.checkFailed(place.folder, name);
    throw error;
  }
}

function openFound(
  context: HostContext,
  base: FolderDescriptor,
  request: OpenRequest,
  place: Place,
  found: LookedAt,
  slot: OpenSlot,
  posixFolders: boolean,
): Descriptor {
  const { openFlags, flags } = request;
  const { rules } = base.scope;
  rules?.checkReachable(place.folder, place.name, found.stats());
  checkReadable(place.folder, place.name, found.fileSystem(), found.kind === "file");
  if (openFlags.create && openFlags.exclusive) throw exists();
  if (found.kind === "folder") {
    if (openFlags.create || openFlags.truncate) throw FilesystemError.failed("is-directory", "it is a folder");
    const granted = folderFlags(base, request, posixFolders);
    if (flags.mutateDirectory) checkProtection(base.scope.protection, place.folder, place.name, found);
    const options = { scope: base.scope, flags: granted, label: labelOf(base, request.path) };
    return keepFolder(context, new FolderDescriptor(options, found.hold(), slot));
  }
  if (openFlags.directory || place.mustBeFolder) throw FilesystemError.failed("not-directory", "it is no folder");
  if (found.kind !== "file") {
    throw FilesystemError.denied("not-permitted", "it is a pipe, a socket or a device, which no grant covers");
  }
  if (flags.write || openFlags.truncate) {
    checkProtection(base.scope.protection, place.folder, place.name, found);
  }
  rules?.check(place.folder, place.name, accessAsked(request), found.stats());
  const fd = found.open(accessFlags(request));
  if (openFlags.truncate) truncate(fd);
  const access = { rights: accessAsked(request), isNew: false };
  return fileDescriptor(context, base, request, place, new OpenFile(fd, slot), access);
}

/** What the rules have to allow for a file that is there. One that is opened for neither can still be looked at. */
function accessAsked({ flags, openFlags }: OpenRequest): number {
  const access = (flags.read ? ACCESS.read : 0) | (flags.write || openFlags.truncate ? ACCESS.modify : 0);
  return access === 0 ? ACCESS.read : access;
}

function truncate(fd: number): void {
  try {
    ftruncateSync(fd, 0);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** What the rules have to allow for a file that is made. */
function createdAccess({ flags }: OpenRequest): number {
  return ACCESS.create | (flags.read ? ACCESS.read : 0);
}

/** A new file, or `undefined` when something has taken the name meanwhile. */
function create(base: FolderDescriptor, place: Place, name: string, request: OpenRequest): number | undefined {
  if (place.mustBeFolder)
    throw FilesystemError.failed("is-directory", "the path of the file to create ends in a slash");
  requireChange(base, "create");
  base.scope.rules?.check(place.folder, name, createdAccess(request));
  checkProtection(base.scope.protection, place.folder, name);
  const flags = accessFlags(request) | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  try {
    return openSync(place.folder.entry(name), flags, 0o666);
  } catch (error) {
    if (errnoOf(error) === "EEXIST" && !request.openFlags.exclusive) return undefined;
    throw error;
  }
}

function fileDescriptor(
  context: HostContext,
  base: FolderDescriptor,
  request: OpenRequest,
  { folder, name = "" }: Place,
  file: OpenFile,
  access: Opened["access"],
): Descriptor {
  const flags = { ...request.flags, mutateDirectory: false };
  const options = { scope: fileScope(base.scope, folder, name), flags, label: labelOf(base, request.path) };
  const path = base.scope.holding.tellsWhere ? undefined : join(folder.where(), name);
  const descriptor = new FileDescriptor(options, file, { path, access });
  keepFile(context, descriptor, file);
  return descriptor;
}

/** The flags of an opened folder. Reading it, and what is in it, needs no flag. */
function folderFlags(base: FolderDescriptor, { flags }: OpenRequest, posixFolders: boolean): DescriptorFlags {
  if (flags.write) throw FilesystemError.failed("is-directory", "a folder cannot be opened for writing");
  const mutateDirectory = posixFolders ? base.flags.mutateDirectory : flags.mutateDirectory;
  return { ...flags, read: true, write: false, mutateDirectory };
}

function accessFlags({ flags, openFlags }: OpenRequest): number {
  const writes = flags.write || openFlags.truncate;
  const access = writes ? (flags.read ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (!flags.write) return access;
  // Windows has neither; there `sync` is what a guest has.
  if (flags.fileIntegritySync || flags.requestedWriteSync) return access | (O_SYNC ?? 0);
  return flags.dataIntegritySync ? access | (O_DSYNC ?? 0) : access;
}

function exists(): FilesystemError {
  return FilesystemError.failed("exist", "the name is taken");
}

function notFollowed({ openFlags }: OpenRequest, { mustBeFolder }: Place): FilesystemError {
  return openFlags.directory || mustBeFolder
    ? FilesystemError.failed("not-directory", "it is a link, and links are not to be followed")
    : FilesystemError.failed("loop", "it is a link, and links are not to be followed");
}
