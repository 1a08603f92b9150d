import type { Grants } from "../../policy/grants.ts";

/** What a sandbox grants at a time. */
export interface PolicyInForce {
  /** Numbers the policies of a sandbox, from 1. The later one holds. */
  readonly generation: number;
  readonly grants: Grants;
}

/** A policy on its way to a thread that has guests of the program. */
export interface PolicyChange extends PolicyInForce {
  readonly programId: string;
}

/** What is sent with the policy that was in force when it was made, with the one that is now, if that is later. */
export function under<T extends PolicyInForce>(sent: T, latest: PolicyInForce | undefined): T {
  if (latest === undefined || latest.generation <= sent.generation) return sent;
  return { ...sent, generation: latest.generation, grants: latest.grants };
}
