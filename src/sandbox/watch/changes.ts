import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";
import { linkedPlaces, type Place } from "./linked-places.ts";

/** How long a file has to have been left alone before it is read, in milliseconds: writing one takes several changes. */
const QUIET_MS = 50;

/**
 * Tells of changes of a file, by its folder: what replaces it by renaming is another file. Where its path leads over symbolic links, their
 * folders are watched as well, since another target is another file, too.
 */
export class Changes {
  readonly #path: string;
  readonly #changed: () => void;
  readonly #failed: (error: Error) => void;
  #watched: ReadonlyMap<string, Watched> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param path The file, as an absolute path.
   * @param changed Called when the file, or what is in its place, may have changed and is left alone since.
   * @param failed Called when a folder cannot be watched any more.
   * @throws What the system says where it cannot be watched.
   */
  constructor(path: string, changed: () => void, failed: (error: Error) => void) {
    this.#path = path;
    this.#changed = changed;
    this.#failed = failed;
    // A folder that is missing from the start is a mistake in the path.
    statSync(dirname(path));
    this.#follow();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched = new Map();
  }

  /** Watches the folders that the path leads over now. Whether they are others than before. */
  #follow(): boolean {
    const names = namesByFolder(linkedPlaces(this.#path));
    const before = this.#watched;
    const now = new Map<string, Watched>();
    this.#watched = now;
    try {
      for (const [folder, inIt] of names) now.set(folder, this.#watch(folder, inIt, before.get(folder)));
    } finally {
      for (const [folder, { watcher }] of before) if (now.get(folder)?.watcher !== watcher) watcher.close();
    }
    return (
      now.size !== before.size || [...now].some(([folder, { watcher }]) => before.get(folder)?.watcher !== watcher)
    );
  }

  #watch(folder: string, names: ReadonlySet<string>, before: Watched | undefined): Watched {
    if (before !== undefined) return { watcher: before.watcher, names };
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name === null || this.#watched.get(folder)?.names.has(name) === true) this.#mayHaveChanged();
    });
    watcher.on("error", this.#failed);
    return { watcher, names };
  }

  #mayHaveChanged(): void {
    this.#refollow();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // What changed while nobody watched its folder is not missed.
      if (this.#refollow()) this.#mayHaveChanged();
      else this.#changed();
    }, QUIET_MS).unref();
  }

  #refollow(): boolean {
    try {
      return this.#follow();
    } catch (thrown) {
      this.#failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return false;
    }
  }
}

/** A folder that is watched, and the names in it whose changes count. */
interface Watched {
  readonly watcher: FSWatcher;
  readonly names: ReadonlySet<string>;
}

function namesByFolder(places: readonly Place[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const { folder, name } of places) names.set(folder, (names.get(folder) ?? new Set()).add(name));
  return names;
}
