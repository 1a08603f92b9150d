import type { BigIntStats } from "node:fs";
import type { HostContext } from "../capability.ts";
import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import type { LinearMemory } from "../core/linear-memory.ts";
import { guestInode, inodeValue } from "../filesystem/metadata/guest-inode.ts";
import { type Datetime, type NewTimes, type NewTimestamp, statOf } from "../filesystem/metadata/metadata.ts";
import {
  resizeFile,
  setDescriptorTimes,
  setPathTimes,
  statsOfDescriptor,
  statsOfPath,
} from "../filesystem/wasi/recorded-operations.ts";
import { direct } from "./define.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { ERRNO, Preview1Error, valueOf } from "./errno.ts";
import { FILE_TYPE } from "./file-type.ts";
import type { OpenDescriptor, OpenFile, OpenFolder } from "./open-descriptors.ts";
import { followsLinks, pathFrom } from "./path-argument.ts";

const FILESTAT_BYTES = 64;
const NS_PER_SECOND = 1_000_000_000n;
const MAX_TIMESTAMP = 2n ** 64n - 1n;

/** The device that all files are said to be on: which the host has, guests do not learn. */
const DEVICE = 1n;

/** Which of the times `fstflags` sets, and to what. */
const SET_TIME = { access: 1, accessNow: 2, modification: 4, modificationNow: 8 } as const;

export const FILESTAT_FUNCTIONS: readonly CoreFunction[] = [
  direct({
    name: "fd_filestat_get",
    parameters: ["i32", "i32"],
    call: ({ context, memory }: CoreGuest, fd, result) => {
      memory.assertPlace(result, FILESTAT_BYTES, 8);
      const open = descriptorsOf(context).get(fd);
      if (!("descriptor" in open)) {
        memory.bytes(result, FILESTAT_BYTES).fill(0);
        memory.setU8(result + 16, typeOfStream(open));
        return;
      }
      writeFilestat(context, memory, result, valueOf(statsOfDescriptor(context, open.descriptor, "stat")));
    },
  }),
  direct({
    name: "fd_filestat_set_size",
    parameters: ["i32", "i64"],
    call: ({ context }: CoreGuest, fd, size) => {
      const { descriptor } = descriptorsOf(context).file(fd);
      valueOf(resizeFile(context, descriptor, BigInt.asUintN(64, size)));
    },
  }),
  direct({
    name: "fd_filestat_set_times",
    parameters: ["i32", "i64", "i64", "i32"],
    call: ({ context }: CoreGuest, fd, access, modification, flags) => {
      const times = timesOf(access, modification, flags);
      valueOf(setDescriptorTimes(context, fileOrFolder(descriptorsOf(context).get(fd)).descriptor, times));
    },
  }),
  direct({
    name: "path_filestat_get",
    parameters: ["i32", "i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, flags, path, pathLength, result) => {
      const { context, memory } = guest;
      memory.assertPlace(result, FILESTAT_BYTES, 8);
      const named = pathFrom(guest, fd, path, pathLength);
      writeFilestat(context, memory, result, valueOf(statsOfPath(context, named, followsLinks(flags), "stat-at")));
    },
  }),
  direct({
    name: "path_filestat_set_times",
    parameters: ["i32", "i32", "i32", "i32", "i64", "i64", "i32"],
    call: (guest: CoreGuest, fd, flags, path, pathLength, access, modification, which) => {
      const times = timesOf(access, modification, which);
      valueOf(setPathTimes(guest.context, pathFrom(guest, fd, path, pathLength), followsLinks(flags), times));
    },
  }),
];

/** `filetype` of what is neither file nor folder. Guests never see a terminal, so stdio is of no known type. */
export function typeOfStream({ kind }: Pick<OpenDescriptor, "kind">): number {
  return kind === "listener" || kind === "connection" ? FILE_TYPE.socket : FILE_TYPE.unknown;
}

/** @throws Preview1Error `badf` for what is neither. */
export function fileOrFolder(open: OpenDescriptor): OpenFile | OpenFolder {
  if ("descriptor" in open) return open;
  throw new Preview1Error(ERRNO.badDescriptor);
}

function writeFilestat(context: HostContext, memory: LinearMemory, at: number, stats: BigIntStats): void {
  const told = statOf(context, stats);
  memory.bytes(at, FILESTAT_BYTES).fill(0);
  memory.setU64(at, DEVICE);
  memory.setU64(at + 8, inodeValue(guestInode(stats)));
  memory.setU8(at + 16, FILE_TYPE[told.type]);
  memory.setU64(at + 24, told.linkCount);
  memory.setU64(at + 32, told.size);
  memory.setU64(at + 40, timestamp(told.dataAccessTimestamp));
  memory.setU64(at + 48, timestamp(told.dataModificationTimestamp));
  memory.setU64(at + 56, timestamp(told.statusChangeTimestamp));
}

/** A time in nanoseconds; 0 for one that the guest may not know. */
function timestamp(time: Datetime | undefined): bigint {
  if (time === undefined) return 0n;
  const ns = time.seconds * NS_PER_SECOND + BigInt(time.nanoseconds);
  if (ns > MAX_TIMESTAMP) throw new Preview1Error(ERRNO.overflow);
  return ns;
}

function timesOf(access: bigint, modification: bigint, flags: number): NewTimes {
  if (flags > 15) throw new Preview1Error(ERRNO.invalid);
  return {
    access: newTime(access, (flags & SET_TIME.access) !== 0, (flags & SET_TIME.accessNow) !== 0),
    modification: newTime(
      modification,
      (flags & SET_TIME.modification) !== 0,
      (flags & SET_TIME.modificationNow) !== 0,
    ),
  };
}

function newTime(given: bigint, set: boolean, now: boolean): NewTimestamp {
  if (set && now) throw new Preview1Error(ERRNO.invalid);
  if (now) return { tag: "now" };
  if (!set) return { tag: "no-change" };
  const ns = BigInt.asUintN(64, given);
  return { tag: "timestamp", val: { seconds: ns / NS_PER_SECOND, nanoseconds: Number(ns % NS_PER_SECOND) } };
}
