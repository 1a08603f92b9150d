import { type BigIntStats, constants, fstatSync, openSync, readlinkSync } from "node:fs";
import { type FileSystemKind, FileSystems } from "../../../shared/machine/file-systems.ts";
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
import { checkNotHidden } from "./hidden-folders.ts";
import { checkNoProcess } from "../opening/kernel-files.ts";
import { O_PATH } from "./linux-flags.ts";
import { OwnedNumber } from "../opening/owned-number.ts";
import { reachablePath } from "../paths/reachable-path.ts";

const { O_APPEND, O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK } = constants;
const BIGINT = { bigint: true } as const;

/**
 * Holds folders by descriptor, on Linux. `/proc/PID/fd/N/name` is resolved by the kernel from the very folder that descriptor
 * `N` stands for, so nothing that happens to any path can lead elsewhere. Needs `/proc`.
 */
export const holdByDescriptor: FolderHolding = Object.freeze({
  openRoot(root: string, protection: Protection): HeldFolder {
    const common = { protection, fileSystems: new FileSystems() };
    const opened = new OwnedNumber(openSync(reachablePath(root), O_PATH | O_DIRECTORY | O_NOFOLLOW));
    const folder = orClose(opened, () => new FolderByDescriptor(opened, common, false));
    // A folder above it may have become a link since the grant was made.
    if (Buffer.from(root).equals(readlinkSync(folder.self(), "buffer"))) return folder;
    folder[Symbol.dispose]();
    throw systemError("ESTALE");
  },
  tellsWhere: true,
  whereIs: (number: number): string => readlinkSync(throughProc({ number }), "utf8"),
  reopenToAppend: (number: number, flags: number): number =>
    openSync(throughProc({ number }), flags | O_APPEND | SAFELY),
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
  readonly #number: OwnedNumber;
  readonly #common: Common;
  #holders = 1;
  #fileSystem: FileSystemKind | undefined;

  /** Takes over `number`, unless it throws. */
  constructor(number: OwnedNumber, common: Common, protectedAbove: boolean) {
    const { protection } = common;
    this.#number = number;
    this.#common = common;
    checkNotHidden(
      protection,
      () => identityOf(this.stat()),
      () => this.where(),
    );
    this.protectedBelow =
      protectedAbove || (protection.identities.size > 0 && protection.identities.has(identityOf(this.stat())));
  }

  entry(name: string): string {
    checkNoProcess(this, name);
    return `${this.self()}/${name}`;
  }

  self(): string {
    return throughProc(this.#number);
  }

  enter(name: string): HeldFolder {
    return this.child(new OwnedNumber(openSync(this.entry(name), O_PATH | O_DIRECTORY | O_NOFOLLOW)));
  }

  look(name: string): LookedAt {
    const number = new OwnedNumber(openSync(this.entry(name), O_PATH | O_NOFOLLOW));
    return orClose(number, () => new LookedAtByDescriptor(number, this, this.#common.fileSystems));
  }

  stat(): BigIntStats {
    return fstatSync(this.#number.number, BIGINT);
  }

  fileSystem(): FileSystemKind {
    this.#fileSystem ??= this.#common.fileSystems.of(fstatSync(this.#number.number).dev, () => this.self());
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
    return readlinkSync(this.self(), "utf8");
  }

  retain(): HeldFolder {
    if (this.#holders === 0) throw systemError("EBADF");
    this.#holders += 1;
    return this;
  }

  [Symbol.dispose](): void {
    if (this.#holders === 0) return;
    this.#holders -= 1;
    if (this.#holders === 0) this.#number.close();
  }

  /** A folder in this one, which takes over `number`. */
  child(number: OwnedNumber): HeldFolder {
    return orClose(number, () => new FolderByDescriptor(number, this.#common, this.protectedBelow));
  }
}

class LookedAtByDescriptor implements LookedAt {
  readonly kind: FileKind;
  readonly #number: OwnedNumber;
  readonly #device: number;
  readonly #parent: FolderByDescriptor;
  readonly #fileSystems: FileSystems;

  /** Takes over `number`, unless it throws. */
  constructor(number: OwnedNumber, parent: FolderByDescriptor, fileSystems: FileSystems) {
    this.#number = number;
    this.#parent = parent;
    this.#fileSystems = fileSystems;
    const stats = fstatSync(number.number);
    this.#device = stats.dev;
    this.kind = kindOf(stats);
  }

  stats(): BigIntStats {
    return fstatSync(this.#number.number, BIGINT);
  }

  fileSystem(): FileSystemKind {
    return this.#fileSystems.of(this.#device, () => throughProc(this.#number));
  }

  open(flags: number): number {
    return openSync(throughProc(this.#number), flags | SAFELY);
  }

  hold(): HeldFolder {
    return this.#parent.child(this.#number.move());
  }

  [Symbol.dispose](): void {
    this.#number.close();
  }
}

/** What takes over `number`, which is closed when that fails. */
function orClose<T>(number: OwnedNumber, make: () => T): T {
  try {
    return make();
  } catch (error) {
    number.close();
    throw error;
  }
}

/**
 * A path that leads to what has the number, to be used at once: after the number is closed it leads to what was opened next.
 * Shorter for the kernel than `/proc/self/fd`, which is a link to it; in the process ids of the `/proc` there is. Where Node's
 * permission model confines the process, the link is what it was told of before there was a process.
 */
let descriptors: string | undefined;

function throughProc({ number }: { readonly number: number }): string {
  descriptors ??= `/proc/${process.permission === undefined ? readlinkSync("/proc/self") : "self"}/fd/`;
  return descriptors + number;
}
