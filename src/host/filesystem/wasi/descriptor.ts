import { type BigIntStats, fstatSync } from "node:fs";
import type { Preopen } from "../../../policy/grants.ts";
import { FilesystemError } from "./error-code.ts";
import type { FolderHolding, HeldFolder, Protection } from "../folders/held-folder.ts";
import type { OpenFile } from "../opening/open-file.ts";
import type { OpenSlot } from "../opening/open-slot.ts";
import { type Change, changeProblem } from "../paths/preopen-scope.ts";
import type { StorageScope } from "../paths/storage-scope.ts";

/** `wasi:filesystem/types.descriptor-flags`. */
export interface DescriptorFlags {
  readonly read: boolean;
  readonly write: boolean;
  readonly fileIntegritySync: boolean;
  readonly dataIntegritySync: boolean;
  readonly requestedWriteSync: boolean;
  readonly mutateDirectory: boolean;
}

/** The preopened folder that a descriptor comes from: what it was granted, and how the folders below it are held. */
export interface PreopenScope {
  readonly preopen: Preopen;
  readonly protection: Protection;
  /** What rules about single files leave of the grant; without them, all of it. */
  readonly rules?: StorageScope | undefined;
  readonly holding: FolderHolding;
}

interface DescriptorOptions {
  readonly scope: PreopenScope;
  /** What the guest asked for and was given. */
  readonly flags: DescriptorFlags;
  /** The path by which the guest came to it, for the record. */
  readonly label: string;
}

abstract class AnyDescriptor {
  /** Of the grants that are in force. */
  scope: PreopenScope;
  flags: DescriptorFlags;
  readonly label: string;

  constructor({ scope, flags, label }: DescriptorOptions) {
    this.scope = scope;
    this.flags = flags;
    this.label = label;
  }
}

/** A `wasi:filesystem/types.descriptor` of a folder. */
export class FolderDescriptor extends AnyDescriptor {
  readonly kind = "folder";
  #folder: HeldFolder;
  readonly #slot: OpenSlot;
  #open = true;
  #revoked: string | undefined;
  #closed: (() => void) | undefined;

  /** Takes over `folder` and `slot`. */
  constructor(options: DescriptorOptions, folder: HeldFolder, slot: OpenSlot) {
    super(options);
    this.#folder = folder;
    this.#slot = slot;
    slot.closeAtEnd(() => this[Symbol.dispose]());
  }

  /** Fails with `bad-descriptor` when the descriptor was closed. */
  get folder(): HeldFolder {
    if (this.#revoked !== undefined) throw FilesystemError.denied("not-permitted", this.#revoked);
    if (!this.#open) throw closed();
    return this.#folder;
  }

  stat(): BigIntStats {
    return this.folder.stat();
  }

  /** Other grants hold for it. What it may change it can lose by that, and not get back. Takes over `folder`, which is the same one. */
  regrant(scope: PreopenScope, folder: HeldFolder): void {
    this.#folder[Symbol.dispose]();
    this.#folder = folder;
    this.scope = scope;
    this.flags = { ...this.flags, mutateDirectory: this.flags.mutateDirectory && scope.preopen.write };
  }

  /** Closes it; what is tried with it is denied. */
  revoke(reason: string): void {
    this.#revoked = reason;
    this[Symbol.dispose]();
  }

  /** Has a function called when it is closed. */
  whenClosed(closed: () => void): void {
    this.#closed = closed;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closed?.();
    this.#slot.release();
    this.#folder[Symbol.dispose]();
  }
}

/** How a file came to be open. */
export interface Opened {
  /** Its real path then, where the system does not tell where it is now. */
  readonly path: string | undefined;
  readonly access: {
    /** What rules had to allow. */
    readonly rights: number;
    /** Whether it was made by being opened. */
    readonly isNew: boolean;
  };
}

/** A `wasi:filesystem/types.descriptor` of a regular file. */
export class FileDescriptor extends AnyDescriptor {
  readonly kind = "file";
  readonly opened: Opened;
  readonly #file: OpenFile;
  #open = true;

  /** Takes over `file`. */
  constructor(options: DescriptorOptions, file: OpenFile, opened: Opened) {
    super(options);
    this.opened = opened;
    this.#file = file;
  }

  /** Fails with `bad-descriptor` when the descriptor was closed. */
  get file(): OpenFile {
    if (!this.#open) throw closed();
    return this.#file;
  }

  stat(): BigIntStats {
    return fstatSync(this.file.fd, { bigint: true });
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file[Symbol.dispose]();
  }
}

/** The grants of one file: rules may bound its size further. */
export function fileScope(scope: PreopenScope, folder: HeldFolder, name: string): PreopenScope {
  const bound = scope.rules?.maxFileBytes(folder, name);
  const isNarrower = bound !== undefined && bound < scope.preopen.maxFileBytes;
  return isNarrower ? { ...scope, preopen: { ...scope.preopen, maxFileBytes: bound } } : scope;
}

function closed(): FilesystemError {
  return FilesystemError.failed("bad-descriptor", "the descriptor was closed");
}

/** A `wasi:filesystem/types.descriptor`. */
export type Descriptor = FolderDescriptor | FileDescriptor;

/** The folder, or `not-directory`. */
export function requireFolder(descriptor: Descriptor): FolderDescriptor {
  if (descriptor.kind === "folder") return descriptor;
  throw FilesystemError.failed("not-directory", "the descriptor is not of a folder");
}

/** The file, or `bad-descriptor`, as for a file that is not open for what is asked. */
export function requireFile(descriptor: Descriptor, access?: "read" | "write"): FileDescriptor {
  if (descriptor.kind !== "file") throw FilesystemError.failed("bad-descriptor", "the descriptor is not of a file");
  if (access === undefined || descriptor.flags[access]) return descriptor;
  throw FilesystemError.failed(
    "bad-descriptor",
    `the file is not open for ${access === "read" ? "reading" : "writing"}`,
  );
}

/** Refuses a change through a folder's descriptor that was not opened for changes, or that its preopen does not grant. */
export function requireChange(descriptor: FolderDescriptor, change: Change): void {
  const problem = changeProblem(descriptor.scope.preopen, change);
  if (problem !== undefined) throw problem;
  if (descriptor.flags.mutateDirectory) return;
  throw FilesystemError.denied("read-only", "the folder was opened without mutate-directory");
}
