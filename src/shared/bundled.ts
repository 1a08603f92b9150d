import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** `.ts` when running from the sources, `.js` when running from `dist/`: workers are started by file name. */
const EXTENSION: string = extname(import.meta.url);

/** The URL of one of our own modules, named relative to `src/` and without its extension. */
export function moduleUrl(path: string): URL {
  return new URL(`../${path}${EXTENSION}`, import.meta.url);
}

/** The path of a file that the build put under `dist/assets/`. */
export function assetPath(path: string): string {
  const assets = EXTENSION === ".ts" ? "../../dist/assets/" : "../assets/";
  return fileURLToPath(new URL(assets + path, import.meta.url));
}
