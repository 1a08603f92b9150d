import { onAbort } from "./on-abort.ts";

/**
 * Settles as a promise does, or rejects with the signal's reason as soon as the signal is aborted, whatever the promise does then: its
 * own rejection is heard, so that it is no unhandled one.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const stopListening = onAbort(signal, () => aborted.reject(signal.reason));
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    stopListening();
  }
}
