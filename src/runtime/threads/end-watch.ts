import type { Pending } from "../pending.ts";

/** How often a guest that is to end is checked until it is gone, in milliseconds. */
const CHECK_MS = 25;

/** After how many checks its caller is answered without what it used. */
const MAX_UNANSWERED_CHECKS = 2;

/** On how many checks in a row a thread may stand still that has no other guest, by whether the guest is on the processor. */
const MAX_CHECKS_ALONE = { running: 4, silent: 20 } as const;

/**
 * How long a thread may stand still when other guests would be lost with it, in milliseconds of its own processor time: what others of
 * a busy machine take is not its fault. The engine may be collecting, which takes it a second and more where stacks are deep; what is
 * waited for that long is host code that hangs.
 */
const MAX_PROCESSOR_MS_BESIDE = 3_000;

/** The same by the clock, in checks: host code may hang without computing, and a thread may not say what it took. 10 s. */
const MAX_CHECKS_BESIDE = 400;

/** What the watch has to know of the guest's thread, and does to it. */
export interface EndingThread {
  /** Whether the guest is still there. */
  readonly holds: () => boolean;
  /** The ticket of the guest that is on the processor; 0 when none is. */
  readonly running: () => number;
  /** Whether other guests of the thread would be lost with it. */
  readonly hasOthers: () => boolean;
  /** Counts the processor time of the thread from now on: tells how much it was, in milliseconds, as far as the thread has said. */
  readonly countTime: () => () => number;
  /** Has the guest end at its next checkpoint. */
  readonly end: () => void;
  /** Answers the guest's caller. */
  readonly answer: () => void;
  readonly kill: () => void;
}

/** A thread on which nothing happens that should: the guest stays on the processor, or nobody is there and the worker says nothing. */
interface Standstill {
  readonly kind: "running" | "silent";
  /** On how many checks in a row. */
  readonly checks: number;
  /** What the thread took of a processor since. */
  readonly time: () => number;
}

/**
 * Sees to it that a guest that is to end is gone. One that waits leaves when its host call is refused, one that runs at its next
 * checkpoint.
 *
 * | what a check finds | what is done |
 * | --- | --- |
 * | it is still there, after {@link MAX_UNANSWERED_CHECKS} | its caller is answered without what it used |
 * | it is on the processor, or no guest is, on {@link MAX_CHECKS_ALONE} in a row | its thread is ended: nothing else ends it |
 * | the same, with others beside it | its thread is ended when it took {@link MAX_PROCESSOR_MS_BESIDE} since, or on {@link MAX_CHECKS_BESIDE} |
 * | another guest is on the processor, as it may be | it waits for its turn to leave |
 */
export function watchEnd(pending: Pending, thread: EndingThread): void {
  next(pending, thread, 0, undefined);
}

function next(pending: Pending, thread: EndingThread, checks: number, standstill: Standstill | undefined): void {
  if (checks >= MAX_UNANSWERED_CHECKS) thread.answer();
  if (standstill !== undefined && isTooLong(standstill, thread)) {
    thread.kill();
    return;
  }
  clearTimeout(pending.timer);
  pending.timer = setTimeout(() => check(pending, thread, checks, standstill), CHECK_MS);
}

function isTooLong({ kind, checks, time }: Standstill, thread: EndingThread): boolean {
  if (!thread.hasOthers()) return checks >= MAX_CHECKS_ALONE[kind];
  return time() >= MAX_PROCESSOR_MS_BESIDE || checks >= MAX_CHECKS_BESIDE;
}

function check(pending: Pending, thread: EndingThread, checks: number, before: Standstill | undefined): void {
  if (!thread.holds()) return;
  const ticket = thread.running();
  // There is one slot for the guest that is to end, and another may have been written there since.
  if (ticket === pending.ticket) thread.end();
  next(pending, thread, checks + 1, standstillOf(ticket, pending, thread, before));
}

function standstillOf(
  ticket: number,
  pending: Pending,
  thread: EndingThread,
  before: Standstill | undefined,
): Standstill | undefined {
  if (ticket !== 0 && ticket !== pending.ticket) return undefined;
  const kind = ticket === 0 ? "silent" : "running";
  if (before?.kind === kind) return { ...before, checks: before.checks + 1 };
  return { kind, checks: 1, time: thread.countTime() };
}
