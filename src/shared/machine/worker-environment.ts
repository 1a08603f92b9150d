import { getCompileCacheDir } from "node:module";
import { isAbsolute } from "node:path";

/**
 * The environment of a worker thread: nothing but where this thread keeps compiled code of its modules, if it does. Node makes a folder
 * in it for the thread's own. What the process was told is not asked again: a path that is relative may lead elsewhere by now.
 */
export function workerEnvironment(): Readonly<Record<string, string>> {
  const directory = getCompileCacheDir();
  return directory === undefined || !isAbsolute(directory) ? {} : { NODE_COMPILE_CACHE: directory };
}
