import type { OsSandbox } from "../../shared/machine/os-sandbox.ts";
import { ProcessPool } from "./pool.ts";

interface Shared {
  readonly pool: ProcessPool;
  users: number;
}

const shared = new Map<OsSandbox, Shared>();

/** A share in this process's pool of guest processes; the pool is closed when its last user lets go. */
export interface ProcessPoolLease {
  readonly pool: ProcessPool;
  /** Gives the share back. Resolves when no process of the pool is left, if this was the last share. */
  readonly release: () => Promise<void>;
}

/** Takes a share in the pool of guest processes that are wrapped in this way. */
export function leaseProcessPool(osSandbox: OsSandbox): ProcessPoolLease {
  const leased = shared.get(osSandbox) ?? { pool: new ProcessPool({ osSandbox }), users: 0 };
  shared.set(osSandbox, leased);
  leased.users += 1;
  let held = true;
  return {
    pool: leased.pool,
    release: async () => {
      if (!held) return;
      held = false;
      leased.users -= 1;
      if (leased.users > 0) return;
      shared.delete(osSandbox);
      await leased.pool.close();
    },
  };
}
