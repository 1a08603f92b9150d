import { type StopSignal, StopSwitch } from "../../shared/stop-signal.ts";

/** A call of a sandbox that has not ended yet. */
export interface RunningCall {
  /** Which call of the sandbox it is, from 1; the `invocation` of its events. */
  readonly invocation: number;
  /** The export that is called; `undefined` for an instance that stays. */
  readonly name: string | undefined;
  /** How long ago it was made, in milliseconds. */
  readonly wallMs: number;
  /** How many accesses were denied so far. */
  readonly denials: number;
  /** Ends it, as `cancelled`, with this reason as the error's `cause`. */
  readonly stop: (reason?: unknown) => void;
}

/** What is known of a call while it runs. */
export interface CallRecord {
  readonly invocation: number;
  readonly name: string | undefined;
  denials: number;
}

/** The calls of a sandbox that have not ended, in the order in which they were made. */
export class RunningCalls {
  readonly #running = new Set<{ readonly call: CallRecord; readonly since: number; readonly stop: StopSwitch }>();

  /** Enters a call. Returns the signal that ends it, and what takes it out again. */
  enter(
    call: CallRecord,
    signal: AbortSignal | undefined,
  ): { readonly signal: StopSignal; readonly leave: () => void } {
    const stop = new StopSwitch();
    const onAbort = (): void => stop.abort(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const entry = { call, since: performance.now(), stop };
    this.#running.add(entry);
    const leave = (): void => {
      this.#running.delete(entry);
      signal?.removeEventListener("abort", onAbort);
    };
    return { signal: stop, leave };
  }

  /** A view of each, as it is now. */
  get list(): readonly RunningCall[] {
    const now = performance.now();
    return Array.from(this.#running, ({ call, since, stop }) => ({
      ...call,
      wallMs: now - since,
      stop: (reason: unknown = new Error("the call was stopped")) => stop.abort(reason),
    }));
  }
}
