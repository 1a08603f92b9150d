import { MAX_FLAT_PARAMETERS, MAX_FLAT_RESULTS } from "../../abi/function-shape.ts";
import type { CoreValue } from "../../abi/core-values.ts";
import { areWithin } from "../../abi/lifted-size.ts";
import { Trap, trap } from "../../abi/trap.ts";
import type { ComponentState } from "../component-state.ts";
import type { BoundOptions, CoreFunction, CoreItems } from "../core-items.ts";
import type { CoreAnswer } from "../engine-parts.ts";
import type { TableBudget } from "../handles/handle-table.ts";
import type { EngineEnvironment } from "../environment.ts";
import { LimitReached } from "../limit-reached.ts";
import type { PreparedLift } from "../prepared-plan.ts";
import type { Scheduler } from "./scheduler.ts";
import { Task, type TaskEnds } from "./task.ts";
import type { Stacks } from "../stacks/stacks.ts";
import { CALLBACK_SIGNATURE, type CoreSignature, liftSignature } from "../core-signature.ts";
import type { ValueContexts } from "../handles/value-contexts.ts";
import { CANCELLED_EVENT, type Event, NO_EVENT, WaitableSet } from "./waitable.ts";

/** What a callback answers: what its task does next. The rest of the number is the waitable set. */
const CALLBACK = { exit: 0, yield: 1, wait: 2 } as const;
const CALLBACK_BITS = 4;

/** A call of a core function. */
export interface CoreCall {
  readonly values: readonly CoreValue[];
  readonly signature: CoreSignature;
  /** Whether code of the same task waits for it, so that its end has to be known at once. */
  readonly isNested?: boolean;
}

/** What tasks need of the invocation. */
export interface TaskParts {
  readonly scheduler: Scheduler;
  readonly items: CoreItems;
  readonly contexts: ValueContexts;
  readonly states: readonly ComponentState[];
  readonly stacks: Stacks;
  /** How many of them there may be. One task may have several: a destructor that its code waits for has its own. */
  readonly limit: EngineEnvironment["stacks"];
  /** Bounds the tasks that guests have started and that have not come to their end. One that has answered has no handle any more. */
  readonly budget: TableBudget;
  readonly fail: (thrown: unknown) => void;
  readonly environment: Pick<EngineEnvironment, "roomFor" | "waitFor" | "resultLifted">;
}

/** Starts the calls of functions that component instances lift, and has them go on: `canon_lift` of the Canonical ABI. */
export class Tasks {
  readonly #parts: TaskParts;
  /** What is done at the end of the code that a trampoline runs, by the task that runs it. */
  readonly #ends = new Map<Task, (result: CoreValue | undefined) => void>();

  constructor(parts: TaskParts) {
    this.#parts = parts;
  }

  /** Starts a call, and runs it to where it first waits. */
  start(lift: PreparedLift, caller: Task | undefined, ends: TaskEnds): Task {
    const { scheduler } = this.#parts;
    const state = this.#stateOf(lift);
    if (caller !== undefined && (caller.state.contains(state) || state.contains(caller.state))) {
      trap("called a component instance that is being called, or one within it");
    }
    const task = new Task(lift, state, caller, {
      ends: caller === undefined ? ends : this.#counted(ends),
      scheduler,
    });
    if (caller === undefined) scheduler.awaited.add(task);
    if (!lift.shape.async || (!isBusy(task) && state.waitingToEnter === 0)) {
      this.#enter(task);
      return task;
    }
    state.waitingToEnter += 1;
    task.isWaitingToEnter = true;
    task.waiter = {
      task,
      isReady: () => !isBusy(task),
      cancellable: true,
      onStack: false,
      resume: (cancelled) => {
        state.waitingToEnter -= 1;
        task.isWaitingToEnter = false;
        task.waiter = undefined;
        if (!cancelled) return this.#enter(task);
        task.cancel();
        this.#parts.budget.giveBack();
      },
    };
    scheduler.wait(task.waiter);
    return task;
  }

