import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { workerUrl } from "../shared/bundled.ts";
import { messageOf } from "../shared/errors.ts";
import { type FromWorker, SHARED_LENGTH, SHARED_SLOTS, type ToWorker } from "./messages.ts";
import type { Ending, Pending } from "./pending.ts";

/** How often a guest whose time is up is looked at until it has left its worker, in milliseconds. */
const WATCH_MS = 25;

/** How many looks a worker gets on which no guest is known to run, and which does not answer. */
const MAX_SILENT_LOOKS = 20;

/** How many workers may die under an invocation that has not started before it is given up. */
const MAX_LOST_STARTS = 2;

/** Heap of a worker, in MiB. The glue decodes guest strings into it, so it bounds what they can make the host hold. */
export const WORKER_HEAP_MB = 256;

/** What a slot tells the pool. */
export interface SlotEvents {
  /** The worker can take another invocation. */
  readonly freed: () => void;
  /** The worker is gone; these invocations had not started and can run elsewhere. */
  readonly gone: (notStarted: readonly Pending[]) => void;
}

/** One worker thread and the invocations it holds. */
export class WorkerSlot {
  readonly #worker: Worker;
  readonly #shared = new Int32Array(new SharedArrayBuffer(SHARED_LENGTH * Int32Array.BYTES_PER_ELEMENT));
  readonly #held = new Map<number, Pending>();
  readonly #loaded = new Set<string>();
  /** Tickets of invocations whose callers are answered and whose guests are not gone yet. */
  readonly #leaving = new Set<number>();
  readonly #events: SlotEvents;
  readonly #exited: Promise<void>;
  /** The invocation that was sent and has neither ended nor waited yet: it has the processor. */
  #starting = 0;
  #dead = false;

  constructor(events: SlotEvents) {
    this.#events = events;
    this.#worker = new Worker(workerUrl("guest-worker"), {
      workerData: { shared: this.#shared },
      argv: [],
      env: {},
      execArgv: [],
      stdin: false,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
      name: "cordon-guests",
    });
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => this.#lose(endingOf(error)));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#worker.once("exit", () => {
      this.#lose({ kind: "lost", message: "its worker thread ended" });
      resolve();
    });
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
    if (!this.#loaded.has(program.id)) {
      this.#post({ type: "load", program });
      this.#loaded.add(program.id);
    }
    this.#held.set(pending.ticket, pending);
    this.#worker.ref();
    this.#starting = pending.ticket;
    pending.startedAt = performance.now();
    this.#arm(pending);
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
    if (!this.#held.has(pending.ticket)) return;
    this.#answer(pending, ending);
    if (!this.#hasStarted(pending)) {
      Atomics.store(this.#shared, SHARED_SLOTS.revoked, pending.ticket);
      this.#forget(pending);
      return;
    }
    this.#leaving.add(pending.ticket);
    this.#post({ type: "cancel", ticket: pending.ticket });
    this.#watch(pending, 0);
  }

  /** Ends every invocation of a program. */
  stopProgram(programId: string, ending: Ending): void {
    for (const pending of this.#held.values()) {
      if (pending.job.program.id === programId) this.stop(pending, ending);
    }
  }

  /** Sends the glue of a program to come. */
  prepare(programId: string, glue: string): void {
    if (!this.#dead) this.#post({ type: "glue", programId, glue });
  }

  /** Forgets a program, so that its compiled code can be freed. */
  unload(programId: string): void {
    this.#loaded.delete(programId);
    if (!this.#dead) this.#post({ type: "unload", programId });
  }

  /** Ends the thread; the invocations in it end as cancelled. */
  async close(): Promise<void> {
    for (const pending of this.#held.values()) this.#answer(pending, { kind: "cancelled", reason: undefined });
    this.#kill();
    await this.#exited;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #arm(pending: Pending): void {
    pending.timer = setTimeout(() => {
      // Another guest has had the processor all the while: this one's time has not begun.
      if (!this.#hasStarted(pending)) this.#arm(pending);
      else this.stop(pending, { kind: "deadline" });
    }, pending.job.invocation.limits.timeoutMs);
  }

  /**
   * Sees to it that a guest whose time is up is gone. One that waits leaves when its host call is refused. One that spins
   * only goes with its thread; one that is kept from leaving by a guest that runs rightly has to wait for its turn.
   */
  #watch(pending: Pending, silentLooks: number): void {
    const running = Atomics.load(this.#shared, SHARED_SLOTS.running);
    if (running === pending.ticket || silentLooks > MAX_SILENT_LOOKS) {
      this.#kill();
      return;
    }
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => {
      if (this.#held.has(pending.ticket)) this.#watch(pending, running === 0 ? silentLooks + 1 : 0);
    }, WATCH_MS);
  }

  #hasStarted(pending: Pending): boolean {
    return Atomics.load(this.#shared, SHARED_SLOTS.started) >= pending.ticket;
  }

  #receive(message: FromWorker): void {
    if (this.#dead) return;
    if (message.type === "suspended") {
      this.#freeProcessor();
      return;
    }
    const pending = this.#held.get(message.ticket);
    if (message.type === "observed") {
      pending?.job.observe(message.observation);
      return;
    }
    if (pending !== undefined) {
      this.#answer(pending, message.outcome, message);
      this.#forget(pending);
    }
    if (this.#starting === message.ticket) this.#freeProcessor();
  }

  #freeProcessor(): void {
    this.#starting = 0;
    this.#events.freed();
  }

  #answer(pending: Pending, ending: Ending, message?: Extract<FromWorker, { type: "ended" }>): void {
    if (pending.settled) return;
    pending.settled = true;
    const wallMs = performance.now() - pending.startedAt;
    pending.settle(message === undefined ? { ending, wallMs } : { ending, wallMs, usage: message.usage });
  }

  #forget(pending: Pending): void {
    clearTimeout(pending.timer);
    this.#held.delete(pending.ticket);
    const left = this.#leaving.delete(pending.ticket);
    if (this.#held.size === 0) this.#worker.unref();
    if (left && this.free) this.#events.freed();
  }

  #kill(): void {
    this.#lose({ kind: "lost", message: "another guest on its worker thread had to be stopped by force" });
    void this.#worker.terminate();
  }

  /** The thread is gone or going. Only the guest that was on the processor can be at fault. */
  #lose(ending: Ending): void {
    if (this.#dead) return;
    this.#dead = true;
    const started = Atomics.load(this.#shared, SHARED_SLOTS.started);
    const culprit = Atomics.load(this.#shared, SHARED_SLOTS.running);
    const notStarted: Pending[] = [];
    for (const pending of this.#held.values()) {
      clearTimeout(pending.timer);
      if (pending.ticket > started && !pending.settled && pending.lostStarts < MAX_LOST_STARTS) {
        pending.lostStarts += 1;
        notStarted.push(pending);
      } else this.#answer(pending, pending.ticket === culprit ? ending : asBystander(ending));
    }
    this.#held.clear();
    this.#events.gone(notStarted);
  }
}

function asBystander(ending: Ending): Ending {
  if (ending.kind === "lost") return ending;
  return { kind: "lost", message: "another guest on its worker thread took the thread down" };
}

function endingOf(error: unknown): Ending {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return { kind: "worker-memory" };
  return { kind: "fault", message: messageOf(error) };
}
