import type { ByteMeter } from "./byte-meter.ts";
import { takeSome } from "./take-some.ts";

/**
 * Takes all of `bytes` from a meter, and waits while its rate is used up. `false` when the total is used up before all is taken;
 * what was taken by then stays charged. Rejects when the signal is aborted.
 */
export async function takeAll(meter: ByteMeter, bytes: number, signal: AbortSignal): Promise<boolean> {
  for (let left = bytes; left > 0;) {
    const granted = await takeSome(meter, left, signal);
    if (granted === 0) return false;
    left -= granted;
  }
  return true;
}
