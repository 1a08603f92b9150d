import { availableParallelism } from "node:os";
import { fitsAddressSpace, memoriesOf } from "./address-space.ts";
import { CrossingRoom } from "../crossings/crossing-room.ts";
import type { Crossings } from "../crossings/received-values.ts";
import { ParcelOpener } from "../crossings/parcel-opener.ts";
import { BriskPrograms } from "./brisk-programs.ts";
import { DedicatedWorkers } from "./dedicated-workers.ts";
import { WORKER_HEAP_MB } from "./guest-thread.ts";
import { roomForMemories } from "../memory-room.ts";
import type { Ended, Job, Pending } from "../pending.ts";
import type { PolicyChange, PolicyInForce } from "../policy/policy-in-force.ts";
import { StartPacing } from "./start-pacing.ts";
import { WorkerSlot } from "./worker-slot.ts";

/** Guests that one worker holds at once; most of them wait. */
const MAX_GUESTS_PER_WORKER = 512;

/** What the instances of all its guests may take of a worker's heap, in bytes: half of it. A guest alone has its bound at load. */
const MAX_INSTANCE_HEAP_BYTES = (WORKER_HEAP_MB * 1024 * 1024) / 2;

/**
 * A pool of worker threads. A worker runs one guest at a time and holds many that wait on host calls; an invocation is
 * sent to a worker only when no other is about to start there, so that none queues behind one that spins from its start.
 */
export class WorkerPool {
  readonly #size: number;
  readonly #workerFlags: readonly string[];
  /** What linear memories of running guests may hold when another guest is started, in bytes. */
  readonly #memoryRoom: number;
  readonly #slots = new Set<WorkerSlot>();
  readonly #queue: Pending[] = [];
  /** Of programs whose policy has changed, the latest: invocations that wait were made under an earlier one. */
  readonly #policies = new Map<string, PolicyInForce>();
  readonly #dedicated: DedicatedWorkers;
  readonly #brisk = new BriskPrograms();
  readonly #pacing: StartPacing;
  readonly #crossings: Crossings;
  #tickets = 0;
  #closed = false;

