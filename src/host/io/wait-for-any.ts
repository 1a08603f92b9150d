import { setImmediate as nextTurn } from "node:timers/promises";
import { onAbort } from "../../shared/on-abort.ts";
import type { VirtualWait, Waitable } from "./streams.ts";

/**
 * Waits until at least one of these is ready, or the signal is aborted. Never rejects, and leaves no listener and no timer
 * behind. The event loop turns between two checks, so something that wakes for nothing cannot hold the thread.
 */
export async function waitForAny(waitables: readonly Waitable[], signal: AbortSignal): Promise<void> {
  const done = (): boolean => signal.aborted || waitables.some((one) => one.ready());
  const [only] = waitables;
  if (!done() && skipToFirst(waitables)) return nextTurn();
  while (!done()) {
    await (waitables.length === 1 && only !== undefined ? only.wait(signal) : firstOf(waitables, signal));
    if (done()) return;
    await nextTurn();
  }
}

/** When virtual time alone can end the wait, moves it on to the instant that comes first. */
function skipToFirst(waitables: readonly Waitable[]): boolean {
  let first: VirtualWait | undefined;
  for (const { virtual } of waitables) {
    if (virtual === undefined) return false;
    if (first === undefined || virtual.instant < first.instant) first = virtual;
  }
  return first?.skip() ?? false;
}

/** Settles with the first of them, and calls off the wait for the others. */
async function firstOf(waitables: readonly Waitable[], signal: AbortSignal): Promise<void> {
  const others = new AbortController();
  const stopListening = onAbort(signal, () => others.abort());
  try {
    await Promise.race(waitables.map((one) => one.wait(others.signal)));
  } finally {
    stopListening();
    others.abort();
  }
}
