import { availableParallelism } from "node:os";
import { abortable } from "../../shared/abortable.ts";
import { CordonError } from "../../shared/errors.ts";
import { LoadSlots } from "./load-slots.ts";

/** Time for one load, in milliseconds. A component of 12 MB takes about half a second. */
const LOAD_TIMEOUT_MS = 60_000;

/** Loads at once. Each has up to three threads, with a heap of up to 1 GiB. */
const slots = new LoadSlots(Math.max(4, 2 * availableParallelism()));

/** A load that goes on. */
export interface Load {
  /** Aborted when the caller gives it up, or its time is over. The reason is the `CordonError` that the caller gets. */
  readonly signal: AbortSignal;
  /** Has the load keep its slot until that is over, too: a thread that is to end, or work of the engine's that nobody waits for. */
  readonly hold: (ending: Promise<unknown>) => void;
}

/** How a load is made. */
export interface LoadControl<T> {
  readonly signal?: AbortSignal | undefined;
  /** How long it may take from when it begins, in milliseconds; default one minute. */
  readonly timeoutMs?: number;
  /** Undoes what was loaded when nobody waited for it any more. */
  readonly discard?: (loaded: T) => Promise<void> | void;
}

/**
 * Loads something. Once the signal is aborted or the time is over, the caller is answered at once: what goes on in threads and in the
 * engine, which cannot be interrupted, is waited for by nobody but the loads that need its slot.
 *
 * @throws CordonError `cancelled`, or `limit` when it takes too long; else what the work throws.
 */
export async function runLoad<T>(
  work: (load: Load) => Promise<T>,
  { signal, timeoutMs = LOAD_TIMEOUT_MS, discard }: LoadControl<T> = {},
): Promise<T> {
  const ended = new AbortController();
  const onAbort = (): void => ended.abort(cancelled(signal));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    const release = await slots.take(ended.signal);
    timer = setTimeout(() => ended.abort(tooSlow(timeoutMs)), timeoutMs);
    const held: Promise<unknown>[] = [];
    const done = work({ signal: ended.signal, hold: (ending) => held.push(ending) });
    void released(done, held, release);
    try {
      return await abortable(done, ended.signal);
    } catch (thrown) {
      if (!ended.signal.aborted) throw thrown;
      void done.then(discard, () => undefined);
      throw ended.signal.reason;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Gives a slot back when a load and everything it left behind are over. What is left behind may leave something behind itself. */
async function released(done: Promise<unknown>, held: Promise<unknown>[], release: () => void): Promise<void> {
  await Promise.allSettled([done]);
  while (held.length > 0) await Promise.allSettled(held.splice(0));
  release();
}

function cancelled(signal: AbortSignal | undefined): CordonError {
  return new CordonError("cancelled", "Loading the component was cancelled", { cause: signal?.reason });
}

function tooSlow(cap: number): CordonError {
  return new CordonError("limit", `Cannot load the component: it took over ${cap} ms`, {
    limit: { limit: "deadline", cap },
  });
}
