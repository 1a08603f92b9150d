import type { HostContext } from "../capability.ts";
import type { FolderDescriptor } from "../filesystem/wasi/descriptor.ts";
import { FilesystemError } from "../filesystem/wasi/error-code.ts";
import type { DirectoryEntry, FolderEntries } from "../filesystem/folders/folder-entries.ts";
import { guestInode, type Inode, inodeOfName } from "../filesystem/metadata/guest-inode.ts";
import { listFolder } from "../filesystem/wasi/recorded-operations.ts";
import { type PerInvocation, perInvocation } from "../per-invocation.ts";
import { Preview1Error, valueOf } from "./errno.ts";
import { FILE_TYPE } from "./file-type.ts";

const DIRENT_BYTES = 24;

/**
 * How many entries of a listing are examined for their inodes, which takes longer than all the rest. Those behind get numbers of
 * their own: a program that compares inodes asks for a file's own.
 */
const LOOKED_AT = 1_024;

/** What a listing starts with, in bytes; it is made larger as it is filled. */
const FIRST_BYTES = 4_096;

/** What all listings of an invocation hold, in bytes. */
const held: PerInvocation<{ bytes: number }> = perInvocation(() => ({ bytes: 0 }));

/**
 * A listing of a folder, as preview 1 encodes it: read as far as it is asked for, and kept, so that a cookie stands for the same entry
 * each time. It begins with `.` and `..`; names that are not UTF-8, which no guest could use, are left out. What is kept counts
 * towards `maxCrossingBytes`.
 */
export class FolderListing {
  readonly #context: HostContext;
  readonly #self: Inode;
  /** Where the entries come from; `undefined` when all of them have come. */
  #entries: FolderEntries | undefined;
  /** The entries, one after the other, and where each begins. */
  #encoded = new Uint8Array(0);
  #starts = new Uint32Array(FIRST_BYTES / DIRENT_BYTES);
  #count = 0;
  #size = 0;

  constructor(context: HostContext, folder: FolderDescriptor) {
    this.#context = context;
    this.#self = guestInode(folder.stat());
    this.#entries = valueOf(listFolder(context, folder));
    try {
      this.#append({ name: ".", type: "directory" }, this.#self);
      this.#append({ name: "..", type: "directory" }, this.#self);
    } catch (thrown) {
      this[Symbol.dispose]();
      throw thrown;
    }
  }

  /** Whether there are so many bytes from an entry on, or all that there will ever be. */
  has(cookie: number, bytes: number): boolean {
    return this.#entries === undefined || (cookie < this.#count && this.#size - this.#start(cookie) >= bytes);
  }

  /** Reads up to `most` entries more. */
  read(most: number): void {
    for (let left = most; left > 0 && this.#entries !== undefined; left -= 1) {
      const entry = nextOf(this.#entries);
      if (entry === "unnamable") continue;
      if (entry === undefined) {
        this.#entries[Symbol.dispose]();
        this.#entries = undefined;
        return;
      }
      this.#append(entry, this.#inodeOf(this.#entries, entry.name));
    }
  }

  /** Copies the entries from `cookie` on, the last one cut where there is no more room. Returns how many bytes. */
  copy(cookie: number, target: Uint8Array): number {
    if (cookie >= this.#count) return 0;
    const start = this.#start(cookie);
    const end = Math.min(this.#size, start + target.length);
    target.set(this.#encoded.subarray(start, end));
    return end - start;
  }

  [Symbol.dispose](): void {
    this.#entries?.[Symbol.dispose]();
    this.#entries = undefined;
    held(this.#context).bytes -= this.#encoded.length;
    this.#encoded = new Uint8Array(0);
    this.#count = 0;
    this.#size = 0;
  }

  #start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  #inodeOf(entries: FolderEntries, name: string): Inode {
    const stats = this.#count < LOOKED_AT ? entries.statsOf(name) : undefined;
    return stats === undefined ? inodeOfName(this.#self, name) : guestInode(stats);
  }

  #append({ name, type }: DirectoryEntry, inode: Inode): void {
    this.#makeRoom(DIRENT_BYTES + 3 * name.length);
    const at = this.#size;
    const { written } = encoder.encodeInto(name, this.#encoded.subarray(at + DIRENT_BYTES));
    const view = new DataView(this.#encoded.buffer, at, DIRENT_BYTES);
    this.#starts[this.#count] = at;
    this.#count += 1;
    view.setUint32(0, this.#count, true);
    view.setUint32(8, inode.low, true);
    view.setUint32(12, inode.high, true);
    view.setUint32(16, written, true);
    view.setUint8(20, FILE_TYPE[type]);
    this.#size = at + DIRENT_BYTES + written;
  }

  #makeRoom(bytes: number): void {
    if (this.#count === this.#starts.length) {
      const starts = new Uint32Array(2 * this.#count);
      starts.set(this.#starts);
      this.#starts = starts;
    }
    const needed = this.#size + bytes;
    if (needed <= this.#encoded.length) return;
    const length = Math.max(FIRST_BYTES, 2 * this.#encoded.length, needed);
    const all = held(this.#context);
    const { maxCrossingBytes } = this.#context.limits;
    // Both are there while one is copied into the other.
    if (all.bytes + length > maxCrossingBytes) throw Preview1Error.of("insufficient-memory");
    all.bytes += length - this.#encoded.length;
    const larger = new Uint8Array(length);
    larger.set(this.#encoded);
    this.#encoded = larger;
  }
}

const encoder = new TextEncoder();

/** The next entry, where its name is one that guests can use. */
function nextOf(entries: FolderEntries): DirectoryEntry | "unnamable" | undefined {
  try {
    return entries.next();
  } catch (thrown) {
    const { code } = FilesystemError.from(thrown);
    if (code === "illegal-byte-sequence") return "unnamable";
    throw Preview1Error.of(code);
  }
}
