import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import { requireFile } from "../filesystem/wasi/descriptor.ts";
import { sync } from "../filesystem/wasi/descriptor-functions.ts";
import { advise, statsOfDescriptor } from "../filesystem/wasi/recorded-operations.ts";
import { blocking, direct } from "./define.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { ERRNO, Preview1Error, valueOf } from "./errno.ts";
import { FILE_TYPE } from "./file-type.ts";
import { fileOrFolder, typeOfStream } from "./filestat.ts";
import type { OpenDescriptor, OpenFile } from "./open-descriptors.ts";
import { ALL_RIGHTS, PREOPEN_INHERITING, PREOPEN_RIGHTS, rights } from "./rights.ts";

const FDSTAT_BYTES = 24;
const PRESTAT_BYTES = 8;
const MAX_ADVICE = 5;
const MAX_POSITION = 2n ** 64n - 1n;

/** `fdflags`. */
export const FD_FLAG = { append: 1, dataSync: 2, nonBlocking: 4, readSync: 8, sync: 16 } as const;
export const MAX_FD_FLAGS = 31;

/** `whence`. */
const WHENCE = { set: 0, current: 1, end: 2 } as const;

export const DESCRIPTOR_FUNCTIONS: readonly CoreFunction[] = [
  direct({
    name: "fd_advise",
    parameters: ["i32", "i64", "i64", "i32"],
    call: ({ context }: CoreGuest, fd, _offset, _length, advice) => {
      if (advice > MAX_ADVICE) throw new Preview1Error(ERRNO.invalid);
      valueOf(advise(context, descriptorsOf(context).file(fd).descriptor));
    },
  }),
  direct({
    name: "fd_allocate",
    parameters: ["i32", "i64", "i64"],
    call: ({ context }: CoreGuest, fd) => {
      descriptorsOf(context).file(fd);
      // Not every file system has it, and nobody needs it.
      throw new Preview1Error(ERRNO.notSupported);
    },
  }),
  direct({
    name: "fd_close",
    parameters: ["i32"],
    call: ({ context }: CoreGuest, fd) => descriptorsOf(context).close(fd),
  }),
  blocking({ name: "fd_datasync", parameters: ["i32"], call: (guest: CoreGuest, fd) => synced(guest, fd, "data") }),
  blocking({ name: "fd_sync", parameters: ["i32"], call: (guest: CoreGuest, fd) => synced(guest, fd, "all") }),
  direct({
    name: "fd_fdstat_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, fd, result) => {
      memory.assertPlace(result, FDSTAT_BYTES, 8);
      const { type, flags, base, inheriting = base } = stateOf(descriptorsOf(context).get(fd));
      memory.bytes(result, FDSTAT_BYTES).fill(0);
      memory.setU8(result, type);
      memory.setU16(result + 2, flags);
      memory.setU64(result + 8, base);
      memory.setU64(result + 16, inheriting);
    },
  }),
  direct({
    name: "fd_fdstat_set_flags",
    parameters: ["i32", "i32"],
    call: ({ context }: CoreGuest, fd, flags) => {
      if (flags > MAX_FD_FLAGS) throw new Preview1Error(ERRNO.invalid);
      const open = descriptorsOf(context).get(fd);
      if (!("nonBlocking" in open)) throw new Preview1Error(ERRNO.badDescriptor);
      const changeable = FD_FLAG.append | FD_FLAG.nonBlocking;
      if ((flags & ~changeable) !== 0) throw new Preview1Error(ERRNO.invalid);
      open.nonBlocking = (flags & FD_FLAG.nonBlocking) !== 0;
      if (open.kind === "file") open.append = (flags & FD_FLAG.append) !== 0;
    },
  }),
  direct({
    name: "fd_fdstat_set_rights",
    parameters: ["i32", "i64", "i64"],
    call: ({ context }: CoreGuest, fd) => {
      fileOrFolder(descriptorsOf(context).get(fd));
      // Rights are of grants, and preview 1's are reported for the sake of programs that check them.
      throw new Preview1Error(ERRNO.notSupported);
    },
  }),
  direct({
    name: "fd_prestat_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, fd, result) => {
      memory.assertPlace(result, PRESTAT_BYTES, 4);
      const open = descriptorsOf(context).get(fd);
      if (open.kind !== "folder" || open.preopen === undefined) throw new Preview1Error(ERRNO.badDescriptor);
      memory.setU32(result, 0);
      memory.setU32(result + 4, Buffer.byteLength(open.preopen));
    },
  }),
  direct({
    name: "fd_prestat_dir_name",
    parameters: ["i32", "i32", "i32"],
    call: ({ context, memory }: CoreGuest, fd, path, length) => {
      const target = memory.bytes(path, length);
      const open = descriptorsOf(context).get(fd);
      if (open.kind !== "folder" || open.preopen === undefined) throw new Preview1Error(ERRNO.notDirectory);
      const name = Buffer.from(open.preopen);
      if (name.length > length) throw new Preview1Error(ERRNO.nameTooLong);
      target.set(name);
    },
  }),
  direct({
    name: "fd_renumber",
    parameters: ["i32", "i32"],
    call: ({ context }: CoreGuest, from, to) => descriptorsOf(context).renumber(from, to),
  }),
  direct({
    name: "fd_seek",
    parameters: ["i32", "i64", "i32", "i32"],
    call: (guest: CoreGuest, fd, offset, whence, result) => {
      const { context, memory } = guest;
      memory.assertPlace(result, 8);
      const file = seekable(descriptorsOf(context).get(fd));
      const position = startOf(guest, file, whence) + offset;
      if (position < 0n || position > MAX_POSITION) throw new Preview1Error(ERRNO.invalid);
      file.position = position;
      memory.setU64(result, position);
    },
  }),
  direct({
    name: "fd_tell",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, fd, result) => {
      memory.assertPlace(result, 8);
      memory.setU64(result, seekable(descriptorsOf(context).get(fd)).position);
    },
  }),
];

