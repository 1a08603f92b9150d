import type { AuditObservation } from "../audit/event.ts";
import type { StopSignal } from "../shared/stop-signal.ts";
import type { InstanceCall, Invocation, Program, WorkerOutcome, WorkerUsage } from "./messages.ts";

/** How an invocation ended, seen from the main thread. `lost` means that its worker died under it. */
export type Ending =
  | WorkerOutcome
  | { readonly kind: "cancelled"; readonly reason: unknown }
  /** Its worker ran out of heap. */
  | { readonly kind: "worker-memory" }
  | { readonly kind: "lost"; readonly message: string }
  /** It was not begun: processes of its component ended again and again, the last for this reason; the next is started so much later. */
  | { readonly kind: "backing-off"; readonly message: string; readonly retryAfterMs: number };

/** The end of an invocation. `usage` is absent when the worker could not be asked for it any more. */
export interface Ended {
  readonly ending: Ending;
  readonly usage?: WorkerUsage;
  /** From the moment a worker took the invocation to its end, in milliseconds. */
  readonly wallMs: number;
}

/** The other end of an instance that stays. */
export interface InstancePort {
  /** Calls it. Only when it is ready. */
  readonly enter: (call: InstanceCall) => void;
  /** Ends it, when it is ready. */
  readonly leave: () => void;
}

/**
 * Asks what an invocation used so far. A guest that runs answers at its next checkpoint; `undefined` comes of one that has ended, and
 * of one whose worker is lost.
 */
export type AskUsage = () => Promise<WorkerUsage | undefined>;

/** What the pool is asked to run. */
export interface Job {
  readonly program: Program;
  readonly invocation: Invocation;
  /** Of this job alone: nobody stops listening to it. */
  readonly signal?: StopSignal | undefined;
  /** Called when a worker takes it, and again when another does because the first could not start it; must not throw. */
  readonly started?: (() => void) | undefined;
  /** Called with what asks a worker that takes it, each time that one does; must not throw. */
  readonly taken?: ((ask: AskUsage) => void) | undefined;
  /** Called for every access the guest makes or is denied, in order; must not throw. */
  readonly observe: (observation: AuditObservation) => void;
  /**
   * For an invocation without a target, whose instance stays: called when the instance is ready, first without an ending, then with
   * that of the call before, and what it used so far. An end of the instance itself is the job's.
   */
  readonly ready?: ((port: InstancePort, ending: Ending | undefined, usage: WorkerUsage) => void) | undefined;
  /** Answers what host functions ask of the embedder: stdin, stdout, custom functions. Without it, nothing is answered. */
  readonly answer?: ((service: string, payload: unknown, signal: AbortSignal) => Promise<unknown>) | undefined;
}

/** An invocation from the moment it is asked for to its end. */
export interface Pending {
  readonly ticket: number;
  readonly job: Job;
  readonly settle: (ended: Ended) => void;
  /** Whether the caller has been answered already, while the worker may still be busy with the guest. */
  settled: boolean;
  startedAt: number;
  /** How it ends, once it is to end; the worker may still have to say what it used. */
  stopping?: Ending;
  /** How many workers died before they could start it. */
  lostStarts: number;
  /** Ends what was asked of the embedder and not answered yet. */
  asking?: AbortController;
  timer?: NodeJS.Timeout;
}
