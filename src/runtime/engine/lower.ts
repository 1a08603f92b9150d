import type { Receiver } from "../abi/context.ts";
import type { PlanCoreFunction } from "../../shared/plan/plan.ts";
import type { CoreValue } from "../abi/core-values.ts";
import { MAX_FLAT_ASYNC_PARAMETERS, MAX_FLAT_PARAMETERS, MAX_FLAT_RESULTS } from "../abi/function-shape.ts";
import { areWithin } from "../abi/lifted-size.ts";
import { trap } from "../abi/trap.ts";
import type { ComponentState } from "./component-state.ts";
import type { BoundOptions } from "./core-items.ts";
import type { CoreAnswer, EngineParts } from "./engine-parts.ts";
import type { HostImport, Room } from "./environment.ts";
import { callInTurn, callWithRoom, liftArguments } from "./host-arguments.ts";
import { hostCall } from "./host-call.ts";
import type { PreparedLift } from "./prepared-plan.ts";
import { Subtask, SUBTASK } from "./tasks/subtask.ts";
import type { Task } from "./tasks/task.ts";

type Lower = Extract<PlanCoreFunction, { readonly kind: "lower" }>;

/** Bits of what an asynchronous call answers that tell its state; the rest is the subtask's index. */
const STATE_BITS = 4;

/** One call of a component function by core code: `canon_lower` of the Canonical ABI. */
class LoweredCall {
  readonly #parts: EngineParts;
  readonly #core: Lower;
  readonly #bound: BoundOptions;
  readonly #state: ComponentState;
  readonly #task: Task;
  readonly #given: readonly CoreValue[];
  readonly #subtask = new Subtask();
  #isInTable = false;
  #results: readonly CoreValue[] = [];

  constructor(
    parts: EngineParts,
    core: Lower,
    { task, given }: { readonly task: Task; readonly given: readonly CoreValue[] },
  ) {
    this.#parts = parts;
    this.#core = core;
    this.#bound = parts.items.bind(core.options);
    this.#state = parts.stateOf(core.instance);
    this.#task = task;
    this.#given = given;
  }

