import type { Ended } from "../../runtime/pending.ts";
import type { Usage } from "../../shared/limits/usage.ts";

/**
 * The usage of a call that ended.
 *
 * @param denials Those seen on this side, for a call whose worker could not be asked.
 */
export function usageOf(ended: Ended, denials: number): Usage {
  const { usage, wallMs } = ended;
  const calls = [...(usage?.hostCalls ?? [])];
  return {
    wallMs: toMicroseconds(wallMs),
    fuel: usage?.fuel,
    cpuMs: usage === undefined ? undefined : toMicroseconds(usage.cpuMs),
    longestHoldMs: usage === undefined ? undefined : toMicroseconds(usage.longestHoldMs),
    memoryHighWaterBytes: usage?.memoryHighWaterBytes,
    hostCalls: usage === undefined ? undefined : calls.reduce((total, [, count]) => total + count, 0),
    hostCallsByFunction: Object.fromEntries(calls),
    denials: usage?.denials ?? denials,
    readBytes: usage?.readBytes,
    writtenBytes: usage?.writtenBytes,
    handlesHighWater: usage?.handlesHighWater,
  };
}

/** Milliseconds without the digits that no clock here can mean. */
function toMicroseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
