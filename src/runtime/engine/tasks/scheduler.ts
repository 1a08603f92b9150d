import { Trap } from "../../abi/trap.ts";
import type { EngineEnvironment } from "../environment.ts";
import type { Task } from "./task.ts";

/** Something of a guest's that waits until it is ready to go on. */
export interface Waiter {
  readonly task: Task;
  readonly isReady: () => boolean;
  /** Whether it goes on early when its task is to be cancelled. */
  readonly cancellable: boolean;
  /** Whether it goes on in a later microtask, on a stack of its own, and not within {@link resume}. */
  readonly onStack: boolean;
  /** Has it go on. */
  readonly resume: (cancelled: boolean) => void;
  /** Ends the stack that is suspended, if one is: it traps, and no code of the guest's runs. */
  readonly unwind?: () => void;
}

/** What a stack waits for. */
export type Suspension = Pick<Waiter, "task" | "isReady" | "cancellable">;

/** How many waiters go on, one after the other, before the thread's other guests have a turn. */
const RESUMED_AT_ONCE = 32;

/** What it costs to see whether a waiter is ready, as bytes that are moved. */
const CHECK_BYTES = 64;

/**
 * A promise for the engine to suspend a stack by. Where the engine cannot, it never asks how the promise ends, and nobody else does.
 */
function settlement<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>();
  made.promise.catch(() => undefined);
  return made;
}

/**
 * Has the tasks of an invocation go on, one at a time. What runs, runs until it waits, ends or takes a break; a break, and a
 * call of the host that the guest cannot do anything beside, keep all tasks of the invocation from going on.
 */
export class Scheduler {
  readonly #environment: EngineEnvironment;
  readonly #fail: (thrown: unknown) => void;
  readonly #waiting = new Set<Waiter>();
  /** The task whose code runs. */
  current: Task | undefined;
  /** Whether the code that runs was called by the start function of a core module, which no stack of those that it calls can be suspended without. */
  isStarting = false;
  /** Tasks whose answer or end the embedder waits for. When there are none, tasks may be left that nothing wakes. */
  readonly awaited: Set<Task> = new Set();
  /** Calls of the host that are under way and will wake somebody. */
  #pendingHost = 0;
  /** Breaks, and calls of the host that nothing else goes on beside. */
  #blocked = 0;
  #isStirred = false;
  /** Whether a suspended stack goes on in the next microtasks. */
  #isResuming = false;
  #isAway = false;
  #returning: Promise<void> | undefined;
  #resumed = 0;

  /** @param fail Ends the invocation for what was thrown. */
  constructor(environment: EngineEnvironment, fail: (thrown: unknown) => void) {
    this.#environment = environment;
    this.#fail = fail;
  }

  /** Whether nothing waits for anything, and nothing of the host's is under way. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#blocked === 0 && this.#pendingHost === 0;
  }

  /** Registers what waits. It goes on in a later microtask at the earliest. */
  wait(waiter: Waiter): void {
    this.#waiting.add(waiter);
    this.stir();
  }

