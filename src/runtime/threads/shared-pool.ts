import { WorkerPool } from "./pool.ts";

let pool: WorkerPool | undefined;
let users = 0;

/** A share in the process's one worker pool; the pool is closed when its last user lets go. */
export interface PoolLease {
  readonly pool: WorkerPool;
  /** Gives the share back. Resolves when no thread of the pool is left, if this was the last share. */
  readonly release: () => Promise<void>;
}

/** Takes a share in the process's worker pool. */
export function leasePool(): PoolLease {
  pool ??= new WorkerPool();
  users += 1;
  const leased = pool;
  let held = true;
  return {
    pool: leased,
    release: async () => {
      if (!held) return;
      held = false;
      users -= 1;
      if (users > 0) return;
      pool = undefined;
      await leased.close();
    },
  };
}