  callGuest(lift: PreparedLift): CoreAnswer {
    const { scheduler, tasks } = this.#parts;
    const subtask = this.#subtask;
    const callee = tasks.start(lift, this.#task, {
      start: () => this.#start("guest"),
      resolve: (results) => this.#resolve(results),
      exit: () => undefined,
    });
    subtask.callee = callee;
    if (this.#core.options.async) {
      const mayEnterSoon = callee.isWaitingToEnter && callee.state.exclusive !== undefined;
      if (!callee.isRunning && !mayEnterSoon) return this.#answerAsync();
      // It was interrupted, and does not wait for anything; or it waits for a task that may be ready to go on. Those that are go
      // first, as the official tests have it.
      const suspension = { task: this.#task, isReady: () => !callee.isRunning, cancellable: false };
      return scheduler.suspend(suspension, () => this.#answerAsync());
    }
    if (subtask.isResolved) return this.#answerSync();
    const suspension = { task: this.#task, isReady: () => subtask.isResolved, cancellable: false };
    return scheduler.suspend(suspension, () => this.#answerSync());
  }

  callHost(path: readonly string[]): CoreAnswer {
    const { environment, scheduler, hostImport } = this.#parts;
    const target = hostImport(path);
    // The guest goes on while an asynchronous function that it called so waits: for room, too.
    const goesOn = this.#core.options.async && this.#shape.async;
    const takesMuch = target.takesMuch === true && (goesOn || this.#mayPassMuch);
    const areSmall = (bytes: number): boolean =>
      areWithin(bytes, this.#shape.parameters, this.#bound, this.#mostParameters, this.#given);
    const room = takesMuch ? environment.roomFor("arguments", areSmall, goesOn) : undefined;
    if (room !== undefined) {
      if (goesOn) return this.#startBeside(target, room);
      const called = callInTurn(environment, target, room, () => this.#callHostFunction(target));
      return scheduler.block(called, (value) => this.#takeAndAnswer(target, value));
    }
    const cancellation = goesOn ? new AbortController() : undefined;
    const answer = this.#callHostFunction(target, cancellation?.signal);
    if (!(answer instanceof Promise)) return this.#takeAndAnswer(target, answer);
    if (cancellation !== undefined) {
      this.#takeBeside(target, answer, cancellation);
      return this.#answerAsync();
    }
    return scheduler.block(environment.waitFor(answer, target.discard), (value) => this.#takeAndAnswer(target, value));
  }

  /** Calls a function of the host's as soon as there is room for what it is given. Until then nothing of that is lifted. */
  #startBeside(target: HostImport, room: Promise<Room>): CoreAnswer {
    const { environment, scheduler } = this.#parts;
    const subtask = this.#subtask;
    subtask.callee = { requestCancellation: () => this.#resolve(undefined) };
    void scheduler.beside(room, (granted) => {
      if (granted.status === "rejected") throw granted.reason;
      if (subtask.isResolved) {
        granted.value.release();
        return;
      }
      const cancellation = new AbortController();
      const answer = callWithRoom(environment, granted.value, () =>
        this.#callHostFunction(target, cancellation.signal),
      );
      if (answer instanceof Promise) this.#takeBeside(target, answer, cancellation);
      else this.#take(target, answer);
    });
    return this.#answerAsync();
  }

  /** Takes what a function of the host's answers beside the guest. One that the guest has cancelled may give up instead. */
  #takeBeside(target: HostImport, answer: Promise<unknown>, cancellation: AbortController): void {
    this.#subtask.callee = { requestCancellation: () => cancellation.abort() };
    void this.#parts.scheduler.beside(answer, (ended) => {
      if (ended.status === "fulfilled") this.#take(target, ended.value);
      else if (cancellation.signal.aborted) this.#resolve(undefined);
      else throw ended.reason;
    });
  }

  #takeAndAnswer(target: HostImport, value: unknown): CoreValue | undefined {
    this.#take(target, value);
    return this.#core.options.async ? this.#answerAsync() : this.#answerSync();
  }

  #callHostFunction(target: HostImport, cancelled?: AbortSignal): unknown {
    const owned: unknown[] = [];
    const parameters = liftArguments(this.#parts.environment, owned, () => this.#start("host-function", owned));
    return target.call(parameters, owned, cancelled);
  }

  /** Gives the guest what a function of the host's answered. What it cannot be given is disposed of. */
  #take(target: HostImport, value: unknown): void {
    try {
      this.#resolve([value]);
    } catch (thrown) {
      target.discard(value);
      throw thrown;
    }
  }

  get #shape(): PreparedLift["shape"] {
    return this.#parts.prepared.shape(this.#parts.prepared.function(this.#core.function).type, this.#core.options);
  }

  get #mayPassMuch(): boolean {
    const { prepared } = this.#parts;
    const { type } = prepared.function(this.#core.function);
    return prepared.plan.functionTypes[type]?.parameters.some((one) => prepared.mayBeLarge(one.type)) === true;
  }

  get #mostParameters(): number {
    return this.#core.options.async ? MAX_FLAT_ASYNC_PARAMETERS : MAX_FLAT_PARAMETERS;
  }

  #start(receiver: Receiver, owned?: unknown[]): unknown[] {
    this.#subtask.state = SUBTASK.started;
    this.#notify();
    const scoped = { state: this.#state, scope: this.#subtask };
    const owner = owned === undefined ? scoped : { ...scoped, owned };
    const context = this.#parts.contexts.lift(this.#bound, owner, receiver);
    return this.#shape.parameters.lift(context, this.#mostParameters, this.#given);
  }

  #resolve(results: readonly unknown[] | undefined): void {
    const subtask = this.#subtask;
    if (results === undefined) {
      const hasStarted = subtask.state === SUBTASK.started;
      subtask.state = hasStarted ? SUBTASK.cancelledBeforeReturned : SUBTASK.cancelledBeforeStarted;
    } else {
      this.#lower(results);
      subtask.state = SUBTASK.returned;
    }
    this.#notify();
  }

  #lower(results: readonly unknown[]): void {
    const { contexts } = this.#parts;
    const { results: row } = this.#shape;
    const state = this.#state;
    const most = this.#core.options.async ? 0 : MAX_FLAT_RESULTS;
    const given = row.length === 0 ? [] : results;
    state.mayLeave = false;
    const context = contexts.lower(this.#bound, { state, scope: this.#task });
    this.#results = row.lower(context, most, given, this.#given[this.#given.length - 1]);
    state.mayLeave = true;
  }

  #notify(): void {
    if (!this.#isInTable) return;
    this.#subtask.notify();
    this.#parts.scheduler.stir();
  }

  #answerSync(): CoreValue | undefined {
    this.#subtask.deliver();
    return this.#results[0];
  }

  #answerAsync(): CoreValue {
    const subtask = this.#subtask;
    if (subtask.isResolved) {
      subtask.deliver();
      return subtask.state;
    }
    subtask.index = this.#state.handles.add(subtask);
    this.#isInTable = true;
    return subtask.state | (subtask.index << STATE_BITS);
  }
}

/** The core function that calls a component function. */
export function lowered(parts: EngineParts, core: Lower): (task: Task, given: readonly CoreValue[]) => CoreAnswer {
  const { prepared } = parts;
  const target = prepared.function(core.function);
  const { async: isAsync } = prepared.shape(target.type, core.options);
  const lift = prepared.lift(core.function);
  const path = target.from === "import" ? target.path : [];
  if (lift === undefined && !isAsync && !core.options.async) return hostCall(parts, core, path);
  return (task, given) => {
    if (isAsync && !core.options.async && !task.mayBlock) trap("waits in a function that may not");
    const call = new LoweredCall(parts, core, { task, given });
    if (lift !== undefined) return call.callGuest(lift);
    return call.callHost(path);
  };
}
