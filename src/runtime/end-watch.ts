import type { Pending } from "./pending.ts";

/** How often a guest that is to end is checked until it is gone, in milliseconds. */
const CHECK_MS = 25;

/** After how many checks its caller is answered without what it used. */
const MAX_UNANSWERED_CHECKS = 2;

/** On how many checks in a row it may be on the processor, though it should have come by a checkpoint, when its thread has no other guest. */
const MAX_RUNNING_CHECKS = 4;

/**
 * The same when other guests would be lost with the thread. The engine may be collecting, which takes it a second and more where stacks
 * are deep: what is waited for that long is host code that hangs.
 */
const MAX_RUNNING_CHECKS_BESIDE = 120;

/** On how many checks in a row no guest may be on the processor, and the worker say nothing. */
const MAX_SILENT_CHECKS = 20;

/** What the watch has to know of the guest's thread, and does to it. */
export interface EndingThread {
  /** Whether the guest is still there. */
  readonly holds: () => boolean;
  /** The ticket of the guest that is on the processor; 0 when none is. */
  readonly running: () => number;
  /** Whether other guests of the thread would be lost with it. */
  readonly hasOthers: () => boolean;
  /** Has the guest end at its next checkpoint. */
  readonly end: () => void;
  /** Answers the guest's caller. */
  readonly answer: () => void;
  readonly kill: () => void;
}

/** How often a guest was checked: in all, and since it was last off the processor, or anybody on it. */
interface Checks {
  readonly all: number;
  readonly running: number;
  readonly silent: number;
}

/**
 * Sees to it that a guest that is to end is gone. One that waits leaves when its host call is refused, one that runs at its next
 * checkpoint.
 *
 * | what a check finds | what is done |
 * | --- | --- |
 * | it is still there, after {@link MAX_UNANSWERED_CHECKS} | its caller is answered without what it used |
 * | it is on the processor, on {@link MAX_RUNNING_CHECKS} in a row | its thread is ended: nothing else ends it. With others beside it, on {@link MAX_RUNNING_CHECKS_BESIDE} |
 * | no guest is on the processor, on more than {@link MAX_SILENT_CHECKS} in a row | the thread is ended: it hangs |
 * | another guest is on the processor, as it may be | it waits for its turn to leave |
 */
export function watchEnd(pending: Pending, thread: EndingThread): void {
  next(pending, thread, { all: 0, running: 0, silent: 0 });
}

function next(pending: Pending, thread: EndingThread, checks: Checks): void {
  if (checks.all >= MAX_UNANSWERED_CHECKS) thread.answer();
  const mostRunning = thread.hasOthers() ? MAX_RUNNING_CHECKS_BESIDE : MAX_RUNNING_CHECKS;
  if (checks.running >= mostRunning || checks.silent > MAX_SILENT_CHECKS) {
    thread.kill();
    return;
  }
  clearTimeout(pending.timer);
  pending.timer = setTimeout(() => check(pending, thread, checks), CHECK_MS);
}

function check(pending: Pending, thread: EndingThread, { all, running, silent }: Checks): void {
  if (!thread.holds()) return;
  const ticket = thread.running();
  const isRunning = ticket === pending.ticket;
  // There is one slot for the guest that is to end, and another may have been written there since.
  if (isRunning) thread.end();
  next(pending, thread, {
    all: all + 1,
    running: isRunning ? running + 1 : 0,
    silent: ticket === 0 ? silent + 1 : 0,
  });
}
