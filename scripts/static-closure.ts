import type { Plugin } from "rolldown";

/**
 * Finds the modules that a bundle's entry needs before it runs, by static imports alone. Kept together they are one file: where a chunk
 * that is loaded late shares some of them, the bundler would make a file for each set of modules that are shared alike, and each file
 * takes its time to be found.
 */
export class StaticClosure {
  readonly #modules = new Set<string>();

  /** Fills it, once all modules have been read. */
  readonly plugin: Plugin = {
    name: "static-closure",
    buildEnd: {
      handler: this.#handler(),
    },
  };

  has(id: string): boolean {
    return this.#modules.has(id);
  }

  #handler(): Extract<NonNullable<Plugin["buildEnd"]>, (...given: never[]) => unknown> {
    const modules = this.#modules;
    return function (this) {
      const pending = [...this.getModuleIds()].filter((id) => this.getModuleInfo(id)?.isEntry === true);
      for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
        if (modules.has(id)) continue;
        modules.add(id);
        pending.push(...(this.getModuleInfo(id)?.importedIds ?? []));
      }
    };
  }
}
