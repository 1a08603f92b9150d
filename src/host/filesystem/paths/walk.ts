import { isUtf8 } from "node:buffer";
import { readlinkSync } from "node:fs";
import { FilesystemError } from "../wasi/error-code.ts";
import { errnoOf } from "../failure.ts";
import type { FolderCache } from "../folders/folder-cache.ts";
import type { HeldFolder } from "../folders/held-folder.ts";
import type { StorageScope } from "./storage-scope.ts";

/** As Linux has it, with the NUL at the end. */
const MAX_PATH_BYTES = 4_095;
/** As many links as Linux follows. */
const MAX_LINKS = 40;
/** Folders one inside the other, all held while the walk lasts. */
const MAX_DEPTH = 256;
/** Folders entered in one walk, those that links lead through included; bounds the time of one call. */
const MAX_STEPS = 1_024;

/** Where a path leads, up to its last name. */
export interface Place {
  /** Held by the walk. */
  readonly folder: HeldFolder;
  /** One segment, which may be a link, or `undefined` when the path means the folder itself. */
  readonly name: string | undefined;
  /** Whether the path can mean a folder only: it ends in a slash or a dot. */
  readonly mustBeFolder: boolean;
}

/**
 * The walk along a guest's path, from a held folder and never above it, links resolved by us. Each folder of the path is entered
 * from the one before, so that it does not matter what becomes of the names behind. {@link Walk.place} finds the folder that
 * the last name is in; who examines that name and finds a link may {@link Walk.follow} it and ask for the place again.
 *
 * `..` above the folder, an absolute path and an absolute link are `not-permitted`; the 41st link is `loop`.
 */
export class Walk {
  readonly #base: HeldFolder;
  readonly #path: string;
  readonly #cache: FolderCache;
  readonly #rules: StorageScope | undefined;
  /** The folders from the base to where the walk is. */
  #folders: HeldFolder[];
  /** Segments still to go, the next one last. */
  #pending: string[] = [];
  #mustBeFolder = false;
  #links = 0;
  #steps = 0;
  #started = false;
  /** Whether the cache led to the last folder, so that those between are not held. */
  #skipped = false;

  /** @param rules What rules leave to be reached; without them, all that is below `base`. */
  constructor(base: HeldFolder, path: string, cache: FolderCache, rules?: StorageScope) {
    checkText(path);
    this.#base = base;
    this.#rules = rules;
    this.#path = path;
    this.#cache = cache;
    this.#folders = [base.retain()];
  }

  /** Goes on to the last name. */
  place(): Place {
    if (this.#started) return this.#goOn();
    this.#started = true;
    const slash = this.#path.lastIndexOf("/");
    const name = this.#path.slice(slash + 1);
    if (slash < 0 || name === "" || name === "." || name === "..") {
      this.#push(this.#path);
      return this.#goOn();
    }
    const parent = this.#path.slice(0, slash);
    const known = this.#cache.find(this.#base, parent);
    if (known !== undefined) {
      this.#skipped = true;
      this.#folders.push(known);
      return { folder: known, name, mustBeFolder: false };
    }
    this.#push(this.#path);
    const plain = this.#pending.every((one) => one !== "." && one !== "..");
    const place = this.#goOn();
    if (plain && this.#links === 0) this.#cache.keep(this.#base, parent, place.folder);
    return place;
  }

  /** Replaces the name that {@link place} gave, which is a link, by what the link says. */
  follow(place: Place, name: string): void {
    const target = readLink(place.folder, name);
    if (target === undefined) throw FilesystemError.failed("no-entry", "the link has gone");
    if (!this.#skipped) {
      this.#followTo(target);
      return;
    }
    // The link may lead upwards, so the folders between are needed after all.
    this.#skipped = false;
    this.#release();
    this.#folders = [this.#base.retain()];
    this.#push(this.#path);
  }

  [Symbol.dispose](): void {
    this.#release();
  }

  #goOn(): Place {
    for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
      if (name === "..") {
        this.#leave();
      } else if (name !== ".") {
        if (this.#pending.length === 0) return { folder: this.#last(), name, mustBeFolder: this.#mustBeFolder };
        this.#enter(name);
      }
    }
    return { folder: this.#last(), name: undefined, mustBeFolder: true };
  }

  #enter(name: string): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS || this.#folders.length >= MAX_DEPTH) {
      throw FilesystemError.failed("name-too-long", "the path leads through too many folders");
    }
    const folder = this.#last();
    // Before it is entered, so that no failure tells what is there.
    this.#rules?.checkReachable(folder, name);
    try {
      const entered = folder.enter(name);
      this.#folders.push(entered);
      if (this.#rules?.asksIdentity === true) this.#rules.checkReachable(entered, undefined, entered.stat());
    } catch (error) {
      if (errnoOf(error) !== "ENOTDIR") {
        this.#rules?.checkFailed(folder, name);
        throw error;
      }
      const target = readLink(folder, name);
      if (target === undefined) {
        this.#rules?.checkFailed(folder, name);
        throw error;
      }
      this.#rules?.checkLink(folder, name);
      this.#followTo(target);
    }
  }

  #leave(): void {
    if (this.#folders.length === 1) throw outside("the path leads above the folder it starts from");
    this.#folders.pop()?.[Symbol.dispose]();
  }

  #followTo(target: string): void {
    this.#links += 1;
    if (this.#links > MAX_LINKS) throw FilesystemError.failed("loop", "there are too many links on the path");
    checkText(target);
    this.#push(target);
  }

  #push(path: string): void {
    const names = path.split("/");
    // What is pushed last becomes the end of the path when nothing is pending behind it.
    if (this.#pending.length === 0 && names.at(-1) === "") this.#mustBeFolder = true;
    for (let index = names.length - 1; index >= 0; index--) {
      const name = names[index];
      if (name !== undefined && name !== "") this.#pending.push(name);
    }
  }

  #last(): HeldFolder {
    return this.#folders.at(-1) ?? this.#base;
  }

  #release(): void {
    for (const folder of this.#folders) folder[Symbol.dispose]();
    this.#folders = [];
  }
}

/** What a link says, or `undefined` when the name is not a link. */
export function readLink(folder: HeldFolder, name: string): string | undefined {
  let target: Buffer;
  try {
    target = readlinkSync(folder.entry(name), "buffer");
  } catch (error) {
    if (errnoOf(error) === "EINVAL" || isUnknown(error)) return undefined;
    throw error;
  }
  if (!isUtf8(target)) throw FilesystemError.failed("illegal-byte-sequence", "a link's target is not valid UTF-8");
  return target.toString("utf8");
}

/** What Windows answers for a name that is no link. */
function isUnknown(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "UNKNOWN";
}

/** Refuses what leads nowhere inside, by its text alone. */
function checkText(path: string): void {
  if (path === "") throw FilesystemError.failed("invalid", "the path is empty");
  if (path.includes("\0")) throw FilesystemError.failed("invalid", "the path has a NUL character");
  if (!path.isWellFormed()) throw FilesystemError.failed("illegal-byte-sequence", "the path is not valid Unicode text");
  // A UTF-16 unit is three bytes of UTF-8 at most.
  if (path.length * 3 > MAX_PATH_BYTES && Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw FilesystemError.failed("name-too-long", `the path is longer than ${MAX_PATH_BYTES} bytes`);
  }
  if (path.startsWith("/")) throw outside("the path is absolute");
}

function outside(reason: string): FilesystemError {
  return FilesystemError.denied("not-permitted", `${reason}; guests reach what is below their preopened folders only`);
}
