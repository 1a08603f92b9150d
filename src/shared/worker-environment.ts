import { getCompileCacheDir } from "node:module";

/** The environment of a worker thread: nothing but where this thread keeps compiled code of its modules, if it does. */
export function workerEnvironment(): Readonly<Record<string, string>> {
  const directory = getCompileCacheDir();
  if (directory === undefined) return {};
  // Node makes a folder of its own version in what it is told; a thread that was told passes on the same.
  return { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? directory };
}