  /**
   * @param size The number of threads; by default as many as the machine runs in parallel.
   * @param options Flags of Node for the threads, none by default, and what linear memories of running guests may hold when
   *   another guest is started, in bytes, and what values may take that are on their way between guests and the embedder.
   */
  constructor(
    size: number = availableParallelism(),
    options: {
      readonly workerFlags?: readonly string[];
      readonly memoryRoom?: number;
      readonly crossingRoom?: CrossingRoom;
    } = {},
  ) {
    this.#crossings = { room: options.crossingRoom ?? new CrossingRoom(), opener: new ParcelOpener() };
    this.#size = size;
    this.#memoryRoom = options.memoryRoom ?? roomForMemories();
    this.#pacing = new StartPacing(this.#memoryRoom, () => this.#dispatch());
    this.#workerFlags = options.workerFlags ?? [];
    this.#dedicated = new DedicatedWorkers(
      size,
      () => this.#openIfThereIsRoom(),
      () => this.#dispatch(),
    );
  }

  /** Starts one thread ahead of the first invocation. */
  warm(): void {
    if (this.#slots.size === 0 && !this.#closed) this.#open();
  }

  /** Runs one invocation. Never rejects; waits for a worker as long as it takes or until the job's signal is aborted. */
  run(job: Job): Promise<Ended> {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    if (this.#closed || job.signal?.aborted === true) {
      return Promise.resolve({ ending: { kind: "cancelled", reason: job.signal?.reason }, wallMs: 0 });
    }
    this.#tickets += 1;
    const pending: Pending = {
      ticket: this.#tickets,
      job,
      settled: false,
      startedAt: 0,
      lostStarts: 0,
      settle: resolve,
    };
    this.#listen(pending);
    this.#queue.push(pending);
    this.#dispatch();
    return promise;
  }

  /** Has a later policy hold for a program: for invocations that run from their next host call on. */
  setPolicy(change: PolicyChange): void {
    this.#policies.set(change.programId, change);
    for (const slot of this.#slots) slot.setPolicy(change);
  }

  /** Ends every invocation of a program as cancelled, and lets every worker forget it. */
  unload(programId: string, reason: unknown): void {
    const queued = this.#queue.filter((pending) => pending.job.program.id === programId);
    for (const pending of queued) this.#cancel(pending, reason);
    this.#dedicated.forget(programId);
    this.#brisk.forget(programId);
    this.#policies.delete(programId);
    this.#crossings.room.forget(programId);
    for (const slot of this.#slots) {
      slot.stopProgram(programId, { kind: "cancelled", reason });
      slot.unload(programId);
    }
  }

  /** Ends every thread. Invocations that were running or queued end as cancelled. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pacing.close();
    for (const pending of this.#queue.splice(0)) this.#drop(pending);
    await Promise.all([...this.#slots].map((slot) => slot.close()));
  }

  #listen(pending: Pending): void {
    const { signal } = pending.job;
    if (signal === undefined) return;
    // Nobody stops listening: with a function for that in `pending`, V8's collections of young objects kept a fifth of all that calls made.
    signal.addEventListener("abort", () => this.#cancel(pending, signal.reason), { once: true });
  }

  #cancel(pending: Pending, reason: unknown): void {
    const queued = this.#queue.indexOf(pending);
    if (queued >= 0) {
      this.#queue.splice(queued, 1);
      this.#drop(pending, reason);
      return;
    }
    for (const slot of this.#slots) slot.stop(pending, { kind: "cancelled", reason });
  }

  #drop(pending: Pending, reason?: unknown): void {
    pending.settled = true;
    pending.settle({ ending: { kind: "cancelled", reason }, wallMs: 0 });
  }

  /**
   * Starts what can be started, in the order of the queue. What waits for a worker of its own keeps nobody waiting; what waits for one
   * that all share is overtaken only by what needs one of its own.
   */
  #dispatch(): void {
    for (let at = 0; at < this.#queue.length;) {
      const next = this.#queue[at];
      if (next === undefined || !this.#hasRoomFor(next)) return;
      const needsOwn = this.#dedicated.isFor(next);
      const slot = needsOwn ? this.#dedicated.place() : this.#place(next);
      if (slot !== undefined) {
        this.#queue.splice(at, 1);
        slot.start(next, this.#policies.get(next.job.program.id));
        continue;
      }
      // It needs a worker of its own from now on, or there is room for one more that all share: either way it is tried again.
      if (!needsOwn && this.#dedicated.takeOverdue()) continue;
      if (!needsOwn && !this.#dedicated.isUsed) return;
      at = needsOwn ? at + 1 : this.#nextDedicated(at + 1);
    }
  }

  /** The next in the queue that needs a worker of its own, from a place on. */
  #nextDedicated(from: number): number {
    const found = this.#queue.findIndex((one, at) => at >= from && this.#dedicated.isFor(one));
    return found < 0 ? this.#queue.length : found;
  }

  /** Whether what guests have of memory and address space leaves room for an invocation. With no other guest there always is. */
  #hasRoomFor(next: Pending): boolean {
    let [guests, memories, bytes] = [0, 0, 0];
    for (const slot of this.#slots) {
      guests += slot.load;
      memories += slot.memories;
      bytes += slot.memoryBytes;
    }
    if (guests === 0) return true;
    const fits = fitsAddressSpace({ guests: guests + 1, memories: memories + memoriesOf(next.job.program) });
    if (!fits || bytes >= this.#memoryRoom) return false;
    return this.#hasIdleProcessor() || this.#pacing.allows(bytes);
  }

  /** Whether there is a worker, or room for one, where no guest computes. */
  #hasIdleProcessor(): boolean {
    return this.#slots.size < this.#size || [...this.#slots].some((slot) => slot.free && !slot.busy);
  }

  /**
   * The free worker that holds the fewest guests; a new one when none is free and there is room. Workers on which a guest
   * that came back from a wait has the processor are the last choice.
   */
  #place({ job }: Pending): WorkerSlot | undefined {
    const shared = [...this.#slots].filter((slot) => !this.#dedicated.has(slot));
    const most = MAX_INSTANCE_HEAP_BYTES - job.program.heapBytes;
    const free = shared.filter((slot) => slot.free && slot.load < MAX_GUESTS_PER_WORKER && slot.heapBytes <= most);
    const idle = free.filter((slot) => !slot.busy);
    const best = leastLoaded(idle);
    if (best !== undefined) return best;
    const another = shared.length < this.#size ? this.#openIfThereIsRoom() : undefined;
    return another ?? leastLoaded(free) ?? this.#placeBehind(job, shared);
  }

  /** Where an invocation of a program whose invocations are brief is sent behind another. */
  #placeBehind({ program }: Job, slots: readonly WorkerSlot[]): WorkerSlot | undefined {
    if (!this.#brisk.has(program.id)) return undefined;
    const most = MAX_INSTANCE_HEAP_BYTES - program.heapBytes;
    return leastLoaded(
      slots.filter((slot) => slot.load < MAX_GUESTS_PER_WORKER && slot.heapBytes <= most && slot.mayFollow(program.id)),
    );
  }

  /** One more worker; undefined where the system has no thread or memory for it, and others can do the work. */
  #openIfThereIsRoom(): WorkerSlot | undefined {
    try {
      return this.#open();
    } catch (thrown) {
      if (this.#slots.size === 0) throw thrown;
      return undefined;
    }
  }

  #open(): WorkerSlot {
    const slot: WorkerSlot = new WorkerSlot(
      {
        freed: () => {
          this.#dedicated.release(slot);
          this.#dispatch();
        },
        holds: (programId) => this.#dedicated.holdUp(slot, programId),
        ended: (programId, cpuMs) => this.#brisk.ended(programId, cpuMs),
        returned: (pending) => {
          if (this.#closed) return this.#drop(pending);
          this.#queue.unshift(pending);
          this.#dispatch();
        },
        gone: (notStarted) => {
          this.#slots.delete(slot);
          this.#dedicated.remove(slot);
          if (this.#closed) for (const pending of notStarted) this.#drop(pending);
          else this.#queue.unshift(...notStarted);
          this.#dispatch();
        },
      },
      this.#crossings,
      this.#workerFlags,
    );
    this.#slots.add(slot);
    return slot;
  }
}

function leastLoaded(slots: readonly WorkerSlot[]): WorkerSlot | undefined {
  let best: WorkerSlot | undefined;
  for (const slot of slots) if (best === undefined || slot.load < best.load) best = slot;
  return best;
}
