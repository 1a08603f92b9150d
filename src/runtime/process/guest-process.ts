import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { escapeInvisible } from "../../shared/quote-text.ts";
import type { Ending } from "../pending.ts";
import { checkMessage } from "./check-message.ts";
import { decode, encode } from "./codec.ts";
import { type Confinement, covers } from "./confinement.ts";
import { framed, FrameReader } from "./frames.ts";
import { kill, launch, type LaunchPlan } from "./launch.ts";
import { CHANNEL, type FromProcess, type PortableProgram, type ToProcess } from "./messages.ts";
import { settle, type Task } from "./task.ts";

/** What a guest that came to its deadline, or was cancelled, may take longer before its process is ended, in milliseconds. */
const GRACE_MS = 2_000;

/** How long a process may hold invocations and have none of them running, in milliseconds. It may be starting on a slow machine. */
const START_MS = 30_000;

/** How many processes may die under an invocation that has not started before it is given up. */
const MAX_LOST_STARTS = 2;

/** What one invocation may have asked and not been answered: HTTP bodies come in 64 KiB of parts, which may be of one byte. */
const MAX_OPEN_ASKS = 70_000;

/** What a message may hold beside what one crossing may copy, in bytes. */
const ENVELOPE_BYTES = 2 * 1024 * 1024;

/** How much of answers the process may leave unread before it is asked no more, in bytes. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/** How long the last that a process wrote is waited for after its exit, in milliseconds. */
const LAST_WORDS_MS = 500;

/** How much is kept of what a process wrote to its stderr, in bytes. */
const MAX_STDERR_BYTES = 4_096;

/** What a guest process tells the pool. */
export interface GuestProcessEvents {
  /** It holds an invocation less. */
  readonly freed: () => void;
  /** It is gone; these invocations had not started and can run elsewhere. */
  readonly gone: (notStarted: readonly Task[]) => void;
}

/**
 * A child process that runs one component, seen from its parent. Everything it says is checked, since hostile code may have taken
 * it over; saying what no guest process says ends it.
 */
export class GuestProcess {
  readonly confinement: Confinement;
  readonly #child: ChildProcess;
  readonly #down: Writable;
  readonly #frames = new FrameReader(() => this.#maxMessageBytes());
  readonly #held = new Map<number, Task>();
  readonly #events: GuestProcessEvents;
  readonly #exited = Promise.withResolvers<void>();
  readonly #loaded = Promise.withResolvers<void>();
  #programId: string | undefined;
  #stderr = Buffer.alloc(0);
  #unread = 0;
  #startWatch: NodeJS.Timeout | undefined;
  #dead = false;

