import type { HostContext, HostInterface, HostResult } from "../capability.ts";
import type { IoError } from "../io/io-error.ts";
import { realmBytes } from "../io/realm-bytes.ts";
import { wasiInterface } from "../wasi-interface.ts";
import {
  createDirectoryAt,
  linkAt,
  type NamedFrom,
  removeDirectoryAt,
  renameAt,
  symlinkAt,
  unlinkFileAt,
} from "./change-names.ts";
import {
  appendViaStream,
  isSameObject,
  read,
  readDirectory,
  readlinkAt,
  readViaStream,
  setSize,
  sync,
  write,
  writeViaStream,
} from "./descriptor-functions.ts";
import { type Descriptor, type DescriptorFlags, requireFile, requireFolder } from "./descriptor.ts";
import { type ErrorCode, FilesystemError } from "./error-code.ts";
import type { FileInputStream, FileOutputStream } from "./file-streams.ts";
import type { DirectoryEntry, FolderEntries } from "./folder-entries.ts";
import { type FileResult, recorded, unrecorded } from "./recorded.ts";
import {
  type DescriptorStat,
  type DescriptorType,
  type MetadataHash,
  metadataHash,
  type NewTimestamp,
  setTimes,
  setTimesAt,
  statOf,
  statsAt,
} from "./metadata.ts";
import { type OpenFlags, openAt } from "./open-at.ts";

interface PathFlags {
  readonly symlinkFollow: boolean;
}

/**
 * `wasi:filesystem/types`. Files and folders are reached from the descriptors of `wasi:filesystem/preopens` alone. Opens and
 * changes are recorded, each once, as `filesystem.open-at` and the like; what only looks is recorded when it is denied.
 */
