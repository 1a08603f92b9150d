import { constants, fdatasync, fsync, openSync } from "node:fs";
import { promisify } from "node:util";
import type { HostContext } from "../../capability.ts";
import type { BytesOrLazy } from "../../io/lazy-bytes.ts";
import type { Wakeups } from "../../io/wakeups.ts";
import {
  type Descriptor,
  type FileDescriptor,
  type FolderDescriptor,
  requireFile,
  requireFolder,
} from "./descriptor.ts";
import { type ErrorCode, FilesystemError } from "./error-code.ts";
import { lengthOf, positionOf, readInto, resize, writePart } from "../content/file-bytes.ts";
import { FileInputStream, FileOutputStream, pause, type WrittenFile } from "../content/file-streams.ts";
import { filesystemState, takeOpenFile } from "../filesystem-state.ts";
import { keepEntries, keepFile } from "../keep-under-policy.ts";
import { FolderEntries } from "../folders/folder-entries.ts";
import { type Access, type FileResult, observe, unrecorded } from "./recorded.ts";
import { checkReadable } from "../opening/kernel-files.ts";
import { identityOf } from "../folders/held-folder.ts";
import { OpenFile } from "../opening/open-file.ts";
import { readLazily } from "../content/read-lazily.ts";
import { checkSize } from "../paths/preopen-scope.ts";
import { readLink, Walk } from "../paths/walk.ts";

const { O_DIRECTORY, O_DSYNC, O_RDONLY, O_SYNC, O_WRONLY } = constants;

/** What happens on the descriptor of an open file or folder. Functions throw; `wasi-types-binding.ts` answers. */

/** A stream of the file's bytes from an offset on. */
export function readViaStream(context: HostContext, descriptor: Descriptor, offset: bigint): FileInputStream {
  const { file } = requireFile(descriptor, "read");
  const position = positionOf(offset);
  return new FileInputStream(context, file.retain(), position);
}

/** A stream that writes the file from an offset on. */
export function writeViaStream(context: HostContext, descriptor: Descriptor, offset: bigint): FileOutputStream {
  const file = requireFile(descriptor, "write");
  const position = positionOf(offset);
  return new FileOutputStream(context, written(context, file, file.file.retain()), position);
}

/** A stream that writes at the file's end, wherever that is by then. */
export function appendViaStream(context: HostContext, descriptor: Descriptor): FileOutputStream {
  const file = requireFile(descriptor, "write");
  const slot = takeOpenFile(context);
  try {
    const fd = file.scope.holding.reopenToAppend(file.file.fd, O_WRONLY | syncFlags(file));
    // Without a descriptor that appends, each write asks for the file's size first.
    if (fd !== undefined) {
      const again = keepFile(context, file, new OpenFile(fd, slot));
      return new FileOutputStream(context, written(context, file, again), undefined);
    }
  } catch (error) {
    slot.release();
    throw error;
  }
  slot.release();
  return new FileOutputStream(context, written(context, file, file.file.retain()), undefined);
}

function written(context: HostContext, descriptor: FileDescriptor, file: OpenFile): WrittenFile {
  return {
    file,
    get maxFileBytes() {
      return descriptor.scope.preopen.maxFileBytes;
    },
    refused: (error) => recordOnce(context, { action: "write", descriptor }, error),
  };
}

function syncFlags({ flags }: FileDescriptor): number {
  if (flags.fileIntegritySync || flags.requestedWriteSync) return O_SYNC ?? 0;
  return flags.dataIntegritySync ? (O_DSYNC ?? 0) : 0;
}

/** Up to `length` bytes from an offset, and whether the file ends there. Waits while the rate of the read meter is used up. */
export function read(
  context: HostContext,
  descriptor: Descriptor,
  length: bigint,
  offset: bigint,
): FileResult<readonly [BytesOrLazy, boolean]> | Promise<FileResult<readonly [BytesOrLazy, boolean]>> {
  const access = { action: "read", descriptor };
  return whenAllowed(context, "read", access, () => {
    const { file } = requireFile(descriptor, "read");
    const part = readLazily(context, file, { position: positionOf(offset), length: lengthOf(length) });
    return part === undefined ? undefined : [part.bytes, part.end];
  });
}

/**
 * Fills a beginning of `target` from an offset on; returns how much, which is 0 at the file's end. Waits while the rate of the read meter
 * is used up: `target` has to stay what it is until then.
 */
export function readTo(
  context: HostContext,
  descriptor: Descriptor,
  target: Uint8Array,
  offset: bigint,
): FileResult<number> | Promise<FileResult<number>> {
  return whenAllowed(context, "read", { action: "read", descriptor }, () => {
    const { file } = requireFile(descriptor, "read");
    return readInto(context, file, positionOf(offset), target);
  });
}

