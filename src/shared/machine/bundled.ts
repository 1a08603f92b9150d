import { fileURLToPath } from "node:url";

/**
 * Whether this runs from a bundle in `dist/bin/` rather than from the sources. Everything below is found relative to this
 * module, so a bundle that holds it has to lie in that folder.
 */
const BUNDLED = !import.meta.url.endsWith(".ts");

/** The entries of worker threads and guest processes: the bundle's name, and the module under `src/` that it is made from. */
const WORKERS = {
  "guest-worker": "runtime/worker/main.ts",
  "guest-process": "runtime/process/child/main.ts",
  "prepare-worker": "component/preparation/worker.ts",
  "compile-worker": "component/compile/compile-worker.ts",
} as const;

let startsBuiltWorkers = false;

/** For tests: has the sources start threads and processes from the bundles that were built of them, which takes a third of the time. */
export function startBuiltWorkers(built: boolean): void {
  startsBuiltWorkers = built;
}

/** The URL of the entry of a worker thread, or of a guest process. */
export function workerUrl(worker: keyof typeof WORKERS): URL {
  if (BUNDLED) return new URL(`./${worker}.js`, import.meta.url);
  return new URL(startsBuiltWorkers ? `../../../dist/bin/${worker}.js` : `../../${WORKERS[worker]}`, import.meta.url);
}

/** The path of a file that the build put under `dist/assets/`. */
export function assetPath(path: string): string {
  return fileURLToPath(new URL(`${BUNDLED ? "../assets/" : "../../../dist/assets/"}${path}`, import.meta.url));
}
