import { CordonError, messageOf } from "../../shared/errors.ts";
import { type Grants, NO_GRANTS } from "../../policy/grants.ts";
import type { Ended, Ending } from "../pending.ts";
import { type PolicyChange, type PolicyInForce, under } from "../policy/policy-in-force.ts";
import { type Confinement, confinementOf, covers } from "./confinement.ts";
import { type Bubblewrap, findBubblewrap } from "./find-bubblewrap.ts";
import { GuestProcess } from "./guest-process.ts";
import { planLaunch } from "./launch.ts";
import type { PortableProgram, ProcessJob } from "./messages.ts";
import { RestartBackoff } from "./restart-backoff.ts";
import { settle, type Task } from "./task.ts";
import type { OsSandbox } from "../../shared/machine/os-sandbox.ts";

/** Guest processes at once. Each takes some 60 MB. */
const MAX_PROCESSES = 32;

/** How long a process may hold invocations and have none of them running, in milliseconds. */
const START_MS = 30_000;

/** How long a process may be idle before it is ended, in milliseconds. */
const IDLE_MS = 60_000;

/** How a pool is made. */
export interface ProcessPoolOptions {
  /** Default `auto`. */
  readonly osSandbox?: OsSandbox;
  /** Default 32. */
  readonly maxProcesses?: number;
  /** Default one minute. */
  readonly idleMs?: number;
  /** How long a process may take to start an invocation, in milliseconds; default 30 seconds. */
  readonly startMs?: number;
  /** How a process is started; default {@link planLaunch}. */
  readonly plan?: typeof planLaunch;
  /** How bubblewrap is looked for; default {@link findBubblewrap}. */
  readonly find?: typeof findBubblewrap;
}

/** What processes are wrapped with. */
type Wrapper = Extract<Bubblewrap, { readonly kind: "working" }> | undefined;

/**
 * Runs each component in processes of its own, which stay for the calls to come. The counterpart of `WorkerPool`, which runs
 * inside each of them.
 */
export class ProcessPool {
  readonly #osSandbox: OsSandbox;
  readonly #maxProcesses: number;
  readonly #idleMs: number;
  readonly #startMs: number;
  readonly #plan: typeof planLaunch;
  readonly #find: typeof findBubblewrap;
  /** The one used last comes last. */
  readonly #processes = new Set<GuestProcess>();
  readonly #idle = new Map<GuestProcess, NodeJS.Timeout>();
  /** Resolve as those that were started are gone; some of them are no more in use. */
  readonly #exits = new Set<Promise<void>>();
  readonly #queue: Task[] = [];
  /** Of programs whose policy has changed, the latest: invocations that wait were made under an earlier one. */
  readonly #policies = new Map<string, PolicyInForce>();
  /** Of the programs that have ended processes, by their ids. */
  readonly #backoffs = new Map<string, RestartBackoff>();
  #bubblewrap: Promise<Bubblewrap> | undefined;
  #tickets = 0;
  #closed = false;

  constructor({
    osSandbox = "auto",
    maxProcesses = MAX_PROCESSES,
    idleMs = IDLE_MS,
    startMs = START_MS,
    plan = planLaunch,
    find = findBubblewrap,
  }: ProcessPoolOptions = {}) {
    this.#osSandbox = osSandbox;
    this.#find = find;
    this.#maxProcesses = maxProcesses;
    this.#idleMs = idleMs;
    this.#startMs = startMs;
    this.#plan = plan;
  }

