import type { BigIntStats } from "node:fs";
import type { HostContext } from "../../capability.ts";
import {
  createDirectoryAt,
  linkAt,
  type NamedFrom,
  removeDirectoryAt,
  renameAt,
  symlinkAt,
  unlinkFileAt,
} from "../folders/change-names.ts";
import {
  appendViaStream,
  readDirectory,
  readlinkAt,
  readViaStream,
  setSize,
  writeViaStream,
} from "./descriptor-functions.ts";
import { type Descriptor, requireFile, requireFolder } from "./descriptor.ts";
import type { FileInputStream, FileOutputStream } from "../content/file-streams.ts";
import type { FolderEntries } from "../folders/folder-entries.ts";
import { type NewTimes, setTimes, setTimesAt, statsAt } from "../metadata/metadata.ts";
import { openAt, type OpenRequest } from "../opening/open-at.ts";
import { type FileResult, recorded, unrecorded } from "./recorded.ts";

/**
 * What guests do with descriptors, whichever ABI they ask by. Opens and changes are recorded, each once, as `filesystem.open-at` and
 * the like; what only reads metadata is recorded when it is denied. Reads, writes and syncs, which may wait, are in
 * `descriptor-functions.ts`.
 */

/** A path from a descriptor, which need not be of a folder. */
export interface PathFrom {
  readonly descriptor: Descriptor;
  readonly path: string;
}

export function openInput(context: HostContext, descriptor: Descriptor, offset: bigint): FileResult<FileInputStream> {
  return unrecorded(context, { action: "read-via-stream", descriptor }, () =>
    readViaStream(context, descriptor, offset),
  );
}

export function openOutput(context: HostContext, descriptor: Descriptor, offset: bigint): FileResult<FileOutputStream> {
  return unrecorded(context, { action: "write-via-stream", descriptor }, () =>
    writeViaStream(context, descriptor, offset),
  );
}

/** A stream that writes at the file's end. */
export function openAppending(context: HostContext, descriptor: Descriptor): FileResult<FileOutputStream> {
  return unrecorded(context, { action: "append-via-stream", descriptor }, () => appendViaStream(context, descriptor));
}

/** Advice is for files, and changes nothing. */
export function advise(context: HostContext, descriptor: Descriptor): FileResult<void> {
  return unrecorded(context, { action: "advise", descriptor }, () => void requireFile(descriptor));
}

export function resizeFile(context: HostContext, descriptor: Descriptor, size: bigint): FileResult<void> {
  return recorded(context, { action: "set-size", descriptor }, () => setSize(context, descriptor, size));
}

export function setDescriptorTimes(context: HostContext, descriptor: Descriptor, times: NewTimes): FileResult<void> {
  return recorded(context, { action: "set-times", descriptor }, () => setTimes(context, descriptor, times));
}

export function setPathTimes(
  context: HostContext,
  { descriptor, path }: PathFrom,
  follow: boolean,
  times: NewTimes,
): FileResult<void> {
  return recorded(context, { action: "set-times-at", descriptor, path }, () =>
    setTimesAt(context, requireFolder(descriptor), follow, path, times),
  );
}

/** @param action What the record calls it. */
export function statsOfDescriptor(
  context: HostContext,
  descriptor: Descriptor,
  action: "stat" | "metadata-hash",
): FileResult<BigIntStats> {
  return unrecorded(context, { action, descriptor }, () => descriptor.stat());
}

/** @param action What the record calls it. */
export function statsOfPath(
  context: HostContext,
  { descriptor, path }: PathFrom,
  follow: boolean,
  action: "stat-at" | "metadata-hash-at",
): FileResult<BigIntStats> {
  return unrecorded(context, { action, descriptor, path }, () =>
    statsAt(context, requireFolder(descriptor), follow, path),
  );
}

/** The entries of a folder, from the first. */
export function listFolder(context: HostContext, descriptor: Descriptor): FileResult<FolderEntries> {
  return recorded(context, { action: "read-directory", descriptor }, () => readDirectory(context, descriptor));
}

export function openPath(context: HostContext, descriptor: Descriptor, request: OpenRequest): FileResult<Descriptor> {
  return recorded(context, { action: "open-at", descriptor, path: request.path }, () =>
    openAt(context, requireFolder(descriptor), request),
  );
}

export function makeFolder(context: HostContext, { descriptor, path }: PathFrom): FileResult<void> {
  return recorded(context, { action: "create-directory-at", descriptor, path }, () =>
    createDirectoryAt(context, { base: requireFolder(descriptor), path }),
  );
}

export function removeFolder(context: HostContext, { descriptor, path }: PathFrom): FileResult<void> {
  return recorded(context, { action: "remove-directory-at", descriptor, path }, () =>
    removeDirectoryAt(context, { base: requireFolder(descriptor), path }),
  );
}

export function unlinkFile(context: HostContext, { descriptor, path }: PathFrom): FileResult<void> {
  return recorded(context, { action: "unlink-file-at", descriptor, path }, () =>
    unlinkFileAt(context, { base: requireFolder(descriptor), path }),
  );
}

/** What a link says; nothing follows it. */
export function readLinkAt(context: HostContext, { descriptor, path }: PathFrom): FileResult<string> {
  return unrecorded(context, { action: "readlink-at", descriptor, path }, () =>
    readlinkAt(context, requireFolder(descriptor), path),
  );
}

/** Makes a link with this content. */
export function makeSymbolicLink(
  context: HostContext,
  target: string,
  { descriptor, path }: PathFrom,
): FileResult<void> {
  return recorded(context, { action: "symlink-at", descriptor, path }, () =>
    symlinkAt(context, target, { base: requireFolder(descriptor), path }),
  );
}

/** Gives a file one more name. */
export function makeHardLink(context: HostContext, follow: boolean, from: PathFrom, to: PathFrom): FileResult<void> {
  return recordedMove(context, "link-at", from, to, (source, target) => linkAt(context, follow, source, target));
}

export function renamePath(context: HostContext, from: PathFrom, to: PathFrom): FileResult<void> {
  return recordedMove(context, "rename-at", from, to, (source, target) => renameAt(context, source, target));
}

function recordedMove(
  context: HostContext,
  action: string,
  from: PathFrom,
  to: PathFrom,
  work: (source: NamedFrom, target: NamedFrom) => void,
): FileResult<void> {
  return recorded(context, { action, ...from, to }, () =>
    work(
      { base: requireFolder(from.descriptor), path: from.path },
      { base: requireFolder(to.descriptor), path: to.path },
    ),
  );
}