  #counted(ends: TaskEnds): TaskEnds {
    const { budget } = this.#parts;
    budget.take();
    return {
      ...ends,
      exit: () => {
        budget.giveBack();
        ends.exit();
      },
    };
  }

  /**
   * Runs a core function for a task, and does what follows when it has come to its end: at once, or when a stack that was suspended
   * has gone on.
   */
  run(task: Task, callee: CoreFunction, call: CoreCall, then: (result: CoreValue | undefined) => void): void {
    const { scheduler, items } = this.#parts;
    const before = scheduler.current;
    scheduler.current = task;
    task.isRunning = true;
    try {
      if (!items.isCode(callee)) this.#runMade(task, callee, call.values, then);
      else if (task.caller === undefined && call.isNested !== true) this.#runForHost(task, callee, call.values, then);
      else if (!task.state.maySuspend) then(callee(...call.values));
      else this.#runOnStack(task, callee, call, then);
    } finally {
      scheduler.current = before;
    }
  }

  /** The embedder waits for a promise in any case, so the engine's own is as good as any. */
  #runForHost(
    task: Task,
    callee: CoreFunction,
    values: readonly CoreValue[],
    then: (result: CoreValue | undefined) => void,
  ): void {
    this.#whenEnded(task, this.#parts.items.promising(callee)(...values), then);
  }

  /** A function that is lifted may be one that `canon` made, which says itself when it ends later. */
  #runMade(
    task: Task,
    callee: CoreFunction,
    values: readonly CoreValue[],
    then: (result: CoreValue | undefined) => void,
  ): void {
    const answer = (callee as (...given: readonly CoreValue[]) => CoreAnswer)(...values);
    if (answer instanceof Promise) this.#whenEnded(task, answer, then);
    else then(answer);
  }

  #whenEnded(task: Task, running: Promise<CoreValue | undefined>, then: (result: CoreValue | undefined) => void): void {
    const { scheduler, fail } = this.#parts;
    running.then(
      (result) => {
        const before = scheduler.current;
        scheduler.current = task;
        try {
          then(result);
        } catch (thrown) {
          fail(thrown);
        }
        scheduler.current = before;
        scheduler.stir();
      },
      (thrown: unknown) => fail(thrown),
    );
  }

  #runOnStack(
    task: Task,
    callee: CoreFunction,
    { values, signature }: CoreCall,
    then: (result: CoreValue | undefined) => void,
  ): void {
    const { fail, stacks, limit } = this.#parts;
    if (!limit.take()) {
      const { held } = limit;
      throw new LimitReached(
        "stacks",
        { cap: held, used: held + 1 },
        `it had ${held} calls between components under way at once`,
      );
    }
    const outer = this.#ends.get(task);
    let isOver = false;
    this.#ends.set(task, (result) => {
      isOver = true;
      limit.giveBack();
      if (outer === undefined) this.#ends.delete(task);
      else this.#ends.set(task, outer);
      then(result);
    });
    const { suspensions } = task;
    const runner = stacks.caller(signature);
    runner(callee, ...values).catch((thrown: unknown) => fail(this.#tooDeep() ?? thrown));
    const tooDeep = this.#tooDeep();
    if (tooDeep !== undefined) throw tooDeep;
    // It neither waits nor has ended: what it threw is known in a later microtask, and nothing may happen until then.
    if (!isOver && task.suspensions === suspensions) throw new Trap("a component that the guest calls trapped");
  }

  /** What the stack that runs may hold when it is suspended, in bytes; undefined for as much as there is. */
  get allowedStackBytes(): number | undefined {
    const { scheduler, limit } = this.#parts;
    const task = scheduler.current;
    return task !== undefined && this.#ends.has(task) ? limit.allowedBytes : undefined;
  }

  /** Why the stack that ran last cannot be suspended, if it holds more than it may. */
  #tooDeep(): LimitReached | undefined {
    const { stacks, limit } = this.#parts;
    if (!stacks.isTooDeep) return undefined;
    const { held, allowedBytes = 0 } = limit;
    return new LimitReached(
      "stacks",
      { cap: held - 1, used: held },
      `it had ${held} calls between components under way at once, and one that waits held more than ${allowedBytes} bytes of its stack`,
    );
  }

  /** A core function that ran on a stack of its own has come to its end, for the task that is current. */
  done(result: CoreValue | undefined): void {
    const task = this.#parts.scheduler.current;
    const then = task === undefined ? undefined : this.#ends.get(task);
    if (then === undefined) throw new Error("a stack has ended that belongs to no task");
    then(result);
  }

  #stateOf(lift: PreparedLift): ComponentState {
    const state = this.#parts.states[lift.instance];
    if (state === undefined) throw new Error("the plan has a function of no component instance");
    return state;
  }

  #enter(task: Task): void {
    const { items, contexts } = this.#parts;
    const { lift, state } = task;
    const { shape } = lift;
    const bound = items.bind(lift.options);
    if (shape.async && task.needsExclusive) state.exclusive = task;
    const given = task.start();
    state.mayLeave = false;
    const owner = { state, scope: task, isEmbedders: task.caller === undefined };
    const values = shape.parameters.lower(contexts.lower(bound, owner), MAX_FLAT_PARAMETERS, given);
    state.mayLeave = true;
    const callee = items.function(lift.core);
    const signature = liftSignature(lift);
    this.run(task, callee, { values, signature }, (core) => {
      if (!lift.options.async) this.#returned(task, bound, core);
      else if (bound.callback === undefined) task.exit();
      else this.#goOn(task, bound, core);
    });
  }

  /** A function that is lifted without `async` has returned. For the embedder its result is lifted when there is room for it. */
  #returned(task: Task, bound: BoundOptions, core: CoreValue | undefined): void {
    const { environment, scheduler, fail } = this.#parts;
    const isForEmbedder = task.caller === undefined && task.lift.mayReturnMuch;
    const values = core === undefined ? [] : [core];
    const { results } = task.lift.shape;
    const room = isForEmbedder
      ? environment.roomFor("results", (bytes) => areWithin(bytes, results, bound, MAX_FLAT_RESULTS, values))
      : undefined;
    if (room === undefined) {
      this.#answer(task, bound, core);
      return;
    }
    const waited = environment.waitFor(room, (unwanted) => unwanted.release());
    void scheduler.block(waited, (granted) => {
      try {
        this.#answer(task, bound, core);
      } catch (thrown) {
        fail(thrown);
      } finally {
        granted.release();
      }
    });
  }

  #answer(task: Task, bound: BoundOptions, core: CoreValue | undefined): void {
    const { lift, state } = task;
    const values = core === undefined ? [] : [core];
    const isForEmbedder = task.caller === undefined;
    const context = this.#parts.contexts.lift(bound, { state, scope: task }, isForEmbedder ? "caller" : "guest");
    const results = lift.shape.results.lift(context, MAX_FLAT_RESULTS, values);
    if (isForEmbedder && lift.mayReturnMuch) this.#parts.environment.resultLifted();
    task.resolve(results);
    if (bound.postReturn !== undefined) {
      state.mayLeave = false;
      bound.postReturn(...values);
      state.mayLeave = true;
    }
    this.#release(task);
    task.exit();
  }

  /** A function with a callback, or its callback, has said what its task does next. */
  #goOn(task: Task, bound: BoundOptions, packed: CoreValue | undefined): void {
    const { state } = task;
    const code = Number(packed ?? 0) >>> 0;
    const set = code >>> CALLBACK_BITS;
    switch (code & (2 ** CALLBACK_BITS - 1)) {
      case CALLBACK.exit:
        this.#release(task);
        task.exit();
        return;
      case CALLBACK.yield:
        this.#release(task);
        this.#await(task, bound, { isReady: () => true, take: () => NO_EVENT });
        return;
      case CALLBACK.wait: {
        if (!task.mayBlock) trap("waits in a function that may not");
        const waitables = state.handles.get(set, WaitableSet, "a waitable set");
        this.#release(task);
        waitables.waiting += 1;
        this.#await(task, bound, {
          isReady: () => waitables.hasPending,
          take: (cancelled) => {
            waitables.waiting -= 1;
            return cancelled ? CANCELLED_EVENT : waitables.takePending();
          },
        });
        return;
      }
      default:
        trap("answered from a callback with a number that means nothing");
    }
  }

  /** Calls the callback when its event is there and nothing else needs the component instance for itself. */
  #await(
    task: Task,
    bound: BoundOptions,
    { isReady, take }: { readonly isReady: () => boolean; readonly take: (cancelled: boolean) => Event },
  ): void {
    const { scheduler } = this.#parts;
    const { state } = task;
    const resume = (cancelled: boolean): void => {
      task.waiter = undefined;
      const event = take(cancelled);
      state.exclusive = task;
      const callback = bound.callback ?? trap("has no callback");
      const values = cancelled ? CANCELLED_EVENT : event;
      this.run(task, callback, { values, signature: CALLBACK_SIGNATURE }, (packed) => this.#goOn(task, bound, packed));
    };
    if (task.deliversCancel(true)) {
      resume(true);
      return;
    }
    task.isRunning = false;
    task.waiter = {
      task,
      isReady: () => state.exclusive === undefined && isReady(),
      cancellable: true,
      onStack: false,
      resume,
    };
    scheduler.wait(task.waiter);
  }

  #release(task: Task): void {
    if (task.state.exclusive === task) task.state.exclusive = undefined;
  }
}

function isBusy({ state, needsExclusive }: Task): boolean {
  return state.backpressure > 0 || (needsExclusive && state.exclusive !== undefined);
}
