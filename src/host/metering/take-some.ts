import { setTimeout as delay } from "node:timers/promises";
import type { ByteMeter } from "./byte-meter.ts";

/** The longest time for which a timer is set; then the condition is checked again. */
const MAX_DELAY_MS = 60_000;

/**
 * Takes up to `wanted` bytes of a meter, and waits while its rate is used up. 0 when the total is, or nothing is wanted. Rejects
 * when the signal is aborted.
 */
export async function takeSome(meter: ByteMeter, wanted: number, signal: AbortSignal): Promise<number> {
  for (;;) {
    const granted = meter.take(wanted);
    if (granted > 0 || wanted <= 0 || meter.exhausted) return granted;
    await delay(Math.min(meter.delayMs(), MAX_DELAY_MS), undefined, { signal });
  }
}
