import { type BigIntStats, futimesSync, lstatSync, lutimesSync, utimesSync } from "node:fs";
import { ACCESS } from "../../../policy/storage/access.ts";
import type { HostContext } from "../../capability.ts";
import { nodeCrypto } from "../../../shared/node-modules.ts";
import { type Descriptor, type FolderDescriptor, requireChange } from "../wasi/descriptor.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { filesystemState } from "../filesystem-state.ts";
import { systemError } from "../folders/held-folder.ts";
import { checkReadable, seenAs } from "../opening/kernel-files.ts";
import { changeProblem, checkProtection } from "../paths/preopen-scope.ts";
import { modificationStep, toldTime } from "./told-times.ts";
import { type Place, Walk } from "../paths/walk.ts";

const NANOSECONDS = 1_000_000_000n;
/** The last second of the year 9999; what lies beyond, system calls take as they please. */
const MAX_SECONDS = 253_402_300_799n;

/** `wasi:filesystem/types.descriptor-type`. */
export type DescriptorType =
  | "unknown"
  | "block-device"
  | "character-device"
  | "directory"
  | "fifo"
  | "symbolic-link"
  | "regular-file"
  | "socket";

/** `wasi:clocks/wall-clock.datetime`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** `wasi:filesystem/types.descriptor-stat`. */
export interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime | undefined;
  readonly dataModificationTimestamp: Datetime | undefined;
  readonly statusChangeTimestamp: Datetime | undefined;
}

/** `wasi:filesystem/types.new-timestamp`. */
export type NewTimestamp =
  | { readonly tag: "no-change" }
  | { readonly tag: "now" }
  | { readonly tag: "timestamp"; readonly val: Datetime };

/** The times a file is given. */
export interface NewTimes {
  readonly access: NewTimestamp;
  readonly modification: NewTimestamp;
}

/** `wasi:filesystem/types.metadata-hash-value`. */
export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

/** Something that has a type: the result of a stat, or an entry of a folder. */
interface Typed {
  readonly isFile: () => boolean;
  readonly isDirectory: () => boolean;
  readonly isSymbolicLink: () => boolean;
  readonly isFIFO: () => boolean;
  readonly isSocket: () => boolean;
  readonly isBlockDevice: () => boolean;
  readonly isCharacterDevice: () => boolean;
}

/** What kind of file it is. */
export function typeOf(typed: Typed): DescriptorType {
  if (typed.isFile()) return "regular-file";
  if (typed.isDirectory()) return "directory";
  if (typed.isSymbolicLink()) return "symbolic-link";
  if (typed.isFIFO()) return "fifo";
  if (typed.isSocket()) return "socket";
  if (typed.isBlockDevice()) return "block-device";
  return typed.isCharacterDevice() ? "character-device" : "unknown";
}

/**
 * The metadata that guests see. No owner, no mode, no inode and no device is among it. A time that the guest set is its own; any
 * other is told as its clocks allow.
 */
export function statOf(context: HostContext, stats: BigIntStats): DescriptorStat {
  const { atimeNs, mtimeNs } = filesystemState(context).times.of(stats);
  const { clocks } = context.grants;
  return {
    type: typeOf(stats),
    linkCount: stats.nlink,
    size: stats.size < 0n ? 0n : stats.size,
    dataAccessTimestamp: datetime(atimeNs ?? toldTime(clocks, stats.atimeNs)),
    dataModificationTimestamp: datetime(mtimeNs ?? toldTime(clocks, stats.mtimeNs)),
    statusChangeTimestamp: datetime(toldTime(clocks, stats.ctimeNs)),
  };
}

/** A time that WASI can say: none before 1970. */
function datetime(nanoseconds: bigint | undefined): Datetime | undefined {
  if (nanoseconds === undefined || nanoseconds < 0n) return undefined;
  return { seconds: nanoseconds / NANOSECONDS, nanoseconds: Number(nanoseconds % NANOSECONDS) };
}

const HASH_KEY_BYTES = 32;

/** Drawn once for each process and thread, so that no guest can compute an inode's number from its hash. */
let hashKey: Uint8Array | undefined;

/**
 * 128 bits that stay the same while a file is neither modified nor replaced, and reveal nothing about its inode. They make no finer
 * clock than the guest has: what is modified twice within a step of it keeps its hash, unless its size changes. The key is drawn
 * with the first hash, so those of two runs do not compare.
 */
export function metadataHash({ grants }: HostContext, { dev, ino, size, mtimeNs }: BigIntStats): MetadataHash {
  const { createHmac, randomBytes } = nodeCrypto();
  hashKey ??= randomBytes(HASH_KEY_BYTES);
  const digest = createHmac("sha256", hashKey)
    .update(`${dev} ${ino} ${size} ${modificationStep(grants.clocks, mtimeNs)}`)
    .digest();
  return { lower: digest.readBigUInt64LE(0), upper: digest.readBigUInt64LE(8) };
}

