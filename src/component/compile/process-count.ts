import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

/** What a thread of the embedder's has of a bound of the process, when it was started before Cordon was loaded. */
const SHARE_ALONE = 1 / 16;

/** A number that all threads which load components have in common, and up to where it may count. */
export interface ProcessCount {
  readonly count: Int32Array;
  readonly max: number;
}

/**
 * The count of a name. Threads of the embedder's that are started after Cordon was loaded find it; one that was started before has its own,
 * with a part of the bound, since others may have such counts, too.
 */
export function processCount(name: string, max: number): ProcessCount {
  const inherited: unknown = getEnvironmentData(name);
  if (inherited instanceof SharedArrayBuffer) return { count: new Int32Array(inherited), max };
  const made = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  setEnvironmentData(name, made);
  return { count: new Int32Array(made), max: isMainThread ? max : Math.floor(max * SHARE_ALONE) };
}
