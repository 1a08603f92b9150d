import type { ComponentState } from "../component-state.ts";
import type { Subtask } from "../tasks/subtask.ts";
import type { Task } from "../tasks/task.ts";

/** Whose values are lifted or lowered. */
export interface ValueOwner {
  readonly state: ComponentState;
  readonly scope: Task | Subtask | undefined;
  /** Where objects are noted that are handed over to the host. */
  readonly owned?: unknown[];
  /** Whether values that are lowered are the embedder's, whose handles are numbers of its own. */
  readonly isEmbedders?: boolean;
}
