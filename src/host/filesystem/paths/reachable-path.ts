/**
 * Node's permission model keeps paths in a tree of characters, and loses a folder in it (not what is in the folder) when another
 * path goes on with its name, as `/data-more` does with `/data`. Such a folder is allowed and reached by a longer path to the same.
 */
const DETOUR = "/proc/self/root";

/** As many detours as a path may take. Each folder whose name another one's begins with needs one more than that. */
export const MAX_DETOURS = 8;

/** The same file or folder by a path that takes so many detours. Linux alone has any. */
export function withDetours(path: string, detours: number): string {
  return DETOUR.repeat(detours) + path;
}

/** The path by which this thread may open an absolute path; the path itself where that may not be opened at all. */
export function reachablePath(path: string): string {
  const { permission } = process;
  if (permission === undefined || process.platform !== "linux") return path;
  for (let detours = 0; detours <= MAX_DETOURS; detours += 1) {
    const longer = withDetours(path, detours);
    if (permission.has("fs.read", longer)) return longer;
  }
  return path;
}
