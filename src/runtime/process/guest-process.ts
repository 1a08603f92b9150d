import { INVOCATION_ENDED } from "../invocation-ended.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import type { InstanceCall } from "../messages.ts";
import type { Ending } from "../pending.ts";
import { type Confinement, covers } from "./confinement.ts";
import { HeldPolicies } from "./held-policies.ts";
import type { LaunchPlan } from "./launch.ts";
import type { FromProcess, PortableProgram } from "./messages.ts";
import { type PolicyChange, type PolicyInForce, under } from "../policy/policy-in-force.ts";
import { ProcessAsks } from "./process-asks.ts";
import { ProcessLink } from "./process-link.ts";
import { Readiness } from "./readiness.ts";
import { GRACE_MS, StoppedCall } from "./stopped-call.ts";
import { settle, type Task } from "./task.ts";
import { UsageReports } from "../usage-reports.ts";
import { SentOnce } from "../programs/sent-once.ts";

/** The longest delay a timer has, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How many processes may die under an invocation that has not started before it is given up. */
const MAX_LOST_STARTS = 2;

/** How long one that runs its program may take to say that it goes by a policy, in milliseconds. Its main thread runs no guest. */
const POLICY_MS = 5_000;

/** What a message may hold beside what one crossing may copy, in bytes. */
const ENVELOPE_BYTES = 2 * 1024 * 1024;

const LIED: Ending = { kind: "lost", message: "its process said what no guest process says, and was ended" };

/** How those end that were in a process which had to be ended for another's sake. */
const STOPPED_BY_FORCE: Ending = {
  kind: "lost",
  message: "another guest of its process had to be stopped by force",
};

/** What a guest process tells the pool. */
export interface GuestProcessEvents {
  /** It holds an invocation less, or its program is compiled. */
  readonly freed: () => void;
  /**
   * It is gone; these invocations had not started and can run elsewhere.
   *
   * @param reason Why it ended, or had to be ended, when its pool had not asked it to.
   */
  readonly gone: (notStarted: readonly Task[], reason: string | undefined) => void;
}

/** How a guest process is made. */
export interface GuestProcessOptions {
  readonly plan: LaunchPlan;
  readonly confinement: Confinement;
  /**
   * How long it may hold invocations and have none of them running, and how long it may give one from thread to thread, in
   * milliseconds. It may be starting on a slow machine.
   */
  readonly startMs: number;
}

/**
 * A child process that runs one component, seen from its parent. Everything it says is checked, since hostile code may have taken
 * it over; saying what no guest process says ends it.
 */
