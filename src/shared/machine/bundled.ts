import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CordonError } from "../errors.ts";

/**
 * Whether this runs from a bundle in `dist/bin/` rather than from the sources. Everything below is found relative to this
 * module, so a bundle that holds it has to lie in that folder.
 */
const BUNDLED = !here().endsWith(".ts");

/** The entries of worker threads and guest processes: the bundle's name, and the module under `src/` that it is made from. */
const WORKERS = {
  "guest-worker": "runtime/worker/main.ts",
  "guest-process": "runtime/process/child/main.ts",
  "prepare-worker": "component/preparation/worker.ts",
  "compile-worker": "component/compile/compile-worker.ts",
  "manifest-worker": "manifest/thread/main.ts",
} as const;

const entries = new Map<keyof typeof WORKERS, URL>();

let startsBuiltWorkers = false;

/** For tests: has the sources start threads and processes from the bundles that were built of them, which takes a third of the time. */
export function startBuiltWorkers(built: boolean): void {
  startsBuiltWorkers = built;
}

/** The URL of the entry of a worker thread, or of a guest process. */
export function workerUrl(worker: keyof typeof WORKERS): URL {
  if (BUNDLED) return found(worker);
  return new URL(startsBuiltWorkers ? `../../../dist/bin/${worker}.js` : `../../${WORKERS[worker]}`, import.meta.url);
}

/** The entry of a worker beside this bundle. Another bundler that took this in has left it where it was. */
function found(worker: keyof typeof WORKERS): URL {
  const known = entries.get(worker);
  if (known !== undefined) return known;
  const entry = here() === "" ? undefined : new URL(`./${worker}.js`, here());
  if (entry === undefined || !existsSync(entry)) {
    throw new CordonError(
      "usage",
      `Cannot start ${worker}.js: it is not beside the code that needs it, as in a bundle that has taken cordon in; keep "cordon" external in the bundler's options`,
    );
  }
  entries.set(worker, entry);
  return entry;
}

/** Where this module is; empty in a bundle of another kind of modules, which has no such thing. */
function here(): string {
  const { url }: { readonly url?: string } = import.meta;
  return url ?? "";
}

/** The path of a file that the build put under `dist/assets/`. */
export function assetPath(path: string): string {
  return fileURLToPath(new URL(`${BUNDLED ? "../assets/" : "../../../dist/assets/"}${path}`, import.meta.url));
}
