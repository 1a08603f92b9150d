import type { Pending } from "./pending.ts";

/** How often it is checked whether an invocation has started that did not within its whole time, in milliseconds. */
const CHECK_MS = 25;

/** What is known of an invocation, and done when its time is up. */
export interface DeadlineEvents {
  readonly hasStarted: () => boolean;
  readonly expired: () => void;
}

/**
 * Begins the time that an invocation has. Its thread may have to be started first, or another guest may be on it: an invocation that has
 * not started when its time is up has all of it from when it is seen to have started.
 */
export function startDeadline(pending: Pending, events: DeadlineEvents): void {
  const { timeoutMs } = pending.job.invocation.limits;
  pending.timer = setTimeout(() => {
    if (events.hasStarted()) events.expired();
    else awaitStart(pending, events);
  }, timeoutMs);
}

function awaitStart(pending: Pending, events: DeadlineEvents): void {
  const { timeoutMs } = pending.job.invocation.limits;
  pending.timer = setTimeout(
    () => {
      if (events.hasStarted()) startDeadline(pending, events);
      else awaitStart(pending, events);
    },
    Math.min(timeoutMs, CHECK_MS),
  );
}