/** Writes bytes at an offset; returns how many. Waits while the rate of the write meter is used up. */
export function write(
  context: HostContext,
  descriptor: Descriptor,
  bytes: Uint8Array,
  offset: bigint,
): FileResult<bigint> | Promise<FileResult<bigint>> {
  return whenAllowed(context, "write", { action: "write", descriptor }, () => {
    const { file, scope } = requireFile(descriptor, "write");
    const { maxFileBytes } = scope.preopen;
    const count = writePart(context, { file, maxFileBytes }, positionOf(offset), bytes);
    return count === undefined ? undefined : BigInt(count);
  });
}

/** Does something that answers `undefined` while a meter's rate is used up, again and again until it answers otherwise. */
function whenAllowed<T>(
  context: HostContext,
  direction: "read" | "write",
  access: Access,
  work: () => T | undefined,
): FileResult<T> | Promise<FileResult<T>> {
  const attempt = (): FileResult<T> | undefined => {
    try {
      const val = work();
      return val === undefined ? undefined : { tag: "ok", val };
    } catch (thrown) {
      const error = FilesystemError.from(thrown);
      recordOnce(context, access, error);
      return { tag: "err", val: error.code };
    }
  };
  return attempt() ?? retry(context, direction, requireFile(access.descriptor).file.gone, attempt);
}

async function retry<T>(
  context: HostContext,
  direction: "read" | "write",
  gone: Wakeups,
  attempt: () => FileResult<T> | undefined,
): Promise<FileResult<T>> {
  for (;;) {
    await pause(context.meters[direction], context.signal, gone);
    if (context.signal.aborted) break;
    const result = attempt();
    if (result !== undefined) return result;
  }
  return { tag: "err", val: "interrupted" };
}

/** Records a refusal of reading or writing the first time it happens to a file, so that a loop does not flood the record. */
function recordOnce(context: HostContext, access: Access, error: FilesystemError): void {
  if (!error.denied) return;
  const { reported } = filesystemState(context);
  const key = `${access.action} ${error.code} ${access.descriptor.label}`;
  if (reported.has(key)) return;
  reported.add(key);
  observe(context, access, error);
}

/** Makes the file shorter or longer; what is added reads as zeroes, and is charged as if it were written. */
export function setSize(context: HostContext, descriptor: Descriptor, size: bigint): void {
  const { file, scope } = requireFile(descriptor, "write");
  checkSize(scope.preopen, size);
  resize(context, file, positionOf(size));
}

/** The entries of a folder, from the first. */
export function readDirectory(context: HostContext, descriptor: Descriptor): FolderEntries {
  const { folder, scope } = requireFolder(descriptor);
  scope.rules?.checkListable(folder);
  const slot = takeOpenFile(context);
  try {
    return keepEntries(context, new FolderEntries(folder, slot, scope.rules), requireFolder(descriptor));
  } catch (error) {
    slot.release();
    throw error;
  }
}

/** What a link says; nothing follows it. An absolute target would reveal paths of the host, and leads nowhere, so it is refused. */
export function readlinkAt(context: HostContext, base: FolderDescriptor, path: string): string {
  const { rules } = base.scope;
  using walk = new Walk(base.folder, path, filesystemState(context).cache, rules);
  const { folder, name, mustBeFolder } = walk.place();
  rules?.checkReachable(folder, name);
  if (name !== undefined) rules?.checkFailed(folder, name);
  checkReadable(folder, name, folder.fileSystem(), false);
  const target = name === undefined ? undefined : readLink(folder, name);
  if (target === undefined) throw FilesystemError.failed("invalid", "it is no link");
  if (mustBeFolder) throw FilesystemError.failed("not-directory", "it is a link");
  if (target.startsWith("/")) throw FilesystemError.denied("not-permitted", "the link is absolute");
  return target;
}

/** Whether two descriptors are of the same file. */
export function isSameObject(one: Descriptor, other: Descriptor): boolean {
  return identityOf(one.stat()) === identityOf(other.stat());
}

const syncAll = promisify(fsync);
const syncData = promisify(fdatasync);

/** Waits until the file is on the disk, or its data alone. Does not hold the thread. */
export async function sync(
  context: HostContext,
  descriptor: Descriptor,
  what: "all" | "data",
): Promise<FileResult<undefined>> {
  const access = { action: what === "all" ? "sync" : "sync-data", descriptor };
  const opened = unrecorded(context, access, () => toSync(context, descriptor));
  if (opened.tag === "err") return opened;
  using held = opened.val;
  try {
    await held.during(what === "all" ? syncAll : syncData);
    return { tag: "ok", val: undefined };
  } catch (thrown) {
    const code: ErrorCode = FilesystemError.from(thrown).code;
    return { tag: "err", val: code };
  }
}

/** The file, one time more, or the folder opened as one that can be synced. */
function toSync(context: HostContext, descriptor: Descriptor): OpenFile {
  if (descriptor.kind === "file") return descriptor.file.retain();
  const slot = takeOpenFile(context);
  try {
    return new OpenFile(openSync(descriptor.folder.self(), O_RDONLY | (O_DIRECTORY ?? 0)), slot);
  } catch (error) {
    slot.release();
    throw error;
  }
}
