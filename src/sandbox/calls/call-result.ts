import type { Usage } from "../../shared/usage.ts";

/** What a call gave. */
export interface CallResult {
  /** In the shapes of docs/values.md: the value of `ok` when the function returns a `result`. */
  readonly value: unknown;
  /** What the call used. */
  readonly usage: Usage;
}
