import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Cordon's folder for things that can be made again, after the XDG Base Directory Specification 0.8: a relative
 * `XDG_CACHE_HOME` is ignored, as it asks. `undefined` for a user without a home directory; everything works without it.
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return ownDirectory(environment["XDG_CACHE_HOME"], ".cache");
}

/** Cordon's folder for what its user has set: trusted keys and secrets. `undefined` for a user without a home directory. */
export function configDirectory(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return ownDirectory(environment["XDG_CONFIG_HOME"], ".config");
}

/** Cordon's folder for what it has noted: versions of policies. `undefined` for a user without a home directory. */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return ownDirectory(environment["XDG_STATE_HOME"], ".local/state");
}

function ownDirectory(configured: string | undefined, byDefault: string): string | undefined {
  if (configured !== undefined && isAbsolute(configured)) return join(configured, "cordon");
  const home = homeDirectory();
  return home === undefined ? undefined : join(home, byDefault, "cordon");
}

/** Asking for it throws for a user who is in no password file, as in many containers. */
function homeDirectory(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}
