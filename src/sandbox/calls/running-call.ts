import type { Usage } from "../../shared/limits/usage.ts";

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
  /**
   * What it used so far, and what it used in all once it has ended. Of a call that waits for a worker, or whose worker does not say within
   * a second, all that is known is how long ago it was made and its denials. Never rejects.
   */
  readonly usage: () => Promise<Usage>;
  /** Ends it, as `cancelled`, with this reason as the error's `cause`. */
  readonly stop: (reason?: unknown) => void;
}