async function synced({ context }: CoreGuest, fd: number, what: "all" | "data"): Promise<void> {
  valueOf(await sync(context, fileOrFolder(descriptorsOf(context).get(fd)).descriptor, what));
}

/** @throws Preview1Error `spipe` for a stream, `badf` for a folder. */
function seekable(open: OpenDescriptor): OpenFile {
  if (open.kind === "file") return open;
  throw new Preview1Error(open.kind === "folder" ? ERRNO.badDescriptor : ERRNO.seekOnPipe);
}

function startOf({ context }: CoreGuest, { descriptor, position }: OpenFile, whence: number): bigint {
  switch (whence) {
    case WHENCE.set:
      return 0n;
    case WHENCE.current:
      return position;
    case WHENCE.end:
      return valueOf(statsOfDescriptor(context, requireFile(descriptor), "stat")).size;
    default:
      throw new Preview1Error(ERRNO.invalid);
  }
}

/** What `fdstat` says. */
interface DescriptorState {
  readonly type: number;
  readonly flags: number;
  readonly base: bigint;
  /** By default the same. */
  readonly inheriting?: bigint;
}

const STREAM_RIGHTS = { input: rights("fdRead"), output: rights("fdWrite") } as const;
const LISTENER_RIGHTS = rights("fdFdstatSetFlags", "fdFilestatGet", "pollFdReadwrite", "sockAccept");
const CONNECTION_RIGHTS = rights(
  "fdFdstatSetFlags",
  "fdFilestatGet",
  "fdRead",
  "fdWrite",
  "pollFdReadwrite",
  "sockShutdown",
);

function stateOf(open: OpenDescriptor): DescriptorState {
  switch (open.kind) {
    case "input":
    case "output":
      return { type: typeOfStream(open), flags: 0, base: STREAM_RIGHTS[open.kind] };
    case "listener":
    case "connection": {
      const flags = open.nonBlocking ? FD_FLAG.nonBlocking : 0;
      const base = open.kind === "listener" ? LISTENER_RIGHTS : CONNECTION_RIGHTS;
      return { type: typeOfStream(open), flags, base, inheriting: CONNECTION_RIGHTS };
    }
    case "folder": {
      const { preopen } = open;
      if (preopen === undefined) return { type: FILE_TYPE.directory, flags: flagsOf(open), base: folderRights() };
      return { type: FILE_TYPE.directory, flags: 0, base: PREOPEN_RIGHTS, inheriting: PREOPEN_INHERITING };
    }
    case "file":
      return { type: FILE_TYPE["regular-file"], flags: flagsOf(open), base: fileRights(open) };
  }
}

function folderRights(): bigint {
  return ALL_RIGHTS & ~rights("fdSeek", "fdFilestatSetSize", "pathFilestatSetSize", "fdWrite");
}

function fileRights({ descriptor: { flags } }: OpenFile): bigint {
  const unreadable = flags.read ? 0n : rights("fdRead", "fdReaddir");
  return ALL_RIGHTS & ~unreadable & ~(flags.write ? 0n : rights("fdWrite"));
}

function flagsOf(open: Extract<OpenDescriptor, { readonly descriptor: object }>): number {
  const { flags } = open.descriptor;
  const ofFile =
    open.kind === "file" ? (open.append ? FD_FLAG.append : 0) | (open.nonBlocking ? FD_FLAG.nonBlocking : 0) : 0;
  return (
    ofFile |
    (flags.dataIntegritySync ? FD_FLAG.dataSync : 0) |
    (flags.requestedWriteSync ? FD_FLAG.readSync : 0) |
    (flags.fileIntegritySync ? FD_FLAG.sync : 0)
  );
}
