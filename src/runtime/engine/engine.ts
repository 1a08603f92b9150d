import type { CoreItem, PlanExport, PlanModule } from "../../shared/plan/plan.ts";
import { exportAt } from "../../shared/plan/plan-parts.ts";
import type { CoreValue } from "../abi/core-values.ts";
import { trap } from "../abi/trap.ts";
import { canonFunction, leaves } from "./built-ins/canon-functions.ts";
import { ComponentState } from "./component-state.ts";
import { CoreItems } from "./core-items.ts";
import type { CanonFunction, CoreAnswer, EngineParts } from "./engine-parts.ts";
import type { EngineEnvironment, HostImport } from "./environment.ts";
import { GuestImports } from "./guest-imports.ts";
import { EmbedderHandles } from "./handles/embedder-handles.ts";
import { TableBudget } from "./handles/handle-table.ts";
import type { HostValues } from "./handles/host-values.ts";
import { INSTANTIATION } from "./tasks/instantiation-task.ts";
import type { PreparedPlan } from "./prepared-plan.ts";
import { ResourceHandle } from "./handles/resource-handle.ts";
import { Scheduler } from "./tasks/scheduler.ts";
import { SharedCopy } from "./tasks/shared-copy.ts";
import { EmbedderStreams } from "./streams/embedder-streams.ts";
import { Task, type TaskEnds } from "./tasks/task.ts";
import { Tasks } from "./tasks/tasks.ts";
import { ValueContexts } from "./handles/value-contexts.ts";

/** How long core instances are made before the thread's other guests have a turn, in milliseconds. */
const BREAK_MS = 4;

/** What an instance of a program is made of besides its plan. */
export interface EngineImports {
  /** The function of the host at a path. */
  readonly hostImport: (path: readonly string[]) => HostImport;
  /** Whether the imported resource of that path is the embedder's: its objects are numbers here. */
  readonly isEmbedders: (path: readonly string[]) => boolean;
  /**
   * Makes a core instance, with what the guard and the memories of hardened modules need besides; tells the exports.
   *
   * @param position The instance's position among those of the plan.
   */
  readonly makeInstance: (
    module: PlanModule,
    imports: WebAssembly.Imports,
    position: number,
  ) => Readonly<Record<string, unknown>>;
}

/** A `canon` function of an instance, with what is asked at each call of it. */
interface Canon {
  readonly state: ComponentState;
  readonly mustLeave: boolean;
  readonly work: CanonFunction;
}

/** A call of an export that is under way. */
export interface ExportCall {
  /** What it returns; rejects when it traps or the invocation ends. */
  readonly result: Promise<unknown>;
  /** Waits until its task has ended, which may be later; rejects when that never comes. */
  readonly ended: () => Promise<void>;
}

/** One instance of a component, which executes its plan. */
export class Engine {
  readonly #parts: EngineParts;
  readonly #imports: EngineImports;
  readonly #states: readonly ComponentState[];
  readonly #budget: TableBudget;
  /** Tasks that guests have started. */
  readonly #tasks: TableBudget;
  readonly #embedder: EmbedderHandles;
  readonly #streams: EmbedderStreams;
  readonly #guestImports: GuestImports;
  readonly #canons: (Canon | undefined)[] = [];
  readonly #rejects = new Set<(reason: unknown) => void>();
  #coreInstances = 0;

