import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Cordon's folder for things that can be made again, after the XDG Base Directory Specification 0.8: a relative
 * `XDG_CACHE_HOME` is ignored, as it asks. For a user without a home directory it is one that cannot be made; everything works
 * without it.
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment["XDG_CACHE_HOME"];
  if (configured !== undefined && isAbsolute(configured)) return join(configured, "cordon");
  return join(homeDirectory(), ".cache/cordon");
}

/** Asking for it throws for a user who is in no password file, as in many containers. */
function homeDirectory(): string {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : "/";
  } catch {
    return "/";
  }
}