export class GuestProcess {
  readonly confinement: Confinement;
  readonly #link: ProcessLink;
  readonly #asks: ProcessAsks;
  readonly #held = new Map<number, Task>();
  /** Those that it said have ended, and whose guests may not be gone yet: it did not say what they used. */
  readonly #leaving = new Map<number, Task>();
  readonly #events: GuestProcessEvents;
  readonly #startMs: number;
  readonly #isOutdated: () => boolean;
  readonly #readiness = new Readiness();
  readonly #reports = new UsageReports((ticket) => this.#link.send({ type: "report", ticket }));
  readonly #sent = new SentOnce();
  readonly #policies = new HeldPolicies(
    (change) => this.#link.send({ type: "policy", change }),
    () => this.#kill({ kind: "lost", message: "its process did not say that it goes by the new policy" }),
  );
  /** Whether it was confined for a policy that is not in force any more. */
  #retired = false;
  #program: PortableProgram | undefined;
  #startWatch: NodeJS.Timeout | undefined;
  #closing = false;
  /** How many wait for its program to be compiled. */
  #awaited = 0;
  #dead = false;

  constructor({ plan, confinement, startMs }: GuestProcessOptions, events: GuestProcessEvents) {
    this.confinement = confinement;
    this.#startMs = startMs;
    this.#isOutdated = plan.isOutdated;
    this.#events = events;
    this.#link = new ProcessLink(plan, {
      maxMessageBytes: () => this.#maxMessageBytes(),
      take: (message, bytes) => this.#take(message, bytes),
      lied: () => this.#kill(LIED),
      gone: (message) => this.#end({ kind: "lost", message }),
    });
    this.#asks = new ProcessAsks(this.#link, {
      maxOpenBytes: () => this.#maxMessageBytes(),
      tooMuch: (message) => this.#kill({ kind: "lost", message }),
    });
    this.#link.send({ type: "open", workerFlags: plan.workerFlags });
    this.#rest();
  }

  /** The process's number; that of bubblewrap where it is wrapped. */
  get pid(): number | undefined {
    return this.#link.pid;
  }

  /** How many invocations it holds. */
  get load(): number {
    return this.#held.size;
  }

  /** Whether somebody waits for it: ending it would be seen. */
  get busy(): boolean {
    return this.#held.size > 0 || this.#awaited > 0;
  }

  /** Whether it can run a program's call that needs this much. */
  serves(programId: string, needed: Confinement): boolean {
    return (
      !this.#closing &&
      !this.#retired &&
      !this.#dead &&
      this.#program?.id === programId &&
      covers(this.confinement, needed)
    );
  }

  /** Whether it shows what is not at a granted path any more. */
  get outdated(): boolean {
    return this.#isOutdated();
  }

  /** Whether it was given no program yet. */
  get spare(): boolean {
    return !this.#closing && !this.#dead && this.#program === undefined;
  }

  /** What it was given to run. */
  get program(): PortableProgram | undefined {
    return this.#program;
  }

  /** Whether it compiled its program. */
  get compiled(): boolean {
    return this.#readiness.compiled;
  }

  /** Gives it its program. */
  give(program: PortableProgram): void {
    this.#program = program;
    this.#link.send({ type: "load", program });
  }

  /**
   * Resolves when it has begun to run, and waits for a program.
   *
   * @throws CordonError `host` when it is lost before.
   */
  async opened(): Promise<void> {
    await this.#await(this.#readiness.opened);
  }

  /**
   * Resolves when its program is compiled.
   *
   * @throws CordonError `invalid-component` when it cannot be, `host` when the process is lost.
   */
  async loaded(): Promise<void> {
    await this.#await(this.#readiness.loaded);
  }

  async #await(promise: Promise<void>): Promise<void> {
    this.#link.ref();
    this.#awaited += 1;
    try {
      await promise;
    } finally {
      this.#awaited -= 1;
      this.#rest();
      if (!this.#dead) this.#events.freed();
    }
  }

  /** Has a later policy hold for what runs in it. Resolves when it does, or the process is gone. */
  async setPolicy(change: PolicyChange, isConfinedForIt: boolean): Promise<void> {
    if (this.#dead) return;
    if (!isConfinedForIt) this.#retired = true;
    // One that is starting runs nothing yet, and takes its time.
    await this.#await(this.#policies.hold(change, this.compiled ? POLICY_MS : this.#startMs));
  }

  /** Whether it takes no more invocations, since other grants are in force than those it was confined for. */
  get retired(): boolean {
    return this.#retired;
  }

  /** Sends an invocation, under the latest policy of its program. */
  start(task: Task, latest: PolicyInForce | undefined): void {
    this.#held.set(task.ticket, task);
    this.#link.ref();
    task.job.taken?.(async () => (this.#held.get(task.ticket) === task ? this.#reports.ask(task.ticket) : undefined));
    try {
      const invocation = this.#sent.invocation(under(task.job.invocation, latest), (message) =>
        this.#link.send(message),
      );
      this.#link.send({ type: "start", ticket: task.ticket, invocation });
    } catch (thrown) {
      settle(task, { kind: "fault", message: `the arguments cannot be sent: ${messageOf(thrown)}` });
      this.#forget(task);
    }
    this.#watchStarts();
  }

  /**
   * Ends one invocation, whatever state it is in. Its caller is answered when the process has said what it used, or soon without
   * that; the process is ended when it does not let go of it.
   */
  stop(task: Task, ending: Ending): void {
    if (this.#held.get(task.ticket) !== task || task.stopped !== undefined) return;
    clearTimeout(task.timer);
    task.stopped = new StoppedCall(ending, {
      late: () => {
        settle(task, ending);
        this.#closeWhenAnswered();
      },
      overdue: () => this.#kill({ kind: "lost", message: "its process was ended" }),
    });
    this.#link.send({ type: "cancel", ticket: task.ticket });
    task.asking.abort(INVOCATION_ENDED);
  }

  /** Ends the process, when the invocations in it have been answered, which end as given. */
  close(ending: Ending = { kind: "cancelled", reason: undefined }): void {
    this.#closing = true;
    // Whoever waits for its end is not to find itself out of work before.
    this.#link.refUntilGone();
    for (const task of this.#held.values()) this.stop(task, ending);
    this.#closeWhenAnswered();
  }

  /** Resolves when the process is gone. */
  get exited(): Promise<void> {
    return this.#link.exited;
  }

  #take(message: FromProcess, bytes: number): void {
    if (message.type === "opened") return this.#readiness.open();
    if (message.type === "loaded") return this.#readiness.load(message.problem);
    if (message.type === "policy-held") {
      if (!this.#policies.held(message.generation)) throw outOfTurn("it was sent no such policy");
      return;
    }
    const task = this.#held.get(message.ticket);
    switch (message.type) {
      case "started":
        if (task !== undefined && !task.settled) this.#started(task);
        break;
      case "reported":
        if (task !== undefined && !this.#reports.isOpen(task.ticket)) throw outOfTurn("nobody asked for usage");
        this.#reports.settle(message.ticket, message.usage);
        break;
      case "observed":
        this.#observed(message, task, bytes);
        break;
      case "ask":
        void this.#asks.answer(message, task, bytes);
        break;
      case "ready":
        this.#ready(message, task);
        break;
      case "ended":
        if (task !== undefined) this.#ended(message, task);
        break;
    }
  }

  /** What was recorded is handed on to its end, also when the caller has been answered. */
  #observed(
    { ticket, observation }: Extract<FromProcess, { type: "observed" }>,
    task: Task | undefined,
    bytes: number,
  ): void {
    const of = task ?? this.#leaving.get(ticket);
    if (of === undefined) return;
    if (of.stopped === undefined) of.job.observe(observation);
    else of.stopped.observe(() => of.job.observe(observation), bytes);
  }

  #ended({ ended: { ending, usage } }: Extract<FromProcess, { type: "ended" }>, task: Task): void {
    const end = task.stopped?.ending ?? ending;
    task.stopped?.end();
    settle(task, usage === undefined ? { ending: end } : { ending: end, usage });
    if (usage === undefined && task.startedAt !== undefined) this.#leave(task, end);
    this.#forget(task);
    this.#closeWhenAnswered();
  }

  /** Its guest may have been given up before it was gone: what it still does is recorded. */
  #leave(task: Task, ending: Ending): void {
    this.#leaving.set(task.ticket, task);
    task.stopped = new StoppedCall(ending, {
      late: () => undefined,
      overdue: () => this.#leaving.delete(task.ticket),
    });
  }

  #closeWhenAnswered(): void {
    if (!this.#closing || [...this.#held.values()].some(({ settled }) => !settled)) return;
    this.#kill({ kind: "cancelled", reason: undefined });
  }

  /**
   * A thread of it took the invocation: its time has begun. Another thread may take it up anew, but saying so is no way to have
   * more and more time.
   */
  #started(task: Task): void {
    if (task.stay !== undefined && task.stay !== "making") throw outOfTurn("an instance was started anew");
    const now = performance.now();
    task.latestStart ??= now + this.#startMs;
    task.startedAt = Math.min(now, task.latestStart);
    if (task.stopped !== undefined) return;
    this.#arm(task, task.startedAt + task.job.invocation.limits.timeoutMs - now, { kind: "deadline" });
    this.#watchStarts();
  }

  /** The process sees to a guest's time; what it does not see to, this side does. */
  #arm(task: Task, milliseconds: number, ending: Ending): void {
    clearTimeout(task.timer);
    task.timer = setTimeout(
      () => {
        settle(task, ending);
        this.#kill(STOPPED_BY_FORCE);
      },
      Math.min(milliseconds + GRACE_MS, MAX_TIMER_MS),
    );
  }

  /** An instance that stays can be called: it was made, or the call before has ended. */
  #ready({ ending, usage }: Extract<FromProcess, { type: "ready" }>, task: Task | undefined): void {
    const isDue = ending === undefined ? task?.stay === "making" : task?.stay === "called";
    if (task === undefined || !isDue) throw outOfTurn("no instance was to be ready");
    // It was stopped, and this crossed the message.
    if (task.settled || task.stopped !== undefined) return;
    if (task.startedAt === undefined) throw outOfTurn("an instance is ready that was not started");
    task.stay = "ready";
    const cap = task.job.invocation.limits.idleTimeoutMs;
    const message = `the instance was not called for ${cap} ms`;
    this.#arm(task, cap, { kind: "limit", limit: "idle-time", cap, message });
    this.#watchStarts();
    const port = {
      enter: (call: InstanceCall): void => {
        if (!this.#leaveReady(task, "called")) return;
        try {
          this.#link.send({ type: "enter", ticket: task.ticket, call });
        } catch (thrown) {
          task.stay = "ready";
          const fault = `the arguments cannot be sent: ${messageOf(thrown)}`;
          task.job.ready?.(port, { kind: "fault", message: fault }, usage);
          return;
        }
        this.#arm(task, task.job.invocation.limits.timeoutMs, { kind: "deadline" });
        this.#watchStarts();
      },
      leave: (): void => {
        // It is waited for as long as it would be for a call.
        if (this.#leaveReady(task, "leaving")) this.#link.send({ type: "leave", ticket: task.ticket });
      },
    };
    task.job.ready?.(port, ending, usage);
  }

  #leaveReady(task: Task, next: "called" | "leaving"): boolean {
    if (this.#dead || task.stopped !== undefined || task.stay !== "ready") return false;
    task.stay = next;
    return true;
  }

  /** A process that has something to start, in which nothing runs, hangs when it starts nothing, and is ended. */
  #watchStarts(): void {
    clearTimeout(this.#startWatch);
    this.#startWatch = undefined;
    const tasks = [...this.#held.values()];
    const runs = tasks.some(({ startedAt, stay }) => startedAt !== undefined && stay !== "ready");
    if (runs || tasks.every(({ startedAt }) => startedAt !== undefined)) return;
    this.#startWatch = setTimeout(
      () => this.#kill({ kind: "lost", message: "its process did not answer" }),
      this.#startMs,
    );
    this.#startWatch.unref();
  }

  /** As much as the guests in it may hand over at once. */
  #maxMessageBytes(): number {
    let most = 0;
    for (const { job } of this.#held.values()) most = Math.max(most, job.invocation.limits.maxCrossingBytes);
    return most * 2 + ENVELOPE_BYTES;
  }

  #forget(task: Task): void {
    clearTimeout(task.timer);
    this.#held.delete(task.ticket);
    this.#reports.settle(task.ticket);
    this.#watchStarts();
    this.#rest();
    this.#events.freed();
  }

  /** An idle process does not keep this one alive. */
  #rest(): void {
    if (this.#held.size === 0) this.#link.unref();
  }

  #kill(ending: Ending): void {
    this.#end(ending);
    this.#link.kill();
  }

  #end(ending: Ending): void {
    if (this.#dead) return;
    this.#dead = true;
    clearTimeout(this.#startWatch);
    this.#readiness.lose("message" in ending ? ending.message : "it was closed");
    const notStarted: Task[] = [];
    for (const task of this.#held.values()) {
      clearTimeout(task.timer);
      task.stopped?.end();
      if (task.stopped !== undefined || task.startedAt !== undefined || task.lostStarts >= MAX_LOST_STARTS) {
        settle(task, task.stopped?.ending ?? ending);
      } else {
        task.lostStarts += 1;
        notStarted.push(task);
      }
    }
    this.#held.clear();
    this.#reports.end();
    this.#policies.end();
    for (const task of this.#leaving.values()) task.stopped?.end();
    this.#leaving.clear();
    this.#link.close();
    this.#events.gone(notStarted, ending.kind === "lost" && !this.#closing ? ending.message : undefined);
  }
}

function outOfTurn(reason: string): CordonError {
  return new CordonError("host", `Cannot take a message of a guest process: ${reason}`);
}
