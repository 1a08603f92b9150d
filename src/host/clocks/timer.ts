import { onAbort } from "../../shared/on-abort.ts";
import type { Waitable } from "../io/streams.ts";
import type { LiveClock } from "./live-clock.ts";

/** The longest delay of a timer, in milliseconds; `setTimeout` takes a longer one for 1. */
const MAX_DELAY_MS = 2n ** 31n - 1n;
const NS_PER_MS = 1_000_000n;

/**
 * Ready from an instant of the guest's monotonic clock on, and from when another clock took the place of the one that it is of. A timer
 * runs only while somebody waits.
 */
export function timer(clock: LiveClock, instant: bigint): Waitable {
  const { generation } = clock;
  const isReady = (): boolean => clock.generation !== generation || clock.until(instant) <= 0n;
  return {
    ready: isReady,
    wait: (signal) => (isReady() ? Promise.resolve() : wait(clock, instant, signal)),
    ...(clock.skipTo === undefined ? {} : { virtual: { instant, skip: () => clock.skipTo?.(instant) ?? false } }),
  };
}

/**
 * A timer of the host may fire up to a millisecond early, and none is as long as the longest sleeps: a wait may settle before
 * the instant, as waits may.
 */
function wait(clock: LiveClock, instant: bigint, signal: AbortSignal): Promise<void> {
  const left = clock.until(instant);
  if (left <= 0n || signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { generation } = clock;
  const delay = (left + NS_PER_MS - 1n) / NS_PER_MS;
  const done = (): void => {
    clearTimeout(running);
    // Beside something that the guest waits for in real time, such as an answer, a sleep takes its real time too.
    if (!signal.aborted && clock.generation === generation && delay < MAX_DELAY_MS) clock.skipTo?.(instant);
    stopListening();
    forget();
    resolve();
  };
  const running = setTimeout(done, Number(delay < MAX_DELAY_MS ? delay : MAX_DELAY_MS));
  const forget = clock.onReplaced(done);
  const stopListening = onAbort(signal, done);
  return promise;
}