  constructor(prepared: PreparedPlan, environment: EngineEnvironment, imports: EngineImports) {
    this.#imports = imports;
    const { maxHandles, tooManyHandles, handles } = environment;
    const budget = new TableBudget(maxHandles, tooManyHandles, handles);
    this.#budget = budget;
    this.#embedder = new EmbedderHandles(budget);
    const states: ComponentState[] = [];
    for (const [index, { parent }] of prepared.plan.componentInstances.entries()) {
      const outer = parent === undefined ? undefined : states[parent];
      states.push(new ComponentState(index, outer, budget, prepared.maySuspend[index] === true));
    }
    this.#states = states;
    const fail = (thrown: unknown): void => this.fail(thrown);
    const scheduler = new Scheduler(environment, fail);
    this.#tasks = new TableBudget(maxHandles, tooManyHandles, handles);
    const guestImports = GuestImports.of(this, prepared);
    this.#guestImports = guestImports;
    const items = new CoreItems(guestImports);
    const ask: EngineEnvironment["askStream"] = (asked) => environment.askStream(asked);
    this.#streams = new EmbedderStreams(prepared, { scheduler, ask, fail }, budget);
    const values = this.#hostValues(prepared);
    const contexts = new ValueContexts(environment.charges, values, scheduler);
    const tasks = new Tasks({
      scheduler,
      items,
      contexts,
      states,
      stacks: guestImports.stacks,
      limit: environment.stacks,
      environment,
      budget: this.#tasks,
      fail,
    });
    this.#parts = {
      environment,
      prepared,
      scheduler,
      items,
      contexts,
      tasks,
      values,
      stateOf: (instance) => this.#stateOf(instance),
      hostImport: (path) => this.#imports.hostImport(path),
    };
  }

  /** The most handles and the like that it held at once. */
  get handlesHighWater(): number {
    return this.#budget.highWater;
  }

  /** Says what runs next, where a break of the guest's is made to wait for. */
  get scheduler(): Scheduler {
    return this.#parts.scheduler;
  }

  /** Executes the plan: makes the core instances, and runs start functions. */
  async instantiate(): Promise<void> {
    const { prepared, scheduler, environment } = this.#parts;
    let since = performance.now();
    for (const step of prepared.plan.steps) {
      environment.admit();
      if (performance.now() - since > BREAK_MS) {
        environment.leave();
        await environment.comeBack();
        since = performance.now();
      }
      if (step.step === "start") {
        await this.call(step.function, []).ended();
        continue;
      }
      if (step.step === "link") {
        this.#parts.items.link(step.link);
        continue;
      }
      const imports = Object.create(null) as Record<string, Record<string, unknown>>;
      for (const { module, name, item } of step.arguments) {
        const holder = (imports[module] ??= Object.create(null) as Record<string, unknown>);
        holder[name] = this.#importValue(item);
      }
      const state = this.#stateOf(step.instance);
      scheduler.current = new Task(INSTANTIATION, state, undefined, { ends: INSTANTIATION.ends, scheduler });
      scheduler.isStarting = true;
      try {
        const exports = this.#imports.makeInstance(step.module, imports, this.#coreInstances);
        this.#coreInstances += 1;
        this.#parts.items.add(exports);
      } finally {
        scheduler.current = undefined;
        scheduler.isStarting = false;
      }
    }
  }

  /**
   * Calls an exported function, by its index in the plan.
   *
   * @param answered Takes what it returns, at once, and gives what is kept of it until the caller has it.
   */
  call(index: number, given: readonly unknown[], answered: (value: unknown) => unknown = (value) => value): ExportCall {
    const lift = this.#parts.prepared.lift(index);
    const start = (ends: TaskEnds): Task | undefined => {
      if (lift !== undefined) return this.#parts.tasks.start(lift, undefined, ends);
      this.#callHost(index, ends);
      return undefined;
    };
    return this.#begin(given, start, answered);
  }

  /**
   * Lets go of handles that the embedder has, one after the other: runs the destructors of resources that the guest defines. Rejects when
   * one of them traps or the invocation ends.
   */
  async release(handles: readonly number[]): Promise<void> {
    const { prepared, tasks, values, environment } = this.#parts;
    for (const number of handles) {
      const held = this.#embedder.drop(number);
      if (held === undefined) continue;
      if (values.definerOf(held.resource) === undefined) environment.dispose(held.rep);
      const destructor = prepared.destructor(held.resource);
      if (destructor === undefined) continue;
      environment.admit();
      await this.#begin([held.rep], (ends) => tasks.start(destructor, undefined, ends)).ended();
    }
  }

  /** Begins a call of the embedder's. */
  #begin(
    given: readonly unknown[],
    start: (ends: TaskEnds) => Task | undefined,
    answered: (value: unknown) => unknown = (value) => value,
  ): ExportCall {
    const { scheduler } = this.#parts;
    const result = Promise.withResolvers<unknown>();
    const ended = Promise.withResolvers<void>();
    const reject = (reason: unknown): void => {
      result.reject(reason);
      ended.reject(reason);
    };
    // Whoever calls may wait for one of the two alone.
    for (const { promise } of [result, ended]) promise.catch(() => undefined);
    this.#rejects.add(reject);
    let [task, hasEnded]: [Task | undefined, boolean] = [undefined, false];
    const forgetResolved = (): void => {
      for (const one of scheduler.awaited) if (one.isResolved) scheduler.awaited.delete(one);
    };
    try {
      task = start({
        start: () => [...given],
        resolve: (results) => {
          forgetResolved();
          result.resolve(answered(results?.[0]));
        },
        exit: () => {
          this.#rejects.delete(reject);
          hasEnded = true;
          forgetResolved();
          ended.resolve();
        },
      });
    } catch (thrown) {
      this.fail(thrown);
    }
    scheduler.stir();
    const awaitEnd = (): Promise<void> => {
      if (task !== undefined && !hasEnded) {
        scheduler.awaited.add(task);
        scheduler.stir();
      }
      return ended.promise;
    };
    return { result: result.promise, ended: awaitEnd };
  }

  /** Calls a function of the host's that the component exports as it is: as the guest would, but with values of the embedder's. */
  #callHost(index: number, ends: TaskEnds): void {
    const { prepared, environment, scheduler, hostImport } = this.#parts;
    const target = prepared.function(index);
    const { call, discard } = hostImport(target.from === "import" ? target.path : []);
    environment.admit();
    const answer = call(ends.start(), []);
    const work = answer instanceof Promise ? environment.waitFor(answer, discard) : Promise.resolve(answer);
    const settled = scheduler.block(work, (value) => {
      ends.resolve([value]);
      ends.exit();
    });
    settled.catch((thrown: unknown) => this.fail(thrown));
  }

  /** Resolves when nothing that it has begun to write for the embedder waits to be read. */
  written(): Promise<void> {
    return this.#streams.written();
  }

  /** The export at a path: names from the root inwards. */
  exported(path: readonly string[]): PlanExport | undefined {
    return exportAt(this.#parts.prepared.plan, path);
  }

  /**
   * Whether nothing is left that could run, or have its memories read or written: no task that has not come to its end, nothing that
   * waits, and no stream or future whose other end is somewhere.
   */
  get isSettled(): boolean {
    if (this.#rejects.size > 0 || this.#tasks.held > 0 || !this.#parts.scheduler.isIdle) return false;
    let resources = [...this.#embedder.held()].length;
    for (const { handles } of this.#states) {
      for (const entry of handles.entries()) if (entry instanceof ResourceHandle) resources += 1;
    }
    return this.#budget.held === resources;
  }

  /** Ends it for what was thrown: nothing of it runs any more. */
  fail(thrown: unknown): void {
    this.#parts.environment.fail(thrown);
    for (const reject of this.#rejects) reject(thrown);
    this.#rejects.clear();
    this.#streams.end();
  }

  /** It is over: lets go of its stacks, and of the host's objects that it has handles of, the last first. The embedder lets go of its own by itself. */
  dispose(): void {
    this.#budget.release();
    this.#tasks.release();
    this.#parts.scheduler.end();
    const objects: unknown[] = [];
    for (const { rep, resource } of this.#embedder.held()) {
      if (this.#parts.values.definerOf(resource) === undefined) objects.push(rep);
    }
    for (const state of this.#states) {
      for (const entry of state.handles.entries()) {
        if (!(entry instanceof ResourceHandle) || !entry.owns) continue;
        if (this.#parts.values.definerOf(entry.resource) === undefined) objects.push(entry.rep);
      }
    }
    using stack = new DisposableStack();
    for (const object of objects)
      if (typeof object === "object") stack.defer(() => this.#parts.environment.dispose(object));
  }

  /** Nothing of it is called any more: see {@link GuestImports}. Only when it {@link isSettled}. */
  unlink(): void {
    this.#guestImports.giveBack(this, this.#parts.prepared);
  }

  #stateOf(instance: number): ComponentState {
    const state = this.#states[instance];
    if (state === undefined) throw new Error(`the plan has no component instance ${instance}`);
    return state;
  }

  #importValue(item: CoreItem): unknown {
    if (item.from === "export") return this.#parts.items.exported(item);
    return this.#guestImports.stacks.importOf(item.index) ?? this.#guestImports.canon(item.index);
  }

  /** A core function that ran on a stack of its own has come to its end. */
  done(result: CoreValue | undefined): void {
    this.#parts.tasks.done(result);
  }

  /** What the stack that runs may hold when it is suspended, in bytes; undefined for as much as there is. */
  get allowedStackBytes(): number | undefined {
    return this.#parts.tasks.allowedStackBytes;
  }

  /** A core instance calls a `canon` function: whatever is thrown ends the invocation, since the guest could catch it. */
  callCanon(index: number, given: readonly CoreValue[]): CoreAnswer {
    const { environment, scheduler } = this.#parts;
    try {
      environment.admit();
      const { state, mustLeave, work } = (this.#canons[index] ??= this.#canon(index));
      if (mustLeave && !state.mayLeave) trap("called a function that it imports while values were passed to it");
      const task = scheduler.current;
      if (task?.state !== state) throw new Error("code of a guest runs that belongs to no task of its instance");
      return work(task, given);
    } catch (thrown) {
      this.fail(thrown);
      throw thrown;
    }
  }

  #canon(index: number): Canon {
    const core = this.#parts.prepared.plan.coreFunctions[index];
    if (core === undefined) throw new Error(`the plan has no core function ${index}`);
    this.#parts.items.assertLinked(core);
    return { state: this.#stateOf(core.instance), mustLeave: leaves(core), work: canonFunction(this.#parts, core) };
  }

  #hostValues({ plan }: PreparedPlan): HostValues {
    const definerOf = (resource: number): ComponentState | undefined => {
      const found = plan.resources[resource];
      return found?.from === "definition" ? this.#states[found.instance] : undefined;
    };
    const handles = this.#embedder;
    const isEmbedders = (resource: number): boolean => {
      const found = plan.resources[resource];
      return found?.from === "import" && this.#imports.isEmbedders(found.path);
    };
    return {
      definerOf,
      ownedOut: (rep, resource) => (isEmbedders(resource) ? (rep as number) : handles.add(rep, resource)),
      repOf: (value, resource, as) => {
        if (isEmbedders(resource)) return value;
        if (typeof value === "number") {
          return as === "own" ? handles.handOver(value, resource) : handles.lend(value, resource);
        }
        if (definerOf(resource) !== undefined) throw new Error("the embedder passed what is no handle");
        return value;
      },
      readableOut: (shared, type) => this.#streams.give(shared, type),
      sharedOf: (value, kind, type) => {
        if (typeof value === "number") return this.#streams.take(value, kind, type);
        if (value instanceof SharedCopy) return value;
        throw new Error(`the embedder passed what is no ${kind}`);
      },
    };
  }
}
