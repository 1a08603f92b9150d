import { INVOCATION_ENDED } from "../invocation-ended.ts";
import type { Ended, Ending } from "../pending.ts";
import type { ProcessJob } from "./messages.ts";
import type { StoppedCall } from "./stopped-call.ts";

/** An invocation from the moment it is asked for to its end, as the parent of guest processes sees it. */
export interface Task {
  readonly ticket: number;
  readonly job: ProcessJob;
  readonly settle: (ended: Ended) => void;
  /** Whether the caller has been answered already, while the process may still be busy with the guest. */
  settled: boolean;
  /** How it ends, once it is to end; the process may still have to say what it used. */
  stopped?: StoppedCall;
  /** When a thread of the process took it, on this side's clock; `undefined` before. */
  startedAt: number | undefined;
  /** Until when a thread that takes it up anew gives it its time anew; set with the first start. */
  latestStart?: number;
  /** Where its instance is, if that is one that stays: as it was told, and as it said. */
  stay: "making" | "ready" | "called" | "leaving" | undefined;
  /** How many processes died before they could start it. */
  lostStarts: number;
  /** What it asked of the embedder that was not answered yet: how much, and in how many bytes. */
  openAsks: number;
  openAskBytes: number;
  /** Ends what was asked and not answered yet. */
  readonly asking: AbortController;
  timer?: NodeJS.Timeout;
}

/** Answers the caller, if it was not answered before. */
export function settle(task: Task, ended: Omit<Ended, "wallMs"> | Ending): void {
  if (task.settled) return;
  task.settled = true;
  task.asking.abort(INVOCATION_ENDED);
  const wallMs = task.startedAt === undefined ? 0 : performance.now() - task.startedAt;
  task.settle("kind" in ended ? { ending: ended, wallMs } : { ...ended, wallMs });
}
