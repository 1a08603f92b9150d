import { messageOf } from "../shared/errors.ts";
import type { Ending } from "./pending.ts";

/** How those end that were on a thread which had to be ended for another's sake. */
export const STOPPED_BY_FORCE: Ending = {
  kind: "lost",
  message: "another guest on its worker thread had to be stopped by force",
};

/** The ending of a guest that did nothing to the thread it was on. */
export function asBystander(ending: Ending): Ending {
  if (ending.kind === "lost") return ending;
  return { kind: "lost", message: "another guest on its worker thread took the thread down" };
}

/** What an error of a whole thread means for the guest that was on its processor. */
export function endingOf(error: unknown): Ending {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return { kind: "worker-memory" };
  return { kind: "fault", message: messageOf(error) };
}
