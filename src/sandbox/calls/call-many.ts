import { CordonError } from "../../shared/errors.ts";
import type { CallResult } from "./call-result.ts";

/** How one of many calls ended, in the manner of `Promise.allSettled`. */
export type CallOutcome =
  | ({ readonly status: "fulfilled" } & CallResult)
  | {
      readonly status: "rejected";
      /** What it failed with. */
      readonly reason: CordonError;
    };

/** How many calls are made at once, where nothing is said. */
export const MANY_AT_ONCE: number = 16;

/** Makes calls, so many at once, and gives how each ended, in order. */
export async function callMany<Parameters extends readonly unknown[]>(
  lists: readonly Parameters[],
  atOnce: number,
  call: (parameters: Parameters) => Promise<CallResult>,
): Promise<readonly CallOutcome[]> {
  const outcomes: CallOutcome[] = [];
  const left = lists.entries();
  const work = async (): Promise<void> => {
    for (const [index, parameters] of left) outcomes[index] = await settled(call(parameters));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, lists.length) }, work));
  return outcomes;
}

async function settled(made: Promise<CallResult>): Promise<CallOutcome> {
  try {
    return { status: "fulfilled", ...(await made) };
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw thrown;
    return { status: "rejected", reason: thrown };
  }
}
