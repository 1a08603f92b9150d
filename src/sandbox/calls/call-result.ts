import type { Usage } from "../../shared/limits/usage.ts";

/** What a call gave. */
export interface CallResult<Value = unknown> {
  /** In the shapes of docs/values.md: the value of `ok` when the function returns a `result`. */
  readonly value: Value;
  /** What the call used. */
  readonly usage: Usage;
}
