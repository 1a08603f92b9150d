import { getCompileCacheDir } from "node:module";

/** The environment of a worker thread: nothing but where this thread keeps compiled code of its modules, if it does. */
export function workerEnvironment(): Readonly<Record<string, string>> {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: directory };
}
