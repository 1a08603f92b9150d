// An embedder's tests may have put another in the place of the global one.
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { workerUrl } from "../shared/bundled.ts";
import { workerEnvironment } from "../shared/worker-environment.ts";
import { messageOf } from "../shared/errors.ts";
import { PAGE_BYTES } from "../shared/page-bytes.ts";
import { memoriesOf } from "./address-space.ts";
import { asBystander, endingOf, STOPPED_BY_FORCE } from "./endings.ts";
import { EventRingReader, ringMemory } from "./event-ring.ts";
import { guestStackBytes } from "./guest-stack.ts";
import { LoadedPrograms } from "./loaded-programs.ts";
import { type FromWorker, SHARED_SLOTS, type ToWorker } from "./messages.ts";
import type { Ending, Pending } from "./pending.ts";
import { initialPages } from "./worker/memory-allotment.ts";

/** How often a guest whose time is up is looked at until it has left its worker, in milliseconds. */
const WATCH_MS = 25;

/** How many looks a guest that is to end gets to say what it used, before its caller is answered without. */
const MAX_LOOKS_UNANSWERED = 2;

/** How many looks a guest gets that does not leave the processor, though it should have come by a checkpoint. */
const MAX_RUNNING_LOOKS = 4;

/** How many looks a worker gets on which no guest is known to run, and which does not answer. */
const MAX_SILENT_LOOKS = 20;

/** How often a worker is looked at that was sent an invocation and has not started it, in milliseconds. */
const START_LOOK_MS = 100;

/** How many such looks a worker gets on which no guest is known to run: 5 s, in which a machine starts a thread. */
const MAX_IDLE_LOOKS = 50;

/** How many workers may die under an invocation that has not started before it is given up. */
const MAX_LOST_STARTS = 2;

/** How many events are handed on before the event loop goes round. */
const MAX_OBSERVED_AT_ONCE = 64;

/** Heap of a worker, in MiB. The glue decodes guest strings into it, so it bounds what they can make the host hold. */
export const WORKER_HEAP_MB = 256;

const GUEST_STACK_BYTES = guestStackBytes();

/** How often a guest that is to end was looked at, in all and without a break on or off the processor. */
interface Looks {
  readonly all: number;
  readonly running: number;
  readonly silent: number;
}

/** What a slot tells the pool. */
export interface SlotEvents {
  /** The worker may be able to take another invocation. */
  readonly freed: () => void;
  /** This invocation was taken back before it started, for another guest keeps the worker busy; it can run elsewhere. */
  readonly returned: (pending: Pending) => void;
  /** A guest of this program keeps the thread from others, and cannot be suspended. */
  readonly holds: (programId: string) => void;
  /** The worker is gone; these invocations had not started and can run elsewhere. */
  readonly gone: (notStarted: readonly Pending[]) => void;
}

/** One worker thread and the invocations it holds. */
export class WorkerSlot {
  readonly #worker: Worker;
  /** Of the engine's, for code that guests run reads in it. */
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  readonly #shared = new Int32Array(this.#memory.buffer);
  readonly #observed: EventRingReader;
  readonly #held = new Map<number, Pending>();
  readonly #loaded = new LoadedPrograms();
  /** Tickets of invocations whose callers are answered and whose guests are not gone yet. */
  readonly #leaving = new Set<number>();
  readonly #events: SlotEvents;
  readonly #exited: Promise<void>;
  /** The invocation that was sent and has neither ended nor waited yet: it has the processor. */
  #starting = 0;
  #startLook: NodeJS.Timeout | undefined;
  #memories = 0;
  #heapBytes = 0;
  #observing = false;
  /** Called when nobody waits for an answer, if the thread is to end then. */
  #allAnswered: (() => void) | undefined;
  #dead = false;

