// An embedder's tests may have replaced the global one.
import type { Worker } from "node:worker_threads";
import { messageOf } from "../../shared/errors.ts";
import { PAGE_BYTES } from "../../shared/plan/page-bytes.ts";
import { askEmbedder } from "../ask-embedder.ts";
import { startDeadline } from "../deadline.ts";
import { watchEnd } from "./end-watch.ts";
import { asBystander, endingOf, STOPPED_BY_FORCE } from "../endings.ts";
import { EventFeed } from "../events/event-feed.ts";
import { GUEST_STACK_BYTES, startGuestThread } from "./guest-thread.ts";
import { HeldInvocations } from "../programs/held-invocations.ts";
import { HeldPrograms } from "../programs/held-programs.ts";
import { INVOCATION_ENDED } from "../invocation-ended.ts";
import { LoadedPrograms } from "../programs/loaded-programs.ts";
import { type Crossings, ReceivedValues } from "../crossings/received-values.ts";
import type { FromWorker, Program, Told, ToWorker, WorkerUsage } from "../messages.ts";
import type { Ending, Pending } from "../pending.ts";
import { PolicyLine } from "../policy/policy-line.ts";
import { type PolicyChange, type PolicyInForce, under } from "../policy/policy-in-force.ts";
import { SentOnce } from "../programs/sent-once.ts";
import { StartWatch } from "./start-watch.ts";
import { MAX_STARTING, StartingInvocations } from "./starting-invocations.ts";
import { ThreadSlots } from "./thread-slots.ts";
import { ThreadTime } from "./thread-time.ts";
import { UsageReports } from "../usage-reports.ts";
import { warnOfRejection } from "../warn-of-rejection.ts";
import { initialPages } from "../worker/memory/memory-allotment.ts";

/** How many workers may die under an invocation that has not started before it is given up. */
const MAX_LOST_STARTS = 2;

/** What a slot tells the pool. */
export interface SlotEvents {
  /** The worker may be able to take another invocation. */
  readonly freed: () => void;
  /** This invocation was taken back before it started, since another guest keeps the worker busy; it can run elsewhere. */
  readonly returned: (pending: Pending) => void;
  /** An invocation of this program has ended, and took so many milliseconds of the processor; more than any where it had to be ended. */
  readonly ended: (programId: string, cpuMs: number) => void;
  /** A guest of this program keeps the thread from others, and cannot be suspended. */
  readonly holds: (programId: string) => void;
  /** The worker is gone; these invocations had not started and can run elsewhere. */
  readonly gone: (notStarted: readonly Pending[]) => void;
}

