import { nodeCrypto } from "../../shared/node-modules.ts";

/** How late a clock's step comes, in nanoseconds. The same step is always late by the same. */
export type Lateness = (step: bigint) => bigint;

/** Every step comes when it is due. */
export const onTime: Lateness = () => 0n;

const KEY_BYTES = 32;

/**
 * Each step comes late by an amount from 0 up to and without `jitter`, by a key that is made here and known to nobody else.
 * As reading the clock again within a step gives the same, there is no average to be taken of many readings.
 */
export function lateness(jitter: bigint): Lateness {
  const { createHmac, randomBytes } = nodeCrypto();
  const key = randomBytes(KEY_BYTES);
  let last: { readonly step: bigint; readonly late: bigint } | undefined;
  return (step) => {
    if (last?.step !== step) {
      const digest = createHmac("sha256", key).update(step.toString()).digest();
      last = { step, late: (digest.readBigUInt64LE() * jitter) >> 64n };
    }
    return last.late;
  };
}
