import { isUtf8 } from "node:buffer";
import { type Dir, opendirSync } from "node:fs";
import type { CountMeter } from "../metering/count-meter.ts";
import { FilesystemError } from "./error-code.ts";
import type { HeldFolder } from "./held-folder.ts";
import { type DescriptorType, typeOf } from "./metadata.ts";

/** Entries that are asked of the system at once. */
const READ_AHEAD = 64;

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
  readonly #folder: HeldFolder;
  readonly #entries: Dir;
  readonly #meter: CountMeter;
  #open = true;

  /** Takes over one count of `meter`, unless it throws. */
  constructor(folder: HeldFolder, meter: CountMeter) {
    // The names come as bytes, though their type says text.
    this.#entries = opendirSync(folder.self(), { encoding: "buffer" as BufferEncoding, bufferSize: READ_AHEAD });
    this.#folder = folder.retain();
    this.#meter = meter;
  }

  /** The next entry, or `undefined` after the last. A name that is not valid UTF-8 fails, and the stream goes on behind it. */
  next(): DirectoryEntry | undefined {
    const entry = this.#entries.readSync();
    if (entry === null) return undefined;
    const name: unknown = entry.name;
    if (!Buffer.isBuffer(name)) throw new TypeError("the names of a folder's entries came as text");
    if (!isUtf8(name)) throw FilesystemError.failed("illegal-byte-sequence", "a name is not valid UTF-8");
    return { type: typeOf(entry), name: name.toString("utf8") };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#meter.release();
    this.#entries.closeSync();
    this.#folder[Symbol.dispose]();
  }
}
