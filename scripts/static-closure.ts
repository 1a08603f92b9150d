import type { Plugin } from "rolldown";

/**
 * Finds the modules that some modules need before they run, by static imports alone. Kept together they are one file: where a chunk that
 * is loaded late shares some of them, the bundler would make a file for each set of modules that are shared alike, and each file takes its
 * time to be found.
 */
export class StaticClosure {
  /** Fills it, once all modules have been read. */
  readonly plugin: Plugin;
  readonly #modules = new Set<string>();

  /** @param roots The paths of the modules that it begins with. */
  constructor(roots: readonly string[]) {
    const modules = this.#modules;
    this.plugin = {
      name: "static-closure",
      buildEnd() {
        const pending = [...roots];
        for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
          if (modules.has(id)) continue;
          modules.add(id);
          pending.push(...(this.getModuleInfo(id)?.importedIds ?? []));
        }
      },
    };
  }

  has(id: string): boolean {
    return this.#modules.has(id);
  }
}