/** One worker thread and its invocations. */
export class WorkerSlot {
  readonly #worker: Worker;
  readonly #time: ThreadTime;
  readonly #slots = new ThreadSlots();
  readonly #policies = new PolicyLine(this.#slots);
  readonly #held = new HeldInvocations();
  readonly #loaded = new LoadedPrograms();
  readonly #sent = new SentOnce();
  readonly #heldPrograms = new HeldPrograms();
  readonly #events: SlotEvents;
  readonly #crossings: Crossings;
  readonly #received: ReceivedValues;
  readonly #feed = new EventFeed((ticket, observation) => this.#held.get(ticket)?.job.observe(observation));
  readonly #reports = new UsageReports((ticket) => this.#post({ type: "report", ticket }));
  readonly #exited: Promise<void>;
  /** Those that were sent and have neither ended nor waited yet: the first of them has the processor. */
  readonly #starting = new StartingInvocations(this.#slots);
  readonly #startWatch = new StartWatch({
    isStarting: () => !this.#dead && this.#starting.notStarted().length > 0,
    isRunning: () => this.#held.has(this.#slots.running),
    takeBack: () => this.#takeBack(),
    kill: () => this.#kill({ kind: "lost", message: "its worker thread did not answer" }),
  });
  /** Called when no caller waits for an answer any more, if the thread is to end then. */
  #allAnswered: (() => void) | undefined;
  #dead = false;

  /** @param workerFlags Flags of Node for the thread; it inherits none. */
  constructor(events: SlotEvents, crossings: Crossings, workerFlags: readonly string[]) {
    this.#events = events;
    this.#crossings = crossings;
    this.#received = new ReceivedValues(crossings);
    try {
      const shared = {
        memory: this.#slots.memory,
        events: this.#feed.ring,
        room: this.#received.room,
        policies: this.#policies.theirs,
      };
      this.#worker = startGuestThread(shared, workerFlags);
    } catch (thrown) {
      this.#received.close();
      this.#policies.close();
      throw thrown;
    }
    this.#time = new ThreadTime(this.#worker);
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("messageerror", (error) => this.#kill(endingOf(error)));
    this.#worker.on("error", (error) => this.#lose(endingOf(error)));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#worker.once("exit", () => {
      this.#heldPrograms.release();
      this.#lose({ kind: "lost", message: "its worker thread ended" });
      this.#received.close();
      this.#policies.close();
      resolve();
    });
  }

  /** How many linear memories its invocations have together. */
  get memories(): number {
    return this.#held.memories;
  }

  /** What the instances of the invocations that it holds take of its heap, in bytes, without anything that their code makes. */
  get heapBytes(): number {
    return this.#held.heapBytes;
  }

  /**
   * What the linear memories of its guests hold, and what their stacks can take, in bytes; the memories of guests that are about to
   * start may count twice.
   */
  get memoryBytes(): number {
    if (this.#dead) return 0;
    let pages = 0;
    for (const ticket of this.#starting.tickets()) {
      const starting = this.#held.get(ticket)?.job.program;
      if (starting !== undefined) pages += initialPages(starting);
    }
    return (this.#slots.pages + pages) * PAGE_BYTES + this.#held.size * GUEST_STACK_BYTES;
  }

  /** How many invocations it has, waiting ones included. */
  get load(): number {
    return this.#held.size;
  }

  /** Whether an invocation may be sent now: none is about to start, and none is to end, which may yet take the thread with it. */
  get free(): boolean {
    return !this.#dead && this.#starting.size === 0 && !this.#held.hasEnding;
  }

  /** Whether an invocation of this program may be sent behind one of the same, which was sent before and has the processor. */
  mayFollow(programId: string): boolean {
    const { size, hasRevoked } = this.#starting;
    if (this.#dead || size === 0 || size >= MAX_STARTING || hasRevoked || this.#held.hasEnding) return false;
    const { running, ready } = this.#slots;
    if (ready > 0 || (running !== 0 && !this.#starting.has(running))) return false;
    return this.#starting.tickets().every((ticket) => this.#held.get(ticket)?.job.program.id === programId);
  }

  /** Whether a guest that came back from a wait has the processor, or is about to. */
  get busy(): boolean {
    return this.#slots.running !== 0 || this.#slots.ready !== 0;
  }

  /** Sends an invocation, under the latest policy of its program. */
  start(pending: Pending, latest: PolicyInForce | undefined): void {
    const { program } = pending.job;
    const invocation = under(pending.job.invocation, latest);
    if (!this.#loaded.has(program.id)) this.#load(program);
    this.#noteUse(program);
    this.#held.add(pending);
    this.#worker.ref();
    this.#starting.add(pending.ticket);
    pending.startedAt = performance.now();
    pending.job.started?.();
    pending.job.taken?.(async () => (this.#held.has(pending.ticket) ? this.#reports.ask(pending.ticket) : undefined));
    this.#startDeadline(pending);
    this.#startWatch.begin();
    try {
      const sent = this.#sent.invocation(invocation, (message) => this.#post(message));
      this.#post({ type: "start", ticket: pending.ticket, invocation: sent });
    } catch (thrown) {
      this.#answer(pending, { kind: "fault", message: `the arguments cannot be sent: ${messageOf(thrown)}` });
      this.#forget(pending);
      this.#freeProcessor(pending.ticket);
    }
  }

  /** Ends one invocation, whatever state it is in. */
  stop(pending: Pending, ending: Ending): void {
    this.#feed.flush();
    if (!this.#held.has(pending.ticket) || pending.stopping !== undefined) return;
    pending.stopping = ending;
    if (this.#revoke(pending)) {
      this.#answer(pending, ending);
      return;
    }
    const { ticket } = pending;
    this.#held.end(pending);
    // It may take the thread with it, and others like it may, too.
    this.#events.ended(pending.job.program.id, Number.POSITIVE_INFINITY);
    if (this.#starting.has(ticket)) this.#takeBack();
    // A guest that runs sees the slot at its next checkpoint, one that waits gets the message.
    this.#slots.end(ticket);
    this.#post({ type: "cancel", ticket });
    watchEnd(pending, {
      holds: () => this.#held.has(ticket),
      running: () => this.#slots.running,
      hasOthers: () => this.#held.hasStaying,
      countTime: () => this.#time.count(),
      end: () => this.#slots.end(ticket),
      answer: () => this.#answer(pending, ending),
      kill: () => this.#kill(STOPPED_BY_FORCE),
    });
  }

  /** Has a later policy hold for the invocations of a program from their next host call on; those that wait in one are told. */
  setPolicy(change: PolicyChange): void {
    const { programId, generation } = change;
    if (this.#dead || ![...this.#held.values()].some(({ job }) => job.program.id === programId)) return;
    this.#policies.send(change);
    this.#post({ type: "policy", programId, generation });
  }

  /** Ends every invocation of a program. */
  stopProgram(programId: string, ending: Ending): void {
    for (const pending of this.#lastFirst()) if (pending.job.program.id === programId) this.stop(pending, ending);
  }

  /** What it holds, for all of it to be stopped: what was sent behind another is not to be taken back for that one's sake, and go on. */
  #lastFirst(): readonly Pending[] {
    return [...this.#held.values()].reverse();
  }

  /** Forgets a program, so that its compiled code can be freed. */
  unload(programId: string): void {
    this.#unload(programId);
    this.#restWhenIdle();
  }

  #unload(programId: string): void {
    this.#loaded.delete(programId);
    this.#heldPrograms.forget(programId);
    if (!this.#dead) this.#post({ type: "unload", programId });
  }

  /** Ends the thread. Its invocations end as cancelled first, with what they used as far as the worker says so in time. */
  async close(): Promise<void> {
    for (const pending of this.#lastFirst()) this.stop(pending, { kind: "cancelled", reason: undefined });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allAnswered = resolve;
    this.#noteAnswered();
    await promise;
    this.#kill(STOPPED_BY_FORCE);
    await this.#exited;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
    this.#slots.countMessage();
  }

  #load(program: Program): void {
    const share = this.#crossings.room.shareOf(program.id);
    this.#post({ type: "load", program, held: this.#heldPrograms.add(program), share });
  }

  /** Notes that a program was used, and has the worker forget those that were not for longest. Their guests go on. */
  #noteUse(program: Program): void {
    for (const forgotten of this.#loaded.use(program)) this.#unload(forgotten);
  }

  #startDeadline(pending: Pending): void {
    startDeadline(pending, {
      hasStarted: () => this.#hasStarted(pending),
      expired: () => this.stop(pending, { kind: "deadline" }),
    });
  }

  #hasStarted({ ticket }: Pending): boolean {
    return this.#starting.hasStarted(ticket);
  }

  /** Takes back an invocation that has not started; false when it has. */
  #revoke(pending: Pending): boolean {
    if (!this.#starting.revoke(pending.ticket)) return false;
    this.#forget(pending);
    return true;
  }

  /** Takes back what has not started, so that other workers can start it. */
  #takeBack(): void {
    const taken = this.#starting
      .notStarted()
      .map((ticket) => this.#held.get(ticket))
      .filter((pending) => pending !== undefined && this.#revoke(pending));
    // The last first: each goes before all that wait.
    for (const pending of taken.reverse()) if (pending !== undefined) this.#events.returned(pending);
  }

  #receive(message: FromWorker): void {
    if (message.type === "observed") {
      this.#feed.flushInTurns();
      return;
    }
    if (message.type === "rejected") {
      warnOfRejection(message.reason);
      return;
    }
    if (message.type === "reported") {
      this.#reports.settle(message.ticket, message.usage);
      return;
    }
    this.#feed.flush();
    // A listener may have closed the pool.
    if (this.#dead) return;
    if (message.type === "suspended") {
      this.#freeProcessor(message.ticket);
      return;
    }
    const pending = this.#held.get(message.ticket);
    switch (message.type) {
      case "ask":
        void this.#answerAsk(message, pending);
        break;
      case "told":
        this.#pass(pending, message.told);
        break;
      case "holds":
        if (pending !== undefined) this.#events.holds(pending.job.program.id);
        break;
      case "ready":
        void this.#ready(message, pending);
        this.#events.freed();
        break;
      case "ended":
        void this.#ended(message, pending);
        if (this.#starting.has(message.ticket)) this.#freeProcessor(message.ticket);
        else this.#events.freed();
        break;
    }
  }

  #pass(pending: Pending | undefined, told: readonly Told[]): void {
    for (const { service, payload } of told) void askEmbedder(pending, service, payload);
  }

  async #ended({ ended, usage, told }: Extract<FromWorker, { type: "ended" }>, pending?: Pending): Promise<void> {
    this.#pass(pending, told);
    const isReturned = ended.outcome.kind === "revoked" && pending?.stopping === undefined;
    if (pending !== undefined) {
      // Its guest is gone, whatever has to be done yet for its result.
      this.#forget(pending);
      if (isReturned) this.#events.returned(pending);
    }
    if (pending !== undefined && !isReturned) this.#events.ended(pending.job.program.id, usage.cpuMs);
    const received = this.#received.outcome(ended);
    const outcome = received instanceof Promise ? await received : received;
    if (pending !== undefined && !isReturned) this.#answer(pending, pending.stopping ?? outcome, usage);
    this.#received.handedOn(ended);
  }

  /** An instance that stays waits for a call, for so long. */
  async #ready({ ended, usage }: Extract<FromWorker, { type: "ready" }>, pending?: Pending): Promise<void> {
    // The time of its call is over, whatever has to be done yet for its result.
    if (pending?.stopping === undefined) clearTimeout(pending?.timer);
    const received = ended === undefined ? undefined : this.#received.outcome(ended);
    const outcome = received instanceof Promise ? await received : received;
    if (ended !== undefined) this.#received.handedOn(ended);
    if (pending === undefined || pending.stopping !== undefined || !this.#held.has(pending.ticket)) return;
    const { ticket, job } = pending;
    const cap = job.invocation.limits.idleTimeoutMs;
    const message = `the instance was not called for ${cap} ms`;
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => this.stop(pending, { kind: "limit", limit: "idle-time", cap, message }), cap);
    const isThere = (): boolean => this.#held.has(ticket) && pending.stopping === undefined;
    job.ready?.(
      {
        enter: (call) => {
          if (!isThere()) return;
          clearTimeout(pending.timer);
          this.#startDeadline(pending);
          this.#post({ type: "enter", ticket, call });
        },
        leave: () => {
          if (isThere()) this.#post({ type: "leave", ticket });
        },
      },
      outcome,
      usage,
    );
  }

  async #answerAsk(message: Extract<FromWorker, { type: "ask" }>, pending?: Pending): Promise<void> {
    const { ask, service } = message;
    const received = this.#received.payload(message);
    const payload = received instanceof Promise ? await received : received;
    const { failed, value } = await askEmbedder(pending, service, payload);
    if (this.#dead) return;
    try {
      this.#post({ type: "answer", ask, failed, value });
    } catch {
      // What cannot be cloned cannot be an answer.
      this.#post({ type: "answer", ask, failed: true, value: undefined });
    }
  }

  #freeProcessor(ticket: number): void {
    const [first] = this.#starting.tickets();
    this.#starting.remove(ticket);
    const [next] = this.#starting.tickets();
    if (next === undefined) this.#startWatch.end();
    else if (ticket === first) this.#follows(next);
    this.#restWhenIdle();
    this.#events.freed();
  }

  /** What was sent behind another has the processor now, and all of its time. */
  #follows(ticket: number): void {
    this.#startWatch.begin();
    const following = this.#held.get(ticket);
    if (following?.stopping === undefined) following?.timer?.refresh();
  }

  /**
   * An idle worker does not keep the process alive; one that still has to answer does, for calls may be queued for it. One that has much
   * to collect ends: as long as it does nothing it would keep it.
   */
  #restWhenIdle(): void {
    if (this.#dead || this.#held.size > 0 || this.#starting.size > 0) return;
    this.#worker.unref();
    if (this.#heldPrograms.isBurdened) this.#kill(STOPPED_BY_FORCE);
  }

  #answer(pending: Pending, ending: Ending, usage?: WorkerUsage): void {
    if (pending.settled) return;
    pending.settled = true;
    pending.asking?.abort(INVOCATION_ENDED);
    const wallMs = performance.now() - pending.startedAt;
    pending.settle(usage === undefined ? { ending, wallMs } : { ending, wallMs, usage });
    this.#noteAnswered();
  }

  #noteAnswered(): void {
    if (this.#allAnswered !== undefined && this.#held.isAnswered) this.#allAnswered();
  }

  #forget(pending: Pending): void {
    clearTimeout(pending.timer);
    this.#held.delete(pending);
    this.#reports.settle(pending.ticket);
    this.#restWhenIdle();
  }

  #kill(ending: Ending): void {
    this.#lose(ending);
    void this.#worker.terminate();
  }

  /**
   * The thread is gone, or about to be. Only the guest that was on the processor can be at fault.
   *
   * | an invocation that | ends |
   * | --- | --- |
   * | was to end | as it was to |
   * | was on the processor | by what ended the thread |
   * | had started | as lost, through no fault of its own |
   * | had not started | not: it can run elsewhere, unless that happened to it too often |
   */
  #lose(ending: Ending): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#feed.flush();
    this.#startWatch.end();
    const culprit = this.#slots.running;
    const notStarted: Pending[] = [];
    for (const pending of this.#held.values()) {
      clearTimeout(pending.timer);
      if (pending.ticket === culprit) this.#events.ended(pending.job.program.id, Number.POSITIVE_INFINITY);
      if (pending.stopping !== undefined) {
        this.#answer(pending, pending.stopping);
      } else if (this.#hasStarted(pending)) {
        this.#answer(pending, pending.ticket === culprit ? ending : asBystander(ending));
      } else if (pending.lostStarts >= MAX_LOST_STARTS) {
        this.#answer(pending, ending);
      } else {
        pending.lostStarts += 1;
        notStarted.push(pending);
      }
    }
    this.#held.clear();
    this.#reports.end();
    this.#events.gone(notStarted);
  }
}
