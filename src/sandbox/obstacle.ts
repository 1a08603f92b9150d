import { leaseProcessPool } from "../runtime/process/shared-process-pool.ts";
import { CordonError } from "../shared/errors.ts";
import type { OsSandbox } from "../shared/machine/os-sandbox.ts";

/**
 * Why this machine can start no guest process at all, when a component could not be opened in one; `undefined` when the component
 * itself is the reason, which is to run nowhere else then.
 */
export async function obstacleToProcesses(thrown: unknown, osSandbox: OsSandbox): Promise<string | undefined> {
  if (!(thrown instanceof CordonError) || thrown.code !== "host") return undefined;
  const { pool, release } = leaseProcessPool(osSandbox);
  try {
    return await pool.obstacle();
  } finally {
    await release();
  }
}
