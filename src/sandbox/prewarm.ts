import { leasePool } from "../runtime/threads/shared-pool.ts";

/**
 * Starts a worker thread ahead of the first sandbox. Returns what lets go of it: the pool lives on for as long as a
 * sandbox is open.
 */
export function prewarm(): () => Promise<void> {
  const { pool, release } = leasePool();
  pool.warm();
  return release;
}