  /** The numbers of the processes there are; those of bubblewrap where they are wrapped. */
  get pids(): readonly number[] {
    return [...this.#processes].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /**
   * Why no guest process can be started on this machine, whatever runs in it; `undefined` when one can.
   *
   * @throws CordonError `usage` when the system's sandbox is required and cannot be had.
   */
  async obstacle(): Promise<string | undefined> {
    const tried = this.#open(confinementOf(NO_GRANTS), await this.#wrapper());
    try {
      await tried.opened();
      return undefined;
    } catch (thrown) {
      return messageOf(thrown);
    } finally {
      this.#end(tried);
    }
  }

  /** Starts a process ahead of the program that will be loaded into it. */
  async warm(grants: Grants): Promise<void> {
    const bubblewrap = await this.#wrapper();
    if (!this.#closed && this.#processes.size < this.#maxProcesses) this.#open(confinementOf(grants), bubblewrap);
  }

  /**
   * Loads a program into a process that can serve calls with these grants, and waits for it to be compiled.
   *
   * @throws CordonError `invalid-component`, `policy` for grants that no process can be confined to, `usage` when the system's
   * sandbox is required and cannot be had, or `host`.
   */
  async load(program: PortableProgram, grants: Grants): Promise<void> {
    const bubblewrap = await this.#wrapper();
    const needed = confinementOf(grants);
    const loading = this.#serving(program, needed) ?? this.#next(program, needed, bubblewrap);
    if (loading instanceof GuestProcess) await loading.loaded();
  }

  /** Runs one invocation. Never rejects; waits for a process as long as it takes or until the job's signal is aborted. */
  async run(job: ProcessJob): Promise<Ended> {
    const { signal } = job;
    const { promise, resolve } = Promise.withResolvers<Ended>();
    this.#tickets += 1;
    const asking = new AbortController();
    const task: Task = {
      ticket: this.#tickets,
      job,
      settle: resolve,
      settled: false,
      startedAt: undefined,
      stay: job.invocation.target === undefined ? "making" : undefined,
      lostStarts: 0,
      openAsks: 0,
      openAskBytes: 0,
      asking,
    };
    if (signal !== undefined) {
      signal.addEventListener("abort", () => this.#cancel(task, { kind: "cancelled", reason: signal.reason }), {
        once: true,
      });
    }
    if (this.#closed || signal?.aborted === true) settle(task, { kind: "cancelled", reason: signal?.reason });
    else this.#queue.push(task);
    void this.#dispatch();
    return promise;
  }

  /** There is no getting ready for a program that has not come: its process compiles it. */
  prepare(): void {
    return;
  }

  /**
   * Has a later policy hold for a program. A process cannot reach more than it was started with, and is not to reach more than is granted:
   * what it runs goes on in it, and further invocations go to one that is confined for the new policy.
   *
   * Resolves when no host call that begins from then on goes by the policy before.
   */
  async setPolicy(change: PolicyChange): Promise<void> {
    this.#policies.set(change.programId, change);
    const needed = confinementOf(change.grants);
    const running = [...this.#processes].filter(({ program }) => program?.id === change.programId);
    const isFit = (one: GuestProcess): boolean => isSame(one.confinement, needed);
    for (const one of running) if (!one.busy && !isFit(one)) this.#end(one);
    await Promise.all(running.map((one) => one.setPolicy(change, isFit(one))));
  }

  /** Ends every invocation of a program as cancelled, and its processes. */
  unload(programId: string, reason: unknown): void {
    for (const task of this.#queue.filter(({ job }) => job.program.id === programId)) {
      this.#cancel(task, { kind: "cancelled", reason });
    }
    for (const one of this.#processes) if (one.program?.id === programId) one.close({ kind: "cancelled", reason });
    this.#backoffs.delete(programId);
    this.#policies.delete(programId);
  }

  /** Ends every process. Invocations that were running or queued end as cancelled. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#queue.splice(0)) settle(task, { kind: "cancelled", reason: undefined });
    for (const one of this.#processes) one.close();
    await Promise.all(this.#exits);
  }

  #cancel(task: Task, ending: Ending): void {
    const queued = this.#queue.indexOf(task);
    if (queued >= 0) {
      this.#queue.splice(queued, 1);
      settle(task, ending);
      return;
    }
    for (const one of this.#processes) one.stop(task, ending);
  }

  /** @throws CordonError `usage` when the operating system's sandbox is required and does not work here. */
  async #wrapper(): Promise<Wrapper> {
    if (this.#osSandbox === "off") return undefined;
    this.#bubblewrap ??= this.#find();
    const found = await this.#bubblewrap;
    if (found.kind === "working") return found;
    if (this.#osSandbox === "auto") return undefined;
    const why = {
      missing: "bubblewrap is not installed; install it, on Debian with apt-get install bubblewrap",
      refused: `bubblewrap cannot make a sandbox here${found.kind === "refused" ? ` (${found.reason})` : ""}; run cordon doctor`,
      unsupported: "this system has none that Cordon can use; bubblewrap is for Linux",
    }[found.kind];
    throw new CordonError(
      "usage",
      `Cannot run the component in the operating system's sandbox, as is required: ${why}`,
    );
  }

  async #dispatch(): Promise<void> {
    try {
      const bubblewrap = await this.#wrapper();
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        const { program, invocation } = next.job;
        const latest = this.#policies.get(program.id);
        const needed = confinementOf(under(invocation, latest).grants);
        const process = this.#serving(program, needed) ?? this.#next(program, needed, bubblewrap);
        if (process === undefined) return;
        this.#queue.shift();
        if (!(process instanceof GuestProcess)) {
          // One that was sent to a process is lost with it. Only what was never tried is told to come again.
          settle(next, next.lostStarts === 0 ? process : { kind: "lost", message: process.message });
          continue;
        }
        this.#used(process);
        process.start(next, latest);
      }
    } catch (thrown) {
      const failed = this.#queue.shift();
      if (failed === undefined) return;
      settle(failed, { kind: "fault", message: messageOf(thrown) });
      await this.#dispatch();
    }
  }

  /** A process that has the program in it. */
  #serving(program: PortableProgram, needed: Confinement): GuestProcess | undefined {
    const serving = [...this.#processes].filter((one) => one.serves(program.id, needed));
    const outdated = serving.filter((one) => one.outdated);
    const current = serving.find((one) => !outdated.includes(one));
    if (current === undefined) for (const one of outdated) if (!one.busy) this.#end(one);
    return current;
  }

  /** The next process for the program, or why it may have none yet; `undefined` when all there may be are busy. */
  #next(
    program: PortableProgram,
    needed: Confinement,
    bubblewrap: Wrapper,
  ): GuestProcess | Extract<Ending, { readonly kind: "backing-off" }> | undefined {
    if (this.#closed) return undefined;
    const backoff = this.#backoffs.get(program.id);
    const retryAfterMs = backoff?.waitMs ?? 0;
    if (backoff !== undefined && retryAfterMs > 0) {
      return { kind: "backing-off", message: backoff.reason, retryAfterMs };
    }
    const spare = [...this.#processes].find((one) => one.spare && !one.outdated && isSame(one.confinement, needed));
    if (spare === undefined && !this.#makeRoom()) return undefined;
    const process = spare ?? this.#open(needed, bubblewrap);
    process.give(program);
    return process;
  }

  /** While it need not wait, the component's next process is there before the next call. */
  #restart(ended: GuestProcess, reason: string, bubblewrap: Wrapper): void {
    const { program, confinement } = ended;
    if (program === undefined) return;
    const backoff = this.#backoffs.get(program.id) ?? new RestartBackoff();
    this.#backoffs.set(program.id, backoff);
    backoff.ended(reason);
    // One that did not even compile it may do the same again, for nobody.
    if (!ended.compiled || this.#serving(program, confinement) !== undefined) return;
    try {
      this.#next(program, confinement, bubblewrap);
    } catch {
      // The next call finds out why there is none.
    }
  }

  #makeRoom(): boolean {
    if (this.#processes.size < this.#maxProcesses) return true;
    const oldest = [...this.#processes].find(({ busy }) => !busy);
    if (oldest === undefined) return false;
    this.#end(oldest);
    return true;
  }

  #end(idle: GuestProcess): void {
    this.#processes.delete(idle);
    idle.close();
  }

  #open(confinement: Confinement, bubblewrap: Wrapper): GuestProcess {
    const plan = this.#plan({ confinement, bubblewrap });
    const process: GuestProcess = new GuestProcess(
      { plan, confinement, startMs: this.#startMs },
      {
        freed: () => {
          if (process.retired && !process.busy) this.#end(process);
          else if (process.load === 0) this.#rest(process);
          void this.#dispatch();
        },
        gone: (notStarted, reason) => {
          this.#processes.delete(process);
          this.#wake(process);
          if (reason !== undefined && !this.#closed) this.#restart(process, reason, bubblewrap);
          if (this.#closed) for (const task of notStarted) settle(task, { kind: "cancelled", reason: undefined });
          else this.#queue.unshift(...notStarted);
          void this.#dispatch();
        },
      },
    );
    this.#processes.add(process);
    this.#exits.add(process.exited);
    void process.exited.then(() => this.#exits.delete(process.exited));
    this.#rest(process);
    return process;
  }

  #used(process: GuestProcess): void {
    this.#wake(process);
    this.#processes.delete(process);
    this.#processes.add(process);
  }

  #rest(process: GuestProcess): void {
    this.#wake(process);
    this.#idle.set(process, setTimeout(() => process.close(), this.#idleMs).unref());
  }

  #wake(process: GuestProcess): void {
    clearTimeout(this.#idle.get(process));
    this.#idle.delete(process);
  }
}

function isSame(one: Confinement, other: Confinement): boolean {
  return covers(one, other) && covers(other, one);
}