  /** Takes it from those that wait. */
  forget(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  /**
   * Suspends the stack that runs until it is ready; returns a promise for the engine to suspend it by.
   *
   * @param finish Gives what the stack goes on with, when its task is the current one again.
   */
  suspend<T>({ task, isReady, cancellable }: Suspension, finish: (cancelled: boolean) => T): Promise<T> {
    const settle = settlement<T>();
    task.suspensions += 1;
    task.isRunning = false;
    const waiter: Waiter = {
      task,
      isReady,
      cancellable,
      onStack: true,
      resume: (cancelled) => {
        task.waiter = undefined;
        this.#resumeStack(task, settle, () => finish(cancelled));
      },
      unwind: () => settle.reject(new Trap("the invocation has ended")),
    };
    task.waiter = waiter;
    this.wait(waiter);
    return settle.promise;
  }

  /**
   * Suspends the stack that runs for work of the host's, and keeps everything else of the invocation from going on meanwhile.
   *
   * @param work Leaves the thread, and resolves when the guest has it again.
   * @param finish Gives what the stack goes on with, when its task is the current one again.
   */
  block<W, T>(work: Promise<W>, finish: (value: W) => T): Promise<T> {
    const settle = settlement<T>();
    const task = this.current;
    if (task !== undefined) task.suspensions += 1;
    this.#blocked += 1;
    const goOn = (give: () => T): void => {
      this.#blocked -= 1;
      this.#resumeStack(task, settle, give);
    };
    work.then(
      (value) => goOn(() => finish(value)),
      (thrown: unknown) =>
        goOn(() => {
          throw thrown;
        }),
    );
    return settle.promise;
  }

  /**
   * The stack that runs is to be suspended in the middle of its work; nothing else of the invocation goes on meanwhile. Undefined where
   * it cannot be.
   */
  interrupt():
    | {
        readonly resume: <T>(settle: PromiseWithResolvers<T>, give: () => T) => void;
        readonly cancel: () => void;
      }
    | undefined {
    if (this.isStarting) return undefined;
    const task = this.current;
    if (task !== undefined) task.suspensions += 1;
    this.#blocked += 1;
    return {
      resume: (settle, give) => {
        this.#blocked -= 1;
        this.#resumeStack(task, settle, give);
      },
      cancel: () => {
        this.#blocked -= 1;
        if (task !== undefined) task.suspensions -= 1;
      },
    };
  }

  /** A call of the host goes on beside the guest; `settled` is called when it has ended and the guest has the thread. */
  async beside<T>(work: Promise<T>, settled: (ended: PromiseSettledResult<T>) => void): Promise<void> {
    this.#pendingHost += 1;
    const [ended] = await Promise.allSettled([work]);
    if (!this.#environment.isOver()) await this.#arrive();
    this.#pendingHost -= 1;
    if (this.#environment.isOver()) return;
    try {
      settled(ended);
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.stir();
  }

  /**
   * The invocation is over, and nothing goes on. Stacks that are suspended are unwound: the engine holds them, and whatever they refer to,
   * for as long as its thread lives, and goes through them whenever it collects.
   */
  end(): void {
    for (const waiter of this.#waiting) waiter.unwind?.();
    this.#waiting.clear();
  }

  /** Something has changed: whoever is ready now goes on in the next microtasks. */
  stir(): void {
    if (this.#isStirred || (this.#waiting.size === 0 && this.#pendingHost === 0)) return;
    this.#isStirred = true;
    queueMicrotask(this.#pump);
  }

  readonly #pump = (): void => {
    this.#isStirred = false;
    if (this.#blocked > 0 || this.#isResuming || this.#environment.isOver() || this.#environment.isPaused()) return;
    let next: Waiter | undefined;
    try {
      next = this.#nextReady();
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    if (next === undefined) {
      this.#rest();
      return;
    }
    if (this.#isAway || this.#resumed >= RESUMED_AT_ONCE) {
      this.#resumed = 0;
      void this.#afterTurn();
      return;
    }
    this.#resumed += 1;
    this.#waiting.delete(next);
    const before = this.current;
    this.current = next.task;
    try {
      next.resume(false);
    } catch (thrown) {
      this.#fail(thrown);
    }
    if (!this.#isResuming) this.current = before;
    this.stir();
  };

  /** Looks at all that wait, if need be, which is charged. */
  #nextReady(): Waiter | undefined {
    let seen = 0;
    for (const waiter of this.#waiting) {
      seen += 1;
      if (!waiter.isReady()) continue;
      this.#environment.charges.work(seen * CHECK_BYTES);
      return waiter;
    }
    this.#environment.charges.work(seen * CHECK_BYTES);
    return undefined;
  }

  /** Nobody is ready. That is for good when nothing of the host's is under way. */
  #rest(): void {
    if (this.#pendingHost > 0) {
      this.#leave();
      return;
    }
    const [first] = this.awaited;
    if (this.#waiting.size > 0 && first !== undefined && [...this.awaited].every(({ isRunning }) => !isRunning)) {
      this.#fail(new Trap("the guest waits for what never comes: none of its tasks can go on"));
    }
  }

  #leave(): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#environment.leave();
  }

  /** Resolves when the guest has the thread; it leaves it to the others first. */
  async #afterTurn(): Promise<void> {
    this.#leave();
    await this.#arrive();
    this.stir();
  }

  /** Resolves when the guest has the thread. All that wait for that share one turn. */
  #arrive(): Promise<void> {
    if (!this.#isAway && !this.#environment.isPaused()) return Promise.resolve();
    this.#returning ??= this.#environment.comeBack().then(() => {
      this.#isAway = false;
      this.#returning = undefined;
    });
    return this.#returning;
  }

  /**
   * Settles the promise that a stack is suspended by: it goes on in the microtask that follows, and others are looked for in the
   * one after that.
   */
  #resumeStack<T>(task: Task | undefined, { resolve, reject }: PromiseWithResolvers<T>, give: () => T): void {
    this.current = task;
    if (task !== undefined) task.isRunning = true;
    this.#isResuming = true;
    try {
      resolve(give());
    } catch (thrown) {
      reject(thrown);
    }
    queueMicrotask(() => {
      this.#isResuming = false;
      this.stir();
    });
  }
}
