import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Cordon's folder for things that can be made again, after the XDG Base Directory Specification 0.8: a relative
 * `XDG_CACHE_HOME` is ignored, as it asks.
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment["XDG_CACHE_HOME"];
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".cache");
  return join(base, "cordon");
}