  /** @param workerFlags Flags of Node for the thread; it inherits none. */
  constructor(events: SlotEvents, workerFlags: readonly string[] = []) {
    this.#events = events;
    const ring = ringMemory();
    this.#observed = new EventRingReader(ring);
    this.#worker = new Worker(workerUrl("guest-worker"), {
      workerData: { memory: this.#memory, events: ring, stackBytes: GUEST_STACK_BYTES },
      argv: [],
      env: workerEnvironment(),
      execArgv: [...workerFlags],
      stdin: false,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
      name: "cordon-guests",
    });
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("messageerror", (error) => this.#kill(endingOf(error)));
    this.#worker.on("error", (error) => this.#lose(endingOf(error)));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#worker.once("exit", () => {
      this.#lose({ kind: "lost", message: "its worker thread ended" });
      resolve();
    });
  }

  /** How many linear memories the invocations that it holds have together. */
  get memories(): number {
    return this.#memories;
  }

  /** What the instances of the invocations that it holds take of its heap, in bytes, without anything that their code makes. */
  get heapBytes(): number {
    return this.#heapBytes;
  }

  /**
   * What the linear memories of its guests hold, and what their stacks can take, in bytes; the memories of the guest that is about to
   * start may count twice.
   */
  get memoryBytes(): number {
    if (this.#dead) return 0;
    const starting = this.#held.get(this.#starting)?.job.program;
    const pages = starting === undefined ? 0 : initialPages(starting);
    const memories = (Atomics.load(this.#shared, SHARED_SLOTS.pages) + pages) * PAGE_BYTES;
    return memories + this.#held.size * GUEST_STACK_BYTES;
  }

  /** How many invocations it holds, waiting ones included. */
  get load(): number {
    return this.#held.size;
  }

  /**
   * Whether an invocation may be sent now: none is about to start, and none is being ended, which may yet take the thread.
   */
  get free(): boolean {
    return !this.#dead && this.#starting === 0 && this.#leaving.size === 0;
  }

  /** Whether a guest that came back from a wait has the processor just now. */
  get busy(): boolean {
    return Atomics.load(this.#shared, SHARED_SLOTS.running) !== 0;
  }

  /** Sends an invocation. */
  start(pending: Pending): void {
    const { program, invocation } = pending.job;
    if (!this.#loaded.isWhole(program.id)) this.#post({ type: "load", program });
    this.#used(program.id, program.glue, true);
    this.#held.set(pending.ticket, pending);
    this.#memories += memoriesOf(program);
    this.#heapBytes += program.heapBytes;
    this.#worker.ref();
    this.#starting = pending.ticket;
    pending.startedAt = performance.now();
    pending.job.started?.();
    this.#arm(pending);
    this.#watchStart(0);
    try {
      this.#post({ type: "start", ticket: pending.ticket, invocation });
    } catch (thrown) {
      this.#answer(pending, { kind: "fault", message: `the arguments cannot be sent: ${messageOf(thrown)}` });
      this.#forget(pending);
      this.#freeProcessor();
    }
  }

  /** Ends one invocation, whatever state it is in. */
  stop(pending: Pending, ending: Ending): void {
    this.#observe();
    if (!this.#held.has(pending.ticket) || pending.stopping !== undefined) return;
    pending.stopping = ending;
    if (this.#revoke(pending)) {
      this.#answer(pending, ending);
      return;
    }
    this.#leaving.add(pending.ticket);
    // A guest that runs sees the one at its next checkpoint, one that waits gets the other.
    Atomics.store(this.#shared, SHARED_SLOTS.ending, pending.ticket);
    this.#post({ type: "cancel", ticket: pending.ticket });
    this.#watch(pending, { all: 0, running: 0, silent: 0 });
  }

  /** Ends every invocation of a program. */
  stopProgram(programId: string, ending: Ending): void {
    for (const pending of this.#held.values()) {
      if (pending.job.program.id === programId) this.stop(pending, ending);
    }
  }

  /** Sends the glue of a program to come. */
  prepare(programId: string, glue: string): void {
    if (this.#dead) return;
    this.#post({ type: "glue", programId, glue });
    this.#used(programId, glue, false);
  }

  /** Forgets a program, so that its compiled code can be freed. */
  unload(programId: string): void {
    this.#loaded.delete(programId);
    if (!this.#dead) this.#post({ type: "unload", programId });
  }

  /** Ends the thread. The invocations in it end as cancelled first, with what they used as far as they say so in time. */
  async close(): Promise<void> {
    for (const pending of this.#held.values()) this.stop(pending, { kind: "cancelled", reason: undefined });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allAnswered = resolve;
    this.#sayWhenAnswered();
    await promise;
    this.#kill(STOPPED_BY_FORCE);
    await this.#exited;
  }

  #sayWhenAnswered(): void {
    if ([...this.#held.values()].every(({ settled }) => settled)) this.#allAnswered?.();
  }

  /** Takes back an invocation that has not started; false when it has. */
  #revoke(pending: Pending): boolean {
    if (this.#hasStarted(pending)) return false;
    Atomics.store(this.#shared, SHARED_SLOTS.revoked, pending.ticket);
    // The worker says that it starts, then looks whether it may: one of the two threads sees what the other wrote.
    if (this.#hasStarted(pending)) return false;
    this.#forget(pending);
    return true;
  }

  /**
   * Looks after an invocation that was sent until it starts. One that comes behind a guest which came back from a wait and
   * keeps the processor is given to another worker. A worker on which nobody is known to run and which starts nothing
   * hangs, and is ended.
   */
  #watchStart(idleLooks: number): void {
    clearTimeout(this.#startLook);
    this.#startLook = setTimeout(() => {
      if (this.#dead || this.#starting === 0 || this.#lastStarted() === this.#starting) return;
      const busy = this.#held.has(Atomics.load(this.#shared, SHARED_SLOTS.running));
      const pending = this.#held.get(this.#starting);
      if (busy && pending !== undefined && this.#revoke(pending)) this.#events.returned(pending);
      if (idleLooks < MAX_IDLE_LOOKS) this.#watchStart(busy ? 0 : idleLooks + 1);
      else this.#kill({ kind: "lost", message: "its worker thread did not answer" });
    }, START_LOOK_MS);
    this.#startLook.unref();
  }

  /** Notes that a program was used, and has the worker forget those that were not for longest. Their guests go on. */
  #used(programId: string, glue: string, isWhole: boolean): void {
    for (const forgotten of this.#loaded.use(programId, glue.length, isWhole)) this.unload(forgotten);
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
    Atomics.add(this.#shared, SHARED_SLOTS.sent, 1);
  }

  /** The deadline is counted from when the invocation starts: until then its thread may be starting, or another guest have it. */
  #arm(pending: Pending, state: "sent" | "awaited" = "sent"): void {
    const { timeoutMs } = pending.job.invocation.limits;
    const delayMs = state === "sent" ? timeoutMs : Math.min(timeoutMs, WATCH_MS);
    pending.timer = setTimeout(() => {
      if (!this.#hasStarted(pending)) this.#arm(pending, "awaited");
      else if (state === "awaited") this.#arm(pending);
      else this.stop(pending, { kind: "deadline" });
    }, delayMs);
  }

  /**
   * Sees to it that a guest that is to end is gone. One that waits leaves when its host call is refused, one that runs at its next
   * checkpoint. What keeps the processor all the same only goes with its thread; one that is kept from leaving by a guest that
   * runs rightly has to wait for its turn.
   */
  #watch(pending: Pending, looks: Looks): void {
    if (looks.all >= MAX_LOOKS_UNANSWERED) this.#answer(pending, pending.stopping ?? STOPPED_BY_FORCE);
    if (looks.running >= MAX_RUNNING_LOOKS || looks.silent > MAX_SILENT_LOOKS) {
      this.#kill(STOPPED_BY_FORCE);
      return;
    }
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => {
      if (!this.#held.has(pending.ticket)) return;
      const running = Atomics.load(this.#shared, SHARED_SLOTS.running);
      // Another's end may have taken the slot since.
      if (running === pending.ticket) Atomics.store(this.#shared, SHARED_SLOTS.ending, running);
      this.#watch(pending, {
        all: looks.all + 1,
        running: running === pending.ticket ? looks.running + 1 : 0,
        silent: running === 0 ? looks.silent + 1 : 0,
      });
    }, WATCH_MS);
  }

  /** At most one invocation at a time was sent and has not started. */
  #hasStarted(pending: Pending): boolean {
    return pending.ticket !== this.#starting || this.#lastStarted() === pending.ticket;
  }

  #lastStarted(): number {
    return Atomics.load(this.#shared, SHARED_SLOTS.started);
  }

  #receive(message: FromWorker): void {
    if (message.type === "observed") {
      this.#observeSoon();
      return;
    }
    this.#observe();
    // Who is told of an access may close the pool.
    if (this.#dead) return;
    if (message.type === "suspended") {
      this.#freeProcessor();
      return;
    }
    const pending = this.#held.get(message.ticket);
    if (message.type === "ask") {
      void this.#answerAsk(message, pending);
      return;
    }
    if (message.type === "holds") {
      if (pending !== undefined) this.#events.holds(pending.job.program.id);
      return;
    }
    if (message.type === "ready") {
      if (pending !== undefined) this.#ready(pending, message);
      this.#events.freed();
      return;
    }
    if (pending !== undefined) {
      const takenBack = message.outcome.kind === "revoked" && pending.stopping === undefined;
      if (!takenBack) this.#answer(pending, pending.stopping ?? message.outcome, message);
      this.#forget(pending);
      if (takenBack) this.#events.returned(pending);
    }
    if (this.#starting === message.ticket) this.#freeProcessor();
    else this.#events.freed();
  }

  /** Hands on what was recorded: before what the worker says of a guest, and before the guest's caller is answered. */
  #observe(most?: number): boolean {
    return this.#observed.read((ticket, observation) => this.#held.get(ticket)?.job.observe(observation), most);
  }

  /** Hands on a part in each turn of the event loop, so that deadlines strike however slow the listener is. */
  #observeSoon(): void {
    if (this.#observing) return;
    this.#observing = true;
    setImmediate(() => {
      this.#observing = false;
      if (!this.#observe(MAX_OBSERVED_AT_ONCE)) this.#observeSoon();
    });
  }

  /** An instance that stays waits for a call, for so long. */
  #ready(pending: Pending, { outcome, usage }: Extract<FromWorker, { type: "ready" }>): void {
    if (pending.stopping !== undefined) return;
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
          this.#arm(pending);
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

  /** Why the embedder's part failed is not the guest's to know. */
  async #answerAsk({ ask, service, payload }: Extract<FromWorker, { type: "ask" }>, pending?: Pending): Promise<void> {
    const answer = pending?.settled === false ? pending.job.answer : undefined;
    let value: unknown;
    let failed = answer === undefined;
    try {
      if (pending !== undefined && answer !== undefined) {
        pending.asking ??= new AbortController();
        value = await answer(service, payload, pending.asking.signal);
      }
    } catch {
      failed = true;
    }
    if (this.#dead) return;
    try {
      this.#post({ type: "answer", ask, failed, value });
    } catch {
      // What cannot be cloned cannot be an answer.
      this.#post({ type: "answer", ask, failed: true, value: undefined });
    }
  }

  #freeProcessor(): void {
    this.#starting = 0;
    clearTimeout(this.#startLook);
    this.#restWhenIdle();
    this.#events.freed();
  }

  /** An idle worker does not keep the process alive; one that still has to answer does, for calls may be queued for it. */
  #restWhenIdle(): void {
    if (this.#held.size === 0 && this.#starting === 0) this.#worker.unref();
  }

  #answer(pending: Pending, ending: Ending, message?: Extract<FromWorker, { type: "ended" }>): void {
    if (pending.settled) return;
    pending.settled = true;
    pending.asking?.abort();
    const wallMs = performance.now() - pending.startedAt;
    pending.settle(message === undefined ? { ending, wallMs } : { ending, wallMs, usage: message.usage });
    this.#sayWhenAnswered();
  }

  #forget(pending: Pending): void {
    clearTimeout(pending.timer);
    if (this.#held.delete(pending.ticket)) {
      this.#memories -= memoriesOf(pending.job.program);
      this.#heapBytes -= pending.job.program.heapBytes;
    }
    this.#leaving.delete(pending.ticket);
    this.#restWhenIdle();
  }

  #kill(ending: Ending): void {
    this.#lose(ending);
    void this.#worker.terminate();
  }

  /** The thread is gone or going. Only the guest that was on the processor can be at fault. */
  #lose(ending: Ending): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#observe();
    clearTimeout(this.#startLook);
    const culprit = Atomics.load(this.#shared, SHARED_SLOTS.running);
    const notStarted: Pending[] = [];
    for (const pending of this.#held.values()) {
      clearTimeout(pending.timer);
      if (this.#hasStarted(pending)) {
        this.#answer(pending, pending.stopping ?? (pending.ticket === culprit ? ending : asBystander(ending)));
      } else if (pending.stopping !== undefined || pending.lostStarts >= MAX_LOST_STARTS) {
        this.#answer(pending, pending.stopping ?? ending);
      } else {
        pending.lostStarts += 1;
        notStarted.push(pending);
      }
    }
    this.#held.clear();
    this.#events.gone(notStarted);
  }
}
