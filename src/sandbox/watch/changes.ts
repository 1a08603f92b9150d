import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** How long a file has to have been left alone before it is read, in milliseconds: writing one takes several changes. */
const QUIET_MS = 50;

/** Tells of changes of a file, by its folder: what replaces it by renaming is another file. */
export class Changes {
  readonly #watcher: FSWatcher;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param path The file.
   * @param changed Called when the file, or what is in its place, may have changed and is left alone since.
   * @param failed Called when the folder cannot be watched any more.
   * @throws What the system says where it cannot be watched.
   */
  constructor(path: string, changed: () => void, failed: (error: Error) => void) {
    const name = basename(path);
    this.#watcher = watch(dirname(path), { persistent: false }, (_event, changedName) => {
      if (changedName !== null && changedName !== name) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(changed, QUIET_MS).unref();
    });
    this.#watcher.on("error", failed);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watcher.close();
  }
}
