import { type BigIntStats, type Dir, lstatSync, opendirSync } from "node:fs";
import { FilesystemError } from "../wasi/error-code.ts";
import type { HeldFolder } from "./held-folder.ts";
import { type DescriptorType, typeOf } from "../metadata/metadata.ts";
import type { OpenSlot } from "../opening/open-slot.ts";
import type { StorageScope } from "../paths/storage-scope.ts";

/** Entries that are asked of the system at once. */
const READ_AHEAD = 512;

/** `wasi:filesystem/types.directory-entry`. */
export interface DirectoryEntry {
  readonly type: DescriptorType;
  readonly name: string;
}

/**
 * A `wasi:filesystem/types.directory-entry-stream`: the entries of a folder in the system's order, without `.` and `..`, read as
 * they are asked for. It holds the folder by itself.
 */
export class FolderEntries {
  #folder: HeldFolder;
  readonly #entries: Dir;
  readonly #slot: OpenSlot;
  #rules: StorageScope | undefined;
  #open = true;
  #revoked: string | undefined;
  #closed: (() => void) | undefined;

  /**
   * Takes over `slot`, unless it throws.
   *
   * @param rules What rules leave to be seen; without them, all.
   */
  constructor(folder: HeldFolder, slot: OpenSlot, rules?: StorageScope) {
    this.#rules = rules;
    this.#entries = opendirSync(folder.self(), { bufferSize: READ_AHEAD });
    this.#folder = folder.retain();
    this.#slot = slot;
    slot.closeAtEnd(() => this[Symbol.dispose]());
  }

  /** The next entry, or `undefined` after the last. A name that is not valid UTF-8 fails, and the stream goes on behind it. */
  next(): DirectoryEntry | undefined {
    this.#assertOpen();
    let entry = this.#entries.readSync();
    while (entry !== null && this.#rules?.isListed(this.#folder, entry) === false) entry = this.#entries.readSync();
    if (entry === null) return undefined;
    // Bytes that are not valid UTF-8 come as U+FFFD; a name that has one of its own leads somewhere.
    if (entry.name.includes("\uFFFD") && this.statsOf(entry.name) === undefined) {
      throw FilesystemError.failed("illegal-byte-sequence", "a name is not valid UTF-8");
    }
    return { type: typeOf(entry), name: entry.name };
  }

  /** What has this name in the folder, a link not followed; `undefined` when nothing has. */
  statsOf(name: string): BigIntStats | undefined {
    this.#assertOpen();
    return lstatSync(this.#folder.entry(name), { bigint: true, throwIfNoEntry: false });
  }

  /** The folder, for who finds out whether it is still granted. */
  get folder(): HeldFolder {
    return this.#folder;
  }

  /** Other rules hold for the entries that follow. Takes over `folder`, which is the same one. */
  regrant(folder: HeldFolder, rules: StorageScope | undefined): void {
    this.#folder[Symbol.dispose]();
    this.#folder = folder;
    this.#rules = rules;
  }

  /** Closes it; what asks for more is refused. */
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
    this.#entries.closeSync();
    this.#folder[Symbol.dispose]();
  }

  #assertOpen(): void {
    if (this.#revoked !== undefined) throw FilesystemError.denied("not-permitted", this.#revoked);
    if (!this.#open) throw FilesystemError.failed("bad-descriptor", "the stream of entries was closed");
  }
}
