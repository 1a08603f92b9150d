import type { OsSandbox } from "../../shared/machine/os-sandbox.ts";

/** What stands between a guest and this process beside WebAssembly; see docs/isolation.md. */
export type IsolationLevel = "thread" | "process";

/** How a component that was opened is kept apart from this process. */
export interface IsolationInUse {
  /** Where its calls run. */
  readonly level: IsolationLevel;
  /** Why this machine can start no process, where `auto` ended at the level `thread`; one line. */
  readonly obstacle: string | undefined;
}

/** How a component is kept apart from this process. */
export interface IsolationOptions {
  /**
   * `thread`: a worker thread of this process. `process`: processes of its own, which may reach only what is granted. `auto`: such
   * processes where this machine can start one, else threads; see {@link IsolationInUse}. Default `thread`.
   */
  readonly isolation?: IsolationLevel | "auto" | undefined;
  /**
   * Whether those processes run in the operating system's sandbox, which is bubblewrap on Linux: `auto` where it works,
   * `required` or not at all, or `off`. Default `auto`. For the level `process` only.
   */
  readonly osSandbox?: OsSandbox | undefined;
}