  constructor(plan: LaunchPlan, confinement: Confinement, events: GuestProcessEvents) {
    this.confinement = confinement;
    this.#events = events;
    this.#loaded.promise.catch(() => undefined);
    this.#child = launch(plan);
    this.#down = this.#child.stdio[CHANNEL.down] as Writable;
    const up = this.#child.stdio[CHANNEL.up] as Readable;
    this.#down.on("error", () => undefined);
    up.on("error", () => undefined);
    up.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#child.stderr?.on("data", (chunk: Buffer) => this.#keepStderr(chunk));
    this.#child.once("error", (error) => {
      this.#end({ kind: "lost", message: `its process did not start: ${messageOf(error)}` });
      if (this.#child.pid === undefined) this.#exited.resolve();
    });
    this.#child.once("exit", (code, signal) => {
      this.#exited.resolve();
      const end = (): void => this.#end({ kind: "lost", message: this.#lastWords(code, signal) });
      // What it wrote comes later than its exit, or never, when a process of its own has the other end.
      const waiting = setTimeout(end, LAST_WORDS_MS);
      this.#child.once("close", () => {
        clearTimeout(waiting);
        end();
      });
    });
    this.#send({ type: "open", workerFlags: plan.workerFlags });
    this.#rest();
  }

  /** The process's number; that of bubblewrap where it is wrapped. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How many invocations it holds. */
  get load(): number {
    return this.#held.size;
  }

  /** Whether it can run a program's call that needs this much. */
  serves(programId: string, needed: Confinement): boolean {
    return !this.#dead && this.#programId === programId && covers(this.confinement, needed);
  }

  /** Whether it was given no program yet. */
  get spare(): boolean {
    return !this.#dead && this.#programId === undefined;
  }

  /** Whose process it is. */
  isOf(programId: string): boolean {
    return this.#programId === programId;
  }

  /** Gives it its program. */
  give(program: PortableProgram): void {
    this.#programId = program.id;
    this.#send({ type: "load", program });
  }

  /**
   * Resolves when its program is compiled.
   *
   * @throws CordonError `invalid-component` when it cannot be, `host` when the process is lost.
   */
  async loaded(): Promise<void> {
    this.#keepAlive();
    try {
      await this.#loaded.promise;
    } finally {
      this.#rest();
    }
  }

  /** Sends an invocation. */
  start(task: Task): void {
    this.#held.set(task.ticket, task);
    this.#keepAlive();
    try {
      this.#send({ type: "start", ticket: task.ticket, invocation: task.job.invocation });
    } catch (thrown) {
      settle(task, { kind: "fault", message: `the arguments cannot be sent: ${messageOf(thrown)}` });
      this.#forget(task);
    }
    this.#watchStarts();
  }

  /** Ends one invocation, whatever state it is in. The process goes with it when it does not let go of it. */
  stop(task: Task, ending: Ending): void {
    if (this.#held.get(task.ticket) !== task) return;
    settle(task, ending);
    this.#send({ type: "cancel", ticket: task.ticket });
    clearTimeout(task.timer);
    task.timer = setTimeout(() => this.#kill({ kind: "lost", message: "its process was ended" }), GRACE_MS);
    task.timer.unref();
  }

  /** Ends the process; the invocations in it end as given. */
  close(ending: Ending = { kind: "cancelled", reason: undefined }): void {
    for (const task of this.#held.values()) settle(task, ending);
    // Whoever waits for its end is not to find itself out of work before.
    this.#child.ref();
    this.#kill(ending);
  }

  /** Resolves when the process is gone. */
  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#dead) return;
        this.#take(checkMessage(decode(frame, this.#maxMessageBytes())), frame.length);
      }
    } catch {
      this.#kill({ kind: "lost", message: "its process said what no guest process says, and was ended" });
    }
  }

  #take(message: FromProcess, bytes: number): void {
    if (message.type === "ready") return;
    if (message.type === "loaded") {
      this.#settleLoaded(message.problem);
      return;
    }
    const task = this.#held.get(message.ticket);
    switch (message.type) {
      case "started":
        if (task !== undefined && !task.settled) this.#started(task);
        break;
      case "observed":
        if (task !== undefined && !task.settled) task.job.observe(message.observation);
        break;
      case "ask":
        void this.#answer(message, task, bytes);
        break;
      case "ended":
        if (task === undefined) return;
        settle(task, { ending: message.ended.ending, ...(message.ended.usage && { usage: message.ended.usage }) });
        this.#forget(task);
        break;
    }
  }

  #settleLoaded(problem: string | undefined): void {
    if (problem === undefined) this.#loaded.resolve();
    else
      this.#loaded.reject(
        new CordonError("invalid-component", `Cannot load the component: ${escapeInvisible(problem)}`),
      );
  }

  /** Its time has begun. The process sees to its deadline; what it does not see to, this side does. */
  #started(task: Task): void {
    task.startedAt = performance.now();
    clearTimeout(task.timer);
    task.timer = setTimeout(() => {
      settle(task, { kind: "deadline" });
      this.#kill({ kind: "lost", message: "another guest of its process had to be stopped by force" });
    }, task.job.invocation.limits.timeoutMs + GRACE_MS);
    this.#watchStarts();
  }

  /** A process in which nothing runs and which starts nothing hangs, and is ended. */
  #watchStarts(): void {
    clearTimeout(this.#startWatch);
    this.#startWatch = undefined;
    const tasks = [...this.#held.values()];
    if (tasks.length === 0 || tasks.some(({ startedAt }) => startedAt !== undefined)) return;
    this.#startWatch = setTimeout(() => this.#kill({ kind: "lost", message: "its process did not answer" }), START_MS);
    this.#startWatch.unref();
  }

  /** Why the embedder's part failed is not the guest's to know. */
  async #answer(
    { ask, service, payload }: Extract<FromProcess, { type: "ask" }>,
    task: Task | undefined,
    bytes: number,
  ): Promise<void> {
    const answer = task?.settled === false ? task.job.answer : undefined;
    if (task === undefined || answer === undefined) {
      this.#sendAnswer({ type: "answer", ask, failed: true, value: undefined });
      return;
    }
    task.openAsks += 1;
    task.openAskBytes += bytes;
    if (task.openAsks > MAX_OPEN_ASKS || task.openAskBytes > this.#maxMessageBytes()) {
      this.#kill({ kind: "lost", message: "its process asked for more at once than a guest may, and was ended" });
      return;
    }
    let sent: Extract<ToProcess, { type: "answer" }>;
    try {
      sent = { type: "answer", ask, failed: false, value: await answer(service, payload, task.asking.signal) };
    } catch {
      sent = { type: "answer", ask, failed: true, value: undefined };
    }
    task.openAsks -= 1;
    task.openAskBytes -= bytes;
    this.#sendAnswer(sent);
  }

  #sendAnswer(message: Extract<ToProcess, { type: "answer" }>): void {
    if (this.#unread > MAX_UNREAD_BYTES) {
      this.#kill({ kind: "lost", message: "its process took none of the answers it asked for, and was ended" });
      return;
    }
    try {
      this.#send(message, true);
    } catch {
      // What is no data cannot be an answer.
      this.#send({ type: "answer", ask: message.ask, failed: true, value: undefined }, true);
    }
  }

  #send(message: ToProcess, counted = false): void {
    if (this.#dead) return;
    for (const part of framed(encode(message))) {
      if (counted) this.#unread += part.length;
      this.#down.write(part, () => {
        if (counted) this.#unread -= part.length;
      });
    }
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
    this.#watchStarts();
    this.#rest();
    this.#events.freed();
  }

  /** An idle process does not keep this one alive. */
  #rest(): void {
    if (this.#held.size > 0) return;
    this.#child.unref();
    for (const stream of this.#child.stdio) unref(stream);
  }

  #keepAlive(): void {
    this.#child.ref();
    for (const stream of this.#child.stdio) ref(stream);
  }

  #kill(ending: Ending): void {
    this.#end(ending);
    kill(this.#child);
  }

  #end(ending: Ending): void {
    if (this.#dead) return;
    this.#dead = true;
    clearTimeout(this.#startWatch);
    this.#loaded.reject(
      new CordonError("host", `Cannot run the component: ${"message" in ending ? ending.message : "it was closed"}`),
    );
    const notStarted: Task[] = [];
    for (const task of this.#held.values()) {
      clearTimeout(task.timer);
      if (task.settled || task.startedAt !== undefined || task.lostStarts >= MAX_LOST_STARTS) {
        settle(task, ending);
      } else {
        task.lostStarts += 1;
        notStarted.push(task);
      }
    }
    this.#held.clear();
    this.#down.destroy();
    this.#events.gone(notStarted);
  }

  #keepStderr(chunk: Buffer): void {
    this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-MAX_STDERR_BYTES);
  }

  /** What is in them may be the guest's. */
  #lastWords(code: number | null, signal: string | null): string {
    const how = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
    const said = escapeInvisible(this.#stderr.toString("utf8").trim().replaceAll(/\s+/gu, " ").slice(-300));
    return `its process ended with ${how}${said === "" ? "" : ` (${said})`}`;
  }
}

function ref(stream: unknown): void {
  if (hasRef(stream)) stream.ref();
}

function unref(stream: unknown): void {
  if (hasRef(stream)) stream.unref();
}

function hasRef(stream: unknown): stream is { ref(): void; unref(): void } {
  return typeof stream === "object" && stream !== null && "ref" in stream && "unref" in stream;
}
