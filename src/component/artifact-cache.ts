import { nodeCrypto } from "../shared/node-modules.ts";
import { constants, type Stats } from "node:fs";
import { nodeFiles } from "../shared/node-modules.ts";
import { join } from "node:path";
import { privateDirectory } from "../shared/machine/private-directory.ts";
import { cacheDirectory } from "../shared/machine/xdg.ts";
import { type Artifact, decodeArtifact } from "./artifact.ts";

/** The size at which the least recently used entries are removed: 1 GiB. */
const DEFAULT_CACHE_BYTES: number = 1024 * 1024 * 1024;

/** A temporary file this old was left behind by a process that died. */
const STALE_TEMPORARY_MS = 3_600_000;

/** An entry's time of last use is refreshed at most this often. */
const TOUCH_INTERVAL_MS = 3_600_000;

const SUFFIX = ".artifact";

/** Names of entries and of files that are being written. Nothing else in the folder is Cordon's to remove. */
const ENTRY = /^[0-9a-f]{64}\.artifact$/;
const TEMPORARY = /^\.[0-9a-f]{64}\.\d+\.[0-9a-f]{12}\.tmp$/;

/** Neither links nor FIFOs are waited for or followed; where the platform has no such flags, 0 changes nothing. */
const NO_LINK: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Where artifacts are kept, and how much of them. */
export interface ArtifactCacheOptions {
  /** The folder; default `$XDG_CACHE_HOME/cordon/artifacts`. */
  readonly directory?: string;
  /** The bound on all entries together, in bytes; default 1 GiB. */
  readonly maxBytes?: number;
}

/**
 * Artifacts on disk, one file each, named by key. Entries are written aside and renamed into place, so processes that
 * write the same one at once do not see each other's halves; each carries its own hash, so a damaged one is noticed.
 *
 * An entry is code that will run in this process. The folder is therefore used only when nobody but this user and root can
 * write to it or put another in its place; otherwise nothing is read from it or written to it. A cache that fails is no error: the
 * artifact is made again.
 */
export class ArtifactCache {
  /** As it was asked for; `undefined` where there is no home to have it in. */
  readonly #asked: string | undefined;
  readonly #maxBytes: number;
  /** Without links, once it was found to be fit; `false` when it is not. */
  #directory: string | false | undefined;

  constructor(options: ArtifactCacheOptions = {}) {
    const cache = cacheDirectory();
    this.#asked = options.directory ?? (cache === undefined ? undefined : join(cache, "artifacts"));
    this.#maxBytes = options.maxBytes ?? DEFAULT_CACHE_BYTES;
  }

  /** The intact entry of that key for the component of that digest, if there is one. */
  async get(key: string, digest: string, signal?: AbortSignal): Promise<Artifact | undefined> {
    const directory = this.#usable();
    if (directory === undefined) return undefined;
    try {
      const file = await nodeFiles().open(pathOf(directory, key), constants.O_RDONLY | NO_LINK);
      try {
        const found = await file.stat();
        if (!isOwn(found)) return undefined;
        const artifact = await decodeArtifact(await file.readFile({ signal }), signal);
        if (artifact.digest !== digest) return undefined;
        const now = new Date();
        // On a disk that cannot be written, entries are still of use.
        if (now.getTime() - found.mtimeMs > TOUCH_INTERVAL_MS) await file.utimes(now, now).catch(() => undefined);
        return artifact;
      } finally {
        await file.close();
      }
    } catch {
      // Absent, damaged or unreadable: all the same, it is made again and the entry replaced.
      return undefined;
    }
  }

  /** Keeps an encoded artifact under a key, and makes room. Returns whether it could. */
  async put(key: string, encoded: Uint8Array): Promise<boolean> {
    const directory = this.#usable();
    if (directory === undefined || encoded.length > this.#maxBytes) return false;
    const temporary = join(directory, `.${key}.${process.pid}.${nodeCrypto().randomBytes(6).toString("hex")}.tmp`);
    try {
      const file = await nodeFiles().open(temporary, "wx", 0o600);
      try {
        await file.writeFile(encoded);
      } finally {
        await file.close();
      }
      await nodeFiles().rename(temporary, pathOf(directory, key));
      await this.#makeRoom(directory);
      return true;
    } catch {
      // A full or read-only disk costs speed, not the run.
      await nodeFiles().rm(temporary, { force: true });
      return false;
    }
  }

  #usable(): string | undefined {
    if (this.#directory === undefined) {
      const found = this.#asked === undefined ? undefined : privateDirectory(this.#asked);
      this.#directory = found !== undefined && "path" in found ? found.path : false;
    }
    return this.#directory === false ? undefined : this.#directory;
  }

  async #makeRoom(directory: string): Promise<void> {
    const entries: { readonly path: string; readonly size: number; readonly usedMs: number }[] = [];
    for (const name of await nodeFiles().readdir(directory)) {
      const path = join(directory, name);
      if (!ENTRY.test(name) && !TEMPORARY.test(name)) continue;
      const found = await nodeFiles()
        .lstat(path)
        .catch(() => undefined);
      if (found === undefined) continue;
      if (ENTRY.test(name)) entries.push({ path, size: found.size, usedMs: found.mtimeMs });
      else if (Date.now() - found.mtimeMs > STALE_TEMPORARY_MS) await nodeFiles().rm(path, { force: true });
    }
    entries.sort((a, b) => b.usedMs - a.usedMs);
    let total = 0;
    for (const { path, size } of entries) {
      total += size;
      if (total > this.#maxBytes) await nodeFiles().rm(path, { force: true });
    }
  }
}

function pathOf(directory: string, key: string): string {
  return join(directory, key + SUFFIX);
}

/** Whether an open file was written by this user and by no one else: the folder it was found in may have been swapped. */
function isOwn(found: Stats): boolean {
  if (!found.isFile()) return false;
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
}
