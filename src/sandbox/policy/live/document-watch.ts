import { type FSWatcher, realpathSync, watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { dirname, join, resolve } from "node:path";
import { type PolicyFolders, policyFolders } from "../../../policy/documents/load-documents.ts";
import type { PolicyInput } from "../../options/sandbox-options.ts";
import { type DocumentFiles, documentFiles, foldersOf, isReplaced, isSameFile, isSameText } from "./document-files.ts";

/** How long documents have to have been left alone before they are read, in milliseconds: putting one in place takes several changes. */
const QUIET_MS = 25;

/** The same of those that are written in place: halves of them are documents, too. */
const WRITTEN_QUIET_MS = 300;

const IN_PLACE =
  "it was written in place or removed, so that nobody knows whether its writer is done; put it there by renaming, or run cordon policy reload";

/** What is told of changes. */
export interface DocumentWatchEvents {
  /**
   * The texts have changed. Resolves when they are in force, or are not to be.
   *
   * @param mayGain Why they may allow nothing that those before do not, asked when they have been read; `undefined` when they may.
   */
  readonly changed: (mayGain: () => string | undefined) => Promise<void>;
  /** The folders cannot be watched any more. */
  readonly failed: (error: unknown) => void;
}

/** Watches the folders of policy documents. Does not keep the process alive. */
export class DocumentWatch {
  readonly #files: readonly string[];
  readonly #folders: PolicyFolders | undefined;
  readonly #events: DocumentWatchEvents;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Paths of files that were written since they were put in place. */
  readonly #written = new Set<string>();
  readonly #stopped = new AbortController();
  #seen: DocumentFiles;
  #changes = 0;
  #looking = false;

  constructor(input: PolicyInput, events: DocumentWatchEvents, folders: PolicyFolders = policyFolders()) {
    const asked = typeof input === "string" ? { files: [input] } : "length" in input ? { files: input } : input;
    this.#files = (asked.files ?? []).map((file) => resolve(file));
    this.#folders = "folders" in asked && asked.folders === true ? folders : undefined;
    this.#events = events;
    this.#watch();
    this.#seen = documentFiles(this.#files, this.#folders);
  }

  /** Puts what is there now for what is in force, as after an explicit reload. */
  accept(): void {
    this.#seen = documentFiles(this.#files, this.#folders);
    this.#watch();
  }

  close(): void {
    this.#stopped.abort();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Watches the folders that documents and links to them are in; a link may lead elsewhere by now. */
  #watch(): void {
    const wanted = new Set<string>(foldersOf(this.#folders));
    for (const file of this.#files) {
      wanted.add(dirname(file));
      try {
        wanted.add(dirname(realpathSync(file)));
      } catch {
        // It is not there: whoever reads it says so.
      }
    }
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#watchFolder(folder);
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        if (name !== null) {
          // What is written there comes after the name, and after what was written to it elsewhere.
          if (event === "rename") this.#written.delete(join(folder, name));
          else this.#written.add(join(folder, name));
        }
        this.#changes += 1;
        if (!this.#looking) void this.#look();
      });
      watcher.on("error", (error) => this.#events.failed(error));
      this.#watchers.set(folder, watcher);
    } catch (thrown) {
      // A folder of the user's or the machine's need not be there.
      if (!foldersOf(this.#folders).includes(folder)) this.#events.failed(thrown);
    }
  }

  /** Reads the documents when they have been left alone for a while. */
  async #look(): Promise<void> {
    this.#looking = true;
    try {
      for (let seen = -1; seen !== this.#changes && !this.#stopped.signal.aborted;) {
        seen = this.#changes;
        await sleep(this.#quietMs(), undefined, { signal: this.#stopped.signal });
        if (seen !== this.#changes) continue;
        const now = documentFiles(this.#files, this.#folders);
        if (isSameText(this.#seen, now)) continue;
        await this.#changed(now);
      }
    } catch (thrown) {
      if (!this.#stopped.signal.aborted) this.#events.failed(thrown);
    } finally {
      this.#looking = false;
    }
  }

  async #changed(now: DocumentFiles): Promise<void> {
    const isWhole = isReplaced(this.#seen, now, (real) => this.#written.has(real));
    const changes = this.#changes;
    const mayGain = (): string | undefined => {
      const isAsSeen = changes === this.#changes && isSameFile(now, documentFiles(this.#files, this.#folders));
      return isWhole && isAsSeen ? undefined : IN_PLACE;
    };
    try {
      await this.#events.changed(mayGain);
      this.#seen = now;
    } catch {
      // It was told. What is in force is still what was seen before.
    }
    this.#watch();
  }

  #quietMs(): number {
    const isWritten = [...this.#seen.values()].some(({ real }) => this.#written.has(real));
    return isWritten ? WRITTEN_QUIET_MS : QUIET_MS;
  }
}
