import { setTimeout as delay } from "node:timers/promises";
import type { ByteMeter } from "../../metering/byte-meter.ts";

/** How many of `wanted` bytes a meter would grant now. Charges nothing. */
export function wouldGrant(meter: ByteMeter, wanted: number): number {
  const granted = meter.take(wanted);
  meter.refund(granted);
  return granted;
}

/** Whether a meter has an answer now: it grants a byte, or never will again. */
export function hasAnswer(meter: ByteMeter): boolean {
  return meter.exhausted || meter.delayMs() === 0;
}

/** Settles when {@link hasAnswer}, and when the signal is aborted. */
export async function untilAnswer(meter: ByteMeter, signal: AbortSignal): Promise<void> {
  if (hasAnswer(meter) || signal.aborted) return;
  try {
    await delay(Math.min(meter.delayMs(), 60_000), undefined, { signal });
  } catch {
    // The signal was aborted, which ends the wait as it should.
  }
}
