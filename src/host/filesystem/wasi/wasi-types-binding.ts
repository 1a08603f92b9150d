import type { HostContext, HostInterface, HostResult } from "../../capability.ts";
import type { IoError } from "../../io/io-error.ts";
import { realmBytes } from "../../io/realm-bytes.ts";
import { wasiInterface } from "../../wasi-interface.ts";
import { isSameObject, read, sync, write } from "./descriptor-functions.ts";
import type { Descriptor, DescriptorFlags } from "./descriptor.ts";
import { type ErrorCode, FilesystemError } from "./error-code.ts";
import type { FileInputStream, FileOutputStream } from "../content/file-streams.ts";
import type { DirectoryEntry, FolderEntries } from "../folders/folder-entries.ts";
import {
  type DescriptorStat,
  type DescriptorType,
  type MetadataHash,
  metadataHash,
  type NewTimestamp,
  statOf,
} from "../metadata/metadata.ts";
import type { OpenFlags } from "../opening/open-at.ts";
import type { FileResult } from "./recorded.ts";
import {
  advise,
  listFolder,
  makeFolder,
  makeHardLink,
  makeSymbolicLink,
  openAppending,
  openInput,
  openOutput,
  openPath,
  readLinkAt,
  removeFolder,
  renamePath,
  resizeFile,
  setDescriptorTimes,
  setPathTimes,
  statsOfDescriptor,
  statsOfPath,
  unlinkFile,
} from "./recorded-operations.ts";

interface PathFlags {
  readonly symlinkFollow: boolean;
}

/**
 * `wasi:filesystem/types`. Files and folders are reached from the descriptors of `wasi:filesystem/preopens` alone.
 */
export const wasiFilesystemTypes: HostInterface = wasiInterface("wasi:filesystem/types", {
  direct: {
    "[method]descriptor.read-via-stream": (
      context: HostContext,
      descriptor: Descriptor,
      offset: bigint,
    ): FileResult<FileInputStream> => openInput(context, descriptor, offset),
    "[method]descriptor.write-via-stream": (
      context: HostContext,
      descriptor: Descriptor,
      offset: bigint,
    ): FileResult<FileOutputStream> => openOutput(context, descriptor, offset),
    "[method]descriptor.append-via-stream": (
      context: HostContext,
      descriptor: Descriptor,
    ): FileResult<FileOutputStream> => openAppending(context, descriptor),
    "[method]descriptor.advise": (context: HostContext, descriptor: Descriptor): FileResult<void> =>
      advise(context, descriptor),
    "[method]descriptor.get-flags": (_context: HostContext, { flags }: Descriptor): FileResult<DescriptorFlags> => ({
      tag: "ok",
      val: flags,
    }),
    "[method]descriptor.get-type": (_context: HostContext, { kind }: Descriptor): FileResult<DescriptorType> => ({
      tag: "ok",
      val: kind === "folder" ? "directory" : "regular-file",
    }),
    "[method]descriptor.set-size": (context: HostContext, descriptor: Descriptor, size: bigint): FileResult<void> =>
      resizeFile(context, descriptor, size),
    "[method]descriptor.set-times": (
      context: HostContext,
      descriptor: Descriptor,
      access: NewTimestamp,
      modification: NewTimestamp,
    ): FileResult<void> => setDescriptorTimes(context, descriptor, { access, modification }),
    "[method]descriptor.read-directory": (context: HostContext, descriptor: Descriptor): FileResult<FolderEntries> =>
      listFolder(context, descriptor),
    "[method]descriptor.create-directory-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<void> => makeFolder(context, { descriptor, path }),
    "[method]descriptor.stat": (context: HostContext, descriptor: Descriptor): FileResult<DescriptorStat> =>
      mapped(statsOfDescriptor(context, descriptor, "stat"), (stats) => statOf(context, stats)),
    "[method]descriptor.stat-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
    ): FileResult<DescriptorStat> =>
      mapped(statsOfPath(context, { descriptor, path }, symlinkFollow, "stat-at"), (stats) => statOf(context, stats)),
    "[method]descriptor.set-times-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
      access: NewTimestamp,
      modification: NewTimestamp,
    ): FileResult<void> => setPathTimes(context, { descriptor, path }, symlinkFollow, { access, modification }),
    "[method]descriptor.link-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      oldPath: string,
      newDescriptor: Descriptor,
      newPath: string,
    ): FileResult<void> =>
      makeHardLink(context, symlinkFollow, { descriptor, path: oldPath }, { descriptor: newDescriptor, path: newPath }),
    "[method]descriptor.open-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
      openFlags: OpenFlags,
      flags: DescriptorFlags,
    ): FileResult<Descriptor> =>
      openPath(context, descriptor, {
        follow: symlinkFollow,
        path,
        openFlags: openFlagsOf(openFlags),
        flags: descriptorFlagsOf(flags),
      }),
    "[method]descriptor.readlink-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<string> => readLinkAt(context, { descriptor, path }),
    "[method]descriptor.remove-directory-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<void> => removeFolder(context, { descriptor, path }),
    "[method]descriptor.rename-at": (
      context: HostContext,
      descriptor: Descriptor,
      oldPath: string,
      newDescriptor: Descriptor,
      newPath: string,
    ): FileResult<void> =>
      renamePath(context, { descriptor, path: oldPath }, { descriptor: newDescriptor, path: newPath }),
    "[method]descriptor.symlink-at": (
      context: HostContext,
      descriptor: Descriptor,
      target: string,
      path: string,
    ): FileResult<void> => makeSymbolicLink(context, target, { descriptor, path }),
    "[method]descriptor.unlink-file-at": (
      context: HostContext,
      descriptor: Descriptor,
      path: string,
    ): FileResult<void> => unlinkFile(context, { descriptor, path }),
    "[method]descriptor.is-same-object": (
      _context: HostContext,
      descriptor: Descriptor,
      other: Descriptor,
    ): HostResult<boolean> => ({ tag: "ok", val: isSameObject(descriptor, other) }),
    "[method]descriptor.metadata-hash": (context: HostContext, descriptor: Descriptor): FileResult<MetadataHash> =>
      mapped(statsOfDescriptor(context, descriptor, "metadata-hash"), (stats) => metadataHash(context, stats)),
    "[method]descriptor.metadata-hash-at": (
      context: HostContext,
      descriptor: Descriptor,
      { symlinkFollow }: PathFlags,
      path: string,
    ): FileResult<MetadataHash> =>
      mapped(statsOfPath(context, { descriptor, path }, symlinkFollow, "metadata-hash-at"), (stats) =>
        metadataHash(context, stats),
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

function mapped<T, U>(result: FileResult<T>, map: (value: T) => U): FileResult<U> {
  return result.tag === "err" ? result : { tag: "ok", val: map(result.val) };
}
