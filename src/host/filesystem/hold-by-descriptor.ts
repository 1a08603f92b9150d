import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync } from "node:fs";
import { type FileSystemKind, FileSystems } from "../../shared/file-systems.ts";
import {
  type FileKind,
  type FolderHolding,
  type HeldFolder,
  identityOf,
  kindOf,
  type LookedAt,
  type Protection,
  systemError,
} from "./held-folder.ts";
import { checkNoProcess } from "./kernel-files.ts";
import { O_PATH } from "./linux-flags.ts";
import { reachablePath } from "./reachable-path.ts";

const { O_APPEND, O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK } = constants;
const BIGINT = { bigint: true } as const;

/**
 * Holds folders by descriptor, on Linux. `/proc/PID/fd/N/name` is resolved by the kernel from the very folder that descriptor
 * `N` stands for, so nothing that happens to any path can lead elsewhere. Needs `/proc`.
 */
export const holdByDescriptor: FolderHolding = Object.freeze({
  openRoot(root: string, protection: Protection): HeldFolder {
    const common = { protection, fileSystems: new FileSystems() };
    const fd = openSync(reachablePath(root), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    const folder = new FolderByDescriptor(fd, common, false);
    // A folder above it may have become a link since the grant was made.
    if (Buffer.from(root).equals(readlinkSync(folder.self(), "buffer"))) return folder;
    folder[Symbol.dispose]();
    throw systemError("ESTALE");
  },
  reopenToAppend: (fd: number, flags: number): number => openSync(throughProc(fd), flags | O_APPEND | SAFELY),
});

/** A file that was looked at is regular, and these change nothing for one. */
const SAFELY = O_NONBLOCK | O_NOCTTY;

/** What all folders below a preopened one have in common. */
interface Common {
  readonly protection: Protection;
  readonly fileSystems: FileSystems;
}

class FolderByDescriptor implements HeldFolder {
  readonly protectedBelow: boolean;
  readonly #fd: number;
  readonly #common: Common;
  readonly #prefix: string;
  #holders = 1;
  #fileSystem: FileSystemKind | undefined;

  /** Takes over `fd`. */
  constructor(fd: number, common: Common, protectedAbove: boolean) {
    const { protection } = common;
    this.#fd = fd;
    this.#common = common;
    this.#prefix = `${throughProc(fd)}/`;
    this.protectedBelow =
      protectedAbove ||
      (protection.identities.size > 0 && protection.identities.has(identityOf(fstatSync(fd, BIGINT))));
  }

  entry(name: string): string {
    checkNoProcess(this, name);
    return this.#prefix + name;
  }

  self(): string {
    return throughProc(this.#fd);
  }

  enter(name: string): HeldFolder {
    return this.child(openSync(this.entry(name), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  }

  look(name: string): LookedAt {
    const fd = openSync(this.entry(name), O_PATH | O_NOFOLLOW);
    return orClose(fd, () => new LookedAtByDescriptor(fd, this, this.#common.fileSystems));
  }

  stat(): BigIntStats {
    return fstatSync(this.#fd, BIGINT);
  }

  fileSystem(): FileSystemKind {
    this.#fileSystem ??= this.#common.fileSystems.of(fstatSync(this.#fd).dev, () => this.self());
    return this.#fileSystem;
  }

  fileSystemOf(name: string, device: bigint): FileSystemKind {
    const known = this.#common.fileSystems.known(device);
    if (known !== undefined) return known;
    if (device === this.stat().dev) return this.fileSystem();
    using looked = this.look(name);
    return looked.fileSystem();
  }

  where(): string {
    return readlinkSync(throughProc(this.#fd), "utf8");
  }

  retain(): HeldFolder {
    this.#holders += 1;
    return this;
  }

  [Symbol.dispose](): void {
    this.#holders -= 1;
    if (this.#holders === 0) closeSync(this.#fd);
  }

  /** A folder in this one, which takes over `fd`. */
  child(fd: number): HeldFolder {
    return orClose(fd, () => new FolderByDescriptor(fd, this.#common, this.protectedBelow));
  }
}

class LookedAtByDescriptor implements LookedAt {
  readonly kind: FileKind;
  readonly #fd: number;
  readonly #device: number;
  readonly #parent: FolderByDescriptor;
  readonly #fileSystems: FileSystems;
  #open = true;

  constructor(fd: number, parent: FolderByDescriptor, fileSystems: FileSystems) {
    this.#fd = fd;
    this.#parent = parent;
    this.#fileSystems = fileSystems;
    const stats = fstatSync(fd);
    this.#device = stats.dev;
    this.kind = kindOf(stats);
  }

  stats(): BigIntStats {
    return fstatSync(this.#fd, BIGINT);
  }

  fileSystem(): FileSystemKind {
    return this.#fileSystems.of(this.#device, () => throughProc(this.#fd));
  }

  open(flags: number): number {
    return openSync(throughProc(this.#fd), flags | SAFELY);
  }

  hold(): HeldFolder {
    this.#open = false;
    return this.#parent.child(this.#fd);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}

/** What takes over `fd`, which is closed when that fails. */
function orClose<T>(fd: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Shorter for the kernel than `/proc/self/fd`, which is a link to it; in the process ids of the `/proc` there is. Where Node's
 * permission model confines the process, the link is what it was told of before there was a process.
 */
let descriptors: string | undefined;

function throughProc(fd: number): string {
  descriptors ??= `/proc/${process.permission === undefined ? readlinkSync("/proc/self") : "self"}/fd/`;
  return descriptors + fd;
}
