import { errnoOf } from "../failure.ts";
import type { HeldFolder } from "./held-folder.ts";

const MAX_KEPT = 16;

interface Kept {
  readonly base: HeldFolder;
  readonly path: string;
  readonly folder: HeldFolder;
  readonly where: string;
}

/**
 * The folders a guest went to last, so that opening many files of one folder does not walk to it each time. A folder that is
 * kept was reached from its base without a link, as one that the guest holds a descriptor of, and is taken only while it is
 * still where it was then. Holds at most 16 folders.
 */
export class FolderCache {
  /** The one that was used last comes last. */
  #kept: Kept[] = [];
  #open = true;

  /** The folder at `path` below `base`, retained, or `undefined` when it has to be walked to. */
  find(base: HeldFolder, path: string): HeldFolder | undefined {
    const index = this.#kept.findLastIndex((one) => one.base === base && one.path === path);
    const kept = this.#kept[index];
    if (kept === undefined) return undefined;
    if (isInPlace(kept)) {
      if (index < this.#kept.length - 1) this.#kept.push(...this.#kept.splice(index, 1));
      return kept.folder.retain();
    }
    this.#kept.splice(index, 1);
    kept.folder[Symbol.dispose]();
    return undefined;
  }

  /** Keeps a folder that was walked to without a link, of names alone; it stays the caller's too. */
  keep(base: HeldFolder, path: string, folder: HeldFolder): void {
    if (!this.#open) return;
    if (this.#kept.length >= MAX_KEPT) this.#kept.shift()?.folder[Symbol.dispose]();
    this.#kept.push({ base, path, folder: folder.retain(), where: folder.where() });
  }

  /** Lets go of all. */
  clear(): void {
    for (const { folder } of this.#kept) folder[Symbol.dispose]();
    this.#kept = [];
  }

  /** Lets go of all, and keeps nothing from then on. */
  [Symbol.dispose](): void {
    this.#open = false;
    this.clear();
  }
}

function isInPlace({ folder, where }: Kept): boolean {
  try {
    return folder.where() === where;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
