import { onAbort } from "../../shared/on-abort.ts";
import type { Waitable } from "../io/streams.ts";
import type { GuestClock } from "./guest-clock.ts";

/** The longest delay of a timer, in milliseconds; `setTimeout` takes a longer one for 1. */
const MAX_DELAY_MS = 2n ** 31n - 1n;
const NS_PER_MS = 1_000_000n;

/** Ready from an instant of the guest's monotonic clock on. A timer runs only while somebody waits. */
export function timer(clock: GuestClock, instant: bigint): Waitable {
  return {
    ready: () => clock.until(instant) <= 0n,
    wait: (signal) => wait(clock, instant, signal),
    ...(clock.skipTo === undefined ? {} : { virtual: { instant, skip: () => clock.skipTo?.(instant) ?? false } }),
  };
}

/**
 * A timer of the host may fire up to a millisecond early, and none is as long as the longest sleeps: a wait may settle before
 * the instant, as waits may.
 */
function wait(clock: GuestClock, instant: bigint, signal: AbortSignal): Promise<void> {
  const left = clock.until(instant);
  if (left <= 0n || signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const delay = (left + NS_PER_MS - 1n) / NS_PER_MS;
  const done = (): void => {
    clearTimeout(running);
    // Beside something that the guest waits for in real time, such as an answer, a sleep takes its real time too.
    if (!signal.aborted && delay < MAX_DELAY_MS) clock.skipTo?.(instant);
    stopListening();
    resolve();
  };
  const running = setTimeout(done, Number(delay < MAX_DELAY_MS ? delay : MAX_DELAY_MS));
  const stopListening = onAbort(signal, done);
  return promise;
}
