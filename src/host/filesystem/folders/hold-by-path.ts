import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { type FileSystemKind, FileSystems } from "../../../shared/machine/file-systems.ts";
import {
  type FolderHolding,
  type HeldFolder,
  identityOf,
  kindOf,
  type LookedAt,
  type Protection,
  systemError,
} from "./held-folder.ts";
import { checkNotHidden } from "./hidden-folders.ts";
import { checkNoProcess } from "../opening/kernel-files.ts";

const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK } = constants;
const BIGINT = { bigint: true } as const;
/** Separators, streams, wildcards, names of devices, and what is cut off at the end of a name. */
const MEANS_MORE_ON_WINDOWS =
  /[\\/:*?"<>|\p{Cc}]|[. ]$|^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:[. ]|$)/iu;

/**
 * Holds folders by their real path and their identity, on systems without Linux's `/proc/self/fd`. Before each system call the
 * path is resolved again and must lead to the same folder; what is opened must be what was looked at, and the folder must
 * still be in its place afterwards, before a byte is read or written.
 *
 * Weaker than {@link FolderHolding holding by descriptor}. A guest alone cannot get out, since nothing happens between the
 * check and the system call on its thread. Another process of the host that swaps folders for links in a loop, or a second
 * guest that may rename in the same folder, can win the race between the two: to see what a file outside is, to make, link,
 * rename or remove a name outside, and, by swapping back in time, to read or write a file outside. A device that is put in
 * the place of a file in that moment is opened before it is refused. A folder that is renamed while it is held is lost to
 * the guest, where on Linux it stays usable.
 */
export const holdByPath: FolderHolding = Object.freeze({
  openRoot(root: string, protection: Protection): HeldFolder {
    const common = { protection, fileSystems: new FileSystems() };
    return new FolderByPath(root, folderStats(root), common, false);
  },
  tellsWhere: false,
  whereIs: (): never => {
    throw systemError("ENOTSUP");
  },
  reopenToAppend: (): undefined => undefined,
});

/** What all folders below a preopened one have in common. */
interface Common {
  readonly protection: Protection;
  readonly fileSystems: FileSystems;
}

class FolderByPath implements HeldFolder {
  readonly protectedBelow: boolean;
  readonly #path: string;
  readonly #identity: string;
  readonly #device: bigint;
  readonly #common: Common;

  constructor(path: string, stats: BigIntStats, common: Common, protectedAbove: boolean) {
    this.#path = path;
    this.#identity = identityOf(stats);
    this.#device = stats.dev;
    this.#common = common;
    checkNotHidden(
      common.protection,
      () => this.#identity,
      () => path.replaceAll("\\", "/"),
    );
    this.protectedBelow = protectedAbove || common.protection.identities.has(this.#identity);
  }

  entry(name: string): string {
    if (process.platform === "win32" && MEANS_MORE_ON_WINDOWS.test(name)) throw systemError("ENOENT");
    checkNoProcess(this, name);
    return join(this.self(), name);
  }

  self(): string {
    this.stat();
    return this.#path;
  }

  enter(name: string): HeldFolder {
    const path = this.entry(name);
    const stats = lstatSync(path, BIGINT);
    if (!stats.isDirectory()) throw systemError("ENOTDIR");
    return this.#child(path, stats);
  }

  look(name: string): LookedAt {
    const path = this.entry(name);
    const stats = lstatSync(path, BIGINT);
    return {
      kind: kindOf(stats),
      stats: () => stats,
      fileSystem: () => this.fileSystemOf(name, stats.dev),
      open: (flags) => this.#openSame(path, flags, stats),
      hold: () => this.#child(path, stats),
      [Symbol.dispose]: () => undefined,
    };
  }

  stat(): BigIntStats {
    const stats = folderStats(this.#path);
    if (identityOf(stats) !== this.#identity) throw systemError("ESTALE");
    return stats;
  }

  fileSystem(): FileSystemKind {
    return this.#common.fileSystems.of(this.#device, () => this.#path);
  }

  fileSystemOf(name: string, device: bigint): FileSystemKind {
    // What is on another file system than its folder is mounted there, and no link.
    return this.#common.fileSystems.of(device, () => (device === this.#device ? this.#path : join(this.#path, name)));
  }

  where(): string {
    return this.self();
  }

  retain(): HeldFolder {
    return this;
  }

  [Symbol.dispose](): void {
    // A path holds nothing of the host.
  }

  #child(path: string, stats: BigIntStats): HeldFolder {
    // Where names are found in another case too, the real path has the name as it is written on the disk.
    const real = realpathSync.native(path);
    if (dirname(real) !== this.#path) throw systemError("ESTALE");
    return new FolderByPath(real, stats, this.#common, this.protectedBelow);
  }

  #openSame(path: string, flags: number, seen: BigIntStats): number {
    const fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    try {
      if (identityOf(fstatSync(fd, BIGINT)) !== identityOf(seen)) throw systemError("ESTALE");
      this.stat();
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

/** What is at a path, which must be a folder's real one. */
function folderStats(path: string): BigIntStats {
  if (realpathSync.native(path) !== path) throw systemError("ESTALE");
  const stats = lstatSync(path, BIGINT);
  if (!stats.isDirectory()) throw systemError("ESTALE");
  return stats;
}
