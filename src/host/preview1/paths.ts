import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import type { Descriptor, DescriptorFlags } from "../filesystem/wasi/descriptor.ts";
import type { OpenFlags } from "../filesystem/opening/open-at.ts";
import {
  makeFolder,
  makeHardLink,
  makeSymbolicLink,
  openPath,
  readLinkAt,
  removeFolder,
  renamePath,
  unlinkFile,
} from "../filesystem/wasi/recorded-operations.ts";
import { direct } from "./define.ts";
import { FD_FLAG, MAX_FD_FLAGS } from "./descriptor-state.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { ERRNO, Preview1Error, valueOf } from "./errno.ts";
import type { OpenDescriptor } from "./open-descriptors.ts";
import { followsLinks, pathFrom, textArgument } from "./path-argument.ts";
import { rights } from "./rights.ts";

/** `oflags`. */
const OPEN_FLAG = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;

const [READ, WRITE] = [rights("fdRead"), rights("fdWrite")];

export const PATH_FUNCTIONS: readonly CoreFunction[] = [
  direct({
    name: "path_create_directory",
    parameters: ["i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, path, length) => valueOf(makeFolder(guest.context, pathFrom(guest, fd, path, length))),
  }),
  direct({
    name: "path_link",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, oldFd, flags, oldPath, oldLength, newFd, newPath, newLength) => {
      const from = pathFrom(guest, oldFd, oldPath, oldLength);
      const to = pathFrom(guest, newFd, newPath, newLength);
      valueOf(makeHardLink(guest.context, followsLinks(flags), from, to));
    },
  }),
  direct({
    name: "path_open",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i64", "i64", "i32", "i32"],
    call: (guest: CoreGuest, fd, lookup, path, length, openFlags, base, _inheriting, fdFlags, result) => {
      const { context, memory } = guest;
      memory.assertPlace(result, 4);
      const request = {
        follow: followsLinks(lookup),
        path: textArgument(memory, path, length),
        openFlags: openFlagsOf(openFlags),
        flags: descriptorFlagsOf(base, fdFlags),
      };
      const descriptors = descriptorsOf(context);
      const from = descriptors.get(fd);
      if (from.kind === "file") throw new Preview1Error(ERRNO.notDirectory);
      if (from.kind !== "folder") throw new Preview1Error(ERRNO.badDescriptor);
      descriptors.assertRoom();
      const opened = valueOf(openPath(context, from.descriptor, request));
      memory.setU32(result, descriptors.add(openDescriptor(opened, fdFlags)));
    },
  }),
  direct({
    name: "path_readlink",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, path, length, buffer, bufferLength, result) => {
      const { context, memory } = guest;
      memory.assertPlace(result, 4);
      const target = memory.bytes(buffer, bufferLength);
      // What does not fit is cut, be it within a character, as POSIX has it.
      const content = Buffer.from(valueOf(readLinkAt(context, pathFrom(guest, fd, path, length)))).subarray(
        0,
        bufferLength,
      );
      target.set(content);
      memory.setU32(result, content.length);
    },
  }),
  direct({
    name: "path_remove_directory",
    parameters: ["i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, path, length) =>
      valueOf(removeFolder(guest.context, pathFrom(guest, fd, path, length))),
  }),
  direct({
    name: "path_rename",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, oldFd, oldPath, oldLength, newFd, newPath, newLength) => {
      const from = pathFrom(guest, oldFd, oldPath, oldLength);
      valueOf(renamePath(guest.context, from, pathFrom(guest, newFd, newPath, newLength)));
    },
  }),
  direct({
    name: "path_symlink",
    parameters: ["i32", "i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, content, contentLength, fd, path, length) => {
      const to = pathFrom(guest, fd, path, length);
      valueOf(makeSymbolicLink(guest.context, textArgument(guest.memory, content, contentLength), to));
    },
  }),
  direct({
    name: "path_unlink_file",
    parameters: ["i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, path, length) => valueOf(unlinkFile(guest.context, pathFrom(guest, fd, path, length))),
  }),
];

function openFlagsOf(flags: number): OpenFlags {
  if (flags > 15) throw new Preview1Error(ERRNO.invalid);
  return {
    create: (flags & OPEN_FLAG.create) !== 0,
    directory: (flags & OPEN_FLAG.directory) !== 0,
    exclusive: (flags & OPEN_FLAG.exclusive) !== 0,
    truncate: (flags & OPEN_FLAG.truncate) !== 0,
  };
}

function descriptorFlagsOf(base: bigint, fdFlags: number): DescriptorFlags {
  if (fdFlags > MAX_FD_FLAGS) throw new Preview1Error(ERRNO.invalid);
  return {
    read: (base & READ) !== 0n,
    write: (base & WRITE) !== 0n,
    fileIntegritySync: (fdFlags & FD_FLAG.sync) !== 0,
    dataIntegritySync: (fdFlags & FD_FLAG.dataSync) !== 0,
    requestedWriteSync: (fdFlags & FD_FLAG.readSync) !== 0,
    mutateDirectory: false,
  };
}

function openDescriptor(descriptor: Descriptor, fdFlags: number): OpenDescriptor {
  if (descriptor.kind === "folder") return { kind: "folder", descriptor, preopen: undefined, listing: undefined };
  return {
    kind: "file",
    descriptor,
    position: 0n,
    append: (fdFlags & FD_FLAG.append) !== 0,
    nonBlocking: (fdFlags & FD_FLAG.nonBlocking) !== 0,
    appending: undefined,
  };
}
