import type { Wakeups } from "./wakeups.ts";

/** The longest a timer of Node's can run, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Settles when something wakes, when the signal is aborted, or after `afterMs`, whichever is first; never rejects.
 *
 * @param afterMs in milliseconds; 0 for no such time
 */
export function pacedWait(wakeups: Wakeups, signal: AbortSignal, afterMs: number): Promise<void> {
  const woken = wakeups.wait(signal);
  if (afterMs <= 0) return woken;
  const timer = setTimeout(() => wakeups.wake(), Math.min(afterMs, MAX_TIMER_MS));
  return woken.finally(() => clearTimeout(timer));
}
