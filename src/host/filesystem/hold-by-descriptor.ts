import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync } from "node:fs";
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
    const fd = openSync(reachablePath(root), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    const folder = new FolderByDescriptor(fd, protection, false);
    // A folder above it may have become a link since the grant was made.
    if (Buffer.from(root).equals(readlinkSync(folder.self(), "buffer"))) return folder;
    folder[Symbol.dispose]();
    throw systemError("ESTALE");
  },
  reopenToAppend: (fd: number, flags: number): number => openSync(throughProc(fd), flags | O_APPEND | SAFELY),
});

/** A file that was looked at is regular, and these change nothing for one. */
const SAFELY = O_NONBLOCK | O_NOCTTY;

class FolderByDescriptor implements HeldFolder {
  readonly protectedBelow: boolean;
  readonly #fd: number;
  readonly #protection: Protection;
  readonly #prefix: string;
  #holders = 1;

  /** Takes over `fd`. */
  constructor(fd: number, protection: Protection, protectedAbove: boolean) {
    this.#fd = fd;
    this.#protection = protection;
    this.#prefix = `${throughProc(fd)}/`;
    this.protectedBelow =
      protectedAbove ||
      (protection.identities.size > 0 && protection.identities.has(identityOf(fstatSync(fd, BIGINT))));
  }

  entry(name: string): string {
    return this.#prefix + name;
  }

  self(): string {
    return throughProc(this.#fd);
  }

  enter(name: string): HeldFolder {
    return this.child(openSync(this.#prefix + name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  }

  look(name: string): LookedAt {
    const fd = openSync(this.#prefix + name, O_PATH | O_NOFOLLOW);
    return orClose(fd, () => new LookedAtByDescriptor(fd, this));
  }

  stat(): BigIntStats {
    return fstatSync(this.#fd, BIGINT);
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
    return orClose(fd, () => new FolderByDescriptor(fd, this.#protection, this.protectedBelow));
  }
}

class LookedAtByDescriptor implements LookedAt {
  readonly kind: FileKind;
  readonly #fd: number;
  readonly #parent: FolderByDescriptor;
  #open = true;

  constructor(fd: number, parent: FolderByDescriptor) {
    this.#fd = fd;
    this.#parent = parent;
    this.kind = kindOf(fstatSync(fd));
  }

  stats(): BigIntStats {
    return fstatSync(this.#fd, BIGINT);
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