/** What a path leads to: its metadata, without opening anything. */
export function statsAt(context: HostContext, base: FolderDescriptor, follow: boolean, path: string): BigIntStats {
  return atPath(context, base, follow, path, (_place, stats) => stats);
}

/** Sets the times of what a path leads to. */
export function setTimesAt(
  context: HostContext,
  base: FolderDescriptor,
  follow: boolean,
  path: string,
  times: NewTimes,
): void {
  requireChange(base, "write");
  const [access, modification] = checkTimes(times);
  atPath(context, base, follow, path, ({ folder, name }, stats) => {
    checkProtection(base.scope.protection, folder, name, seenAs(folder, name, stats));
    base.scope.rules?.check(folder, name, ACCESS.modify, stats);
    if (name === undefined) utimesSync(folder.self(), access, modification);
    else lutimesSync(folder.entry(name), access, modification);
    const now = name === undefined ? folder.stat() : lstatSync(folder.entry(name), { bigint: true });
    keepExact(context, now, times);
  });
}

/**
 * Sets the times of an open file or folder. Needs what writing to it needs: `write` for a file, `mutate-directory` for a
 * folder. Precise to 0.24 microseconds on the disk, see {@link ExactTimes}.
 */
export function setTimes(context: HostContext, descriptor: Descriptor, times: NewTimes): void {
  const [access, modification] = checkTimes(times);
  if (descriptor.kind === "folder") {
    requireChange(descriptor, "write");
    checkProtection(descriptor.scope.protection, descriptor.folder, undefined);
    descriptor.scope.rules?.check(descriptor.folder, undefined, ACCESS.modify);
    utimesSync(descriptor.folder.self(), access, modification);
    keepExact(context, descriptor.stat(), times);
    return;
  }
  const problem = changeProblem(descriptor.scope.preopen, "write");
  if (problem !== undefined) throw problem;
  if (!descriptor.flags.write) throw FilesystemError.denied("not-permitted", "the file was not opened for writing");
  futimesSync(descriptor.file.fd, access, modification);
  keepExact(context, descriptor.stat(), times);
}

function keepExact(context: HostContext, stats: BigIntStats, { access, modification }: NewTimes): void {
  filesystemState(context).times.keep(stats, { atimeNs: asked(access), mtimeNs: asked(modification) });
}

function asked(time: NewTimestamp): bigint | undefined {
  return time.tag === "timestamp" ? time.val.seconds * NANOSECONDS + BigInt(time.val.nanoseconds) : undefined;
}

/** Does something with what a path leads to. Its last name is no link when links are followed. */
function atPath<T>(
  context: HostContext,
  base: FolderDescriptor,
  follow: boolean,
  path: string,
  use: (place: Place, stats: BigIntStats) => T,
): T {
  const { rules } = base.scope;
  using walk = new Walk(base.folder, path, filesystemState(context).cache, rules);
  for (;;) {
    const place = walk.place();
    rules?.checkReachable(place.folder, place.name);
    if (place.name === undefined) {
      checkReadable(place.folder, undefined, place.folder.fileSystem(), false);
      return use(place, place.folder.stat());
    }
    const stats = lstatSync(place.folder.entry(place.name), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) {
      rules?.checkFailed(place.folder, place.name);
      throw systemError("ENOENT");
    }
    rules?.checkReachable(place.folder, place.name, stats);
    if (!stats.isSymbolicLink() || !follow) {
      if (place.mustBeFolder && !stats.isDirectory()) throw FilesystemError.failed("not-directory", "it is no folder");
      checkReadable(place.folder, place.name, place.folder.fileSystemOf(place.name, stats.dev), stats.isFile());
      return use(place, stats);
    }
    walk.follow(place, place.name);
  }
}

type TimeArgument = number | string | Date;

function checkTimes({ access, modification }: NewTimes): readonly [TimeArgument, TimeArgument] {
  return [timeArgument(access), timeArgument(modification)];
}

/** As `node:fs` hands them to the system call: infinity is the time of the system now, no number leaves it as it is. */
function timeArgument(time: NewTimestamp): TimeArgument {
  if (time.tag === "now") return "Infinity";
  if (time.tag === "no-change") return new Date(Number.NaN);
  const { seconds, nanoseconds } = time.val;
  if (nanoseconds >= 1_000_000_000) throw FilesystemError.failed("invalid", "a second has no such nanosecond");
  if (seconds > MAX_SECONDS) throw FilesystemError.failed("overflow", "the time is too far in the future");
  return Number(seconds) + nanoseconds / 1e9;
}