export const wasiFilesystemTypes: HostInterface = wasiInterface("wasi:filesystem/types", {
  direct: {
    "[method]descriptor.read-via-stream": (
      context: HostContext,
      descriptor: Descriptor,
      offset: bigint,
    ): FileResult<FileInputStream> =>
      unrecorded(context, { action: "read-via-stream", descriptor }, () => readViaStream(context, descriptor, offset)),
    "[method]descriptor.write-via-stream": (
      context: HostContext,
      descriptor: Descriptor,
      offset: bigint,
    ): FileResult<FileOutputStream> =>
      unrecorded(context, { action: "write-via-stream", descriptor }, () =>
        writeViaStream(context, descriptor, offset),
      ),
    "[method]descriptor.append-via-stream": (
      context: HostContext,
      descriptor: Descriptor,
    ): FileResult<FileOutputStream> =>
      unrecorded(context, { action: "append-via-stream", descriptor }, () => appendViaStream(context, descriptor)),
    "[method]descriptor.advise": (context: HostContext, descriptor: Descriptor): FileResult<void> =>
      unrecorded(context, { action: "advise", descriptor }, () => void requireFile(descriptor)),
    "[method]descriptor.get-flags": (_context: HostContext, { flags }: Descriptor): FileResult<DescriptorFlags> => ({
      tag: "ok",
      val: flags,
    }),
    "[method]descriptor.get-type": (_context: HostContext, { kind }: Descriptor): FileResult<DescriptorType> => ({
      tag: "ok",
      val: kind === "folder" ? "directory" : "regular-file",
    }),
    "[method]descriptor.set-size": (context: HostContext, descriptor: Descriptor, size: bigint): FileResult<void> =>
      recorded(context, { action: "set-size", descriptor }, () => setSize(context, descriptor, size)),
    "[method]descriptor.set-times": (
      context: HostContext,
      descriptor: Descriptor,
      access: NewTimestamp,
      modification: NewTimestamp,
    ): FileResult<void> =>
      recorded(context, { action: "set-times", descriptor }, () =>
        setTimes(context, descriptor, { access, modification }),
      ),
    "[method]descriptor.read-directory": (context: HostContext, descriptor: Descriptor): FileResult<FolderEntries> =>
      recorded(context, { action: "read-directory", descriptor }, () => readDirectory(context, descriptor)),
    "[method]descriptor.create-directory-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<void> =>
      recorded(context, { action: "create-directory-at", descriptor, path }, () =>
        createDirectoryAt(context, { base: requireFolder(descriptor), path }),
      ),
    "[method]descriptor.stat": (context: HostContext, descriptor: Descriptor): FileResult<DescriptorStat> =>
      unrecorded(context, { action: "stat", descriptor }, () => statOf(context, descriptor.stat())),
    "[method]descriptor.stat-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
    ): FileResult<DescriptorStat> =>
      unrecorded(context, { action: "stat-at", descriptor, path }, () =>
        statOf(context, statsAt(context, requireFolder(descriptor), symlinkFollow, path)),
      ),
    "[method]descriptor.set-times-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
      access: NewTimestamp,
      modification: NewTimestamp,
    ): FileResult<void> =>
      recorded(context, { action: "set-times-at", descriptor, path }, () =>
        setTimesAt(context, requireFolder(descriptor), symlinkFollow, path, { access, modification }),
      ),
    "[method]descriptor.link-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      oldPath: string,
      newDescriptor: Descriptor,
      newPath: string,
    ): FileResult<void> =>
      recordedMove(context, "link-at", [descriptor, oldPath], [newDescriptor, newPath], (source, target) =>
        linkAt(context, symlinkFollow, source, target),
      ),
    "[method]descriptor.open-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
      openFlags: OpenFlags,
      flags: DescriptorFlags,
    ): FileResult<Descriptor> =>
      recorded(context, { action: "open-at", descriptor, path }, () =>
        openAt(context, requireFolder(descriptor), {
          follow: symlinkFollow,
          path,
          openFlags: openFlagsOf(openFlags),
          flags: descriptorFlagsOf(flags),
        }),
      ),
    "[method]descriptor.readlink-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<string> =>
      unrecorded(context, { action: "readlink-at", descriptor, path }, () =>
        readlinkAt(context, requireFolder(descriptor), path),
      ),
    "[method]descriptor.remove-directory-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<void> =>
      recorded(context, { action: "remove-directory-at", descriptor, path }, () =>
        removeDirectoryAt(context, { base: requireFolder(descriptor), path }),
      ),
    "[method]descriptor.rename-at": (
      context: HostContext,
      descriptor: Descriptor,
      oldPath: string,
      newDescriptor: Descriptor,
      newPath: string,
    ): FileResult<void> =>
      recordedMove(context, "rename-at", [descriptor, oldPath], [newDescriptor, newPath], (source, target) =>
        renameAt(context, source, target),
      ),
    "[method]descriptor.symlink-at": (
      context: HostContext,
      descriptor: Descriptor,
      target: string,
      path: string,
    ): FileResult<void> =>
      recorded(context, { action: "symlink-at", descriptor, path }, () =>
        symlinkAt(context, target, { base: requireFolder(descriptor), path }),
      ),
    "[method]descriptor.unlink-file-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<void> =>
      recorded(context, { action: "unlink-file-at", descriptor, path }, () =>
        unlinkFileAt(context, { base: requireFolder(descriptor), path }),
      ),
    "[method]descriptor.is-same-object": (
      _context: HostContext,
      descriptor: Descriptor,
      other: Descriptor,
    ): HostResult<boolean> => ({ tag: "ok", val: isSameObject(descriptor, other) }),
    "[method]descriptor.metadata-hash": (context: HostContext, descriptor: Descriptor): FileResult<MetadataHash> =>
      unrecorded(context, { action: "metadata-hash", descriptor }, () => metadataHash(context, descriptor.stat())),
    "[method]descriptor.metadata-hash-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
    ): FileResult<MetadataHash> =>
      unrecorded(context, { action: "metadata-hash-at", descriptor, path }, () =>
        metadataHash(context, statsAt(context, requireFolder(descriptor), symlinkFollow, path)),
      ),
    "[method]directory-entry-stream.read-directory-entry": (
      _context: HostContext,
      entries: FolderEntries,
    ): FileResult<DirectoryEntry | undefined> => {
      try {
        return { tag: "ok", val: entries.next() };
      } catch (thrown) {
        return { tag: "err", val: FilesystemError.from(thrown).code };
      }
    },
    "filesystem-error-code": (_context: HostContext, error: IoError): HostResult<ErrorCode | undefined> => ({
      tag: "ok",
      val: error.cause instanceof FilesystemError ? error.cause.code : undefined,
    }),
  },
  blocking: {
    "[method]descriptor.read": read,
    "[method]descriptor.write": (context: HostContext, descriptor: Descriptor, bytes: Uint8Array, offset: bigint) =>
      write(context, descriptor, realmBytes(bytes), offset),
    "[method]descriptor.sync": (context: HostContext, descriptor: Descriptor): Promise<FileResult<undefined>> =>
      sync(context, descriptor, "all"),
    "[method]descriptor.sync-data": (context: HostContext, descriptor: Descriptor): Promise<FileResult<undefined>> =>
      sync(context, descriptor, "data"),
  },
});

/** The guest's flags as an object of the host's own. */
function descriptorFlagsOf(given: DescriptorFlags): DescriptorFlags {
  return {
    read: given.read,
    write: given.write,
    fileIntegritySync: given.fileIntegritySync,
    dataIntegritySync: given.dataIntegritySync,
    requestedWriteSync: given.requestedWriteSync,
    mutateDirectory: given.mutateDirectory,
  };
}

function openFlagsOf({ create, directory, exclusive, truncate }: OpenFlags): OpenFlags {
  return { create, directory, exclusive, truncate };
}

function recordedMove(
  context: HostContext,
  action: string,
  [from, oldPath]: readonly [Descriptor, string],
  [into, newPath]: readonly [Descriptor, string],
  work: (source: NamedFrom, target: NamedFrom) => void,
): FileResult<void> {
  const access = { action, descriptor: from, path: oldPath, to: { descriptor: into, path: newPath } };
  return recorded(context, access, () =>
    work({ base: requireFolder(from), path: oldPath }, { base: requireFolder(into), path: newPath }),
  );
}
