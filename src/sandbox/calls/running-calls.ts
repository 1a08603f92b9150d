import type { WorkerUsage } from "../../runtime/messages.ts";
import type { AskUsage } from "../../runtime/pending.ts";
import { type StopSignal, StopSwitch } from "../../shared/stop-signal.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import type { RunningCall } from "./running-call.ts";
import { usageOf } from "./usage.ts";

/** How long a guest has to come by a checkpoint and say what it used, in milliseconds. */
const ANSWER_MS = 1_000;

/** What is known of a call while it runs. */
export interface CallRecord {
  readonly invocation: number;
  readonly name: string | undefined;
  denials: number;
}

interface Entry {
  readonly call: CallRecord;
  readonly since: number;
  readonly stop: StopSwitch;
  ask?: AskUsage;
  readonly ended: PromiseWithResolvers<Usage>;
}

/** What belongs to a call that was entered. */
export interface EnteredCall {
  /** Ends it. */
  readonly signal: StopSignal;
  readonly stop: (reason: unknown) => void;
  /** A worker has it, which can be asked what it used. */
  readonly taken: (ask: AskUsage) => void;
  /** It has ended, and is listed no more. */
  readonly leave: () => void;
  /** What it used in all is known. */
  readonly used: (usage: Usage) => void;
}

/** The calls of a sandbox that have not ended, in the order in which they were made. */
export class RunningCalls {
  readonly #running = new Set<Entry>();

  /** Enters a call. */
  enter(call: CallRecord, signal: AbortSignal | undefined): EnteredCall {
    const stop = new StopSwitch();
    const onAbort = (): void => stop.abort(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const entry: Entry = { call, since: performance.now(), stop, ended: Promise.withResolvers() };
    this.#running.add(entry);
    return {
      signal: stop,
      stop: (reason) => stop.abort(reason),
      taken: (ask) => void (entry.ask = ask),
      leave: () => {
        this.#running.delete(entry);
        signal?.removeEventListener("abort", onAbort);
      },
      used: entry.ended.resolve,
    };
  }

  /** Resolves when all that run now have ended, with what they used. */
  async ended(): Promise<void> {
    await Promise.all(Array.from(this.#running, ({ ended }) => ended.promise));
  }

  /** Whether none runs. */
  get areNone(): boolean {
    return this.#running.size === 0;
  }

  /** A view of each, as it is now. */
  get list(): readonly RunningCall[] {
    const now = performance.now();
    return Array.from(this.#running, (entry) => ({
      ...entry.call,
      wallMs: now - entry.since,
      usage: () => usageSoFar(entry),
      stop: (reason: unknown = new Error("the call was stopped")) => entry.stop.abort(reason),
    }));
  }
}

async function usageSoFar({ ask, ended, call, since }: Entry): Promise<Usage> {
  // Of one that has just ended, what it used in all is about to be known.
  const asked = ask?.().then<WorkerUsage | Usage>((found) => found ?? ended.promise);
  const found = asked === undefined ? undefined : await inTime(Promise.race([ended.promise, asked]));
  if (found !== undefined && "wallMs" in found) return found;
  const ending = { kind: "cancelled", reason: undefined } as const;
  const known = { ending, wallMs: performance.now() - since };
  return usageOf(found === undefined ? known : { ...known, usage: found }, call.denials);
}

/** What a promise gives, if it does within the time that there is. */
async function inTime<T>(promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ANSWER_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
