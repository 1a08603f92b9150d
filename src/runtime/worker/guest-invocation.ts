import type { HostContext, HostInterface } from "../../host/capability.ts";
import { drainStdio } from "../../host/stdio/drain-stdio.ts";
import { allowPosixFolders } from "../../host/filesystem/filesystem-state.ts";
import { AskedExchange } from "../../host/http/asked-exchange.ts";
import { incomingCall } from "../../host/http/incoming-exchange.ts";
import type { LazyBytes } from "../../host/io/lazy-bytes.ts";
import { ioMeters } from "../../host/metering/io-meters.ts";
import { messageOf } from "../../shared/errors.ts";
import type { ExportPath, InstanceCall, Invocation, Program, WorkerOutcome, WorkerUsage } from "../messages.ts";
import type { Asks } from "./asks.ts";
import { CallQueue } from "./call-queue.ts";
import { Checkpoint, outOfFuel } from "./checkpoint.ts";
import { EndState } from "./end-state.ts";
import { exportedFunction } from "./exported-function.ts";
import { FuelMeter, sliceUnitsFor } from "./fuel-meter.ts";
import { type Guard, ownCounter } from "./guard.ts";
import { GuestMemory } from "./guest-memory.ts";
import { GuestTimers } from "./guest-timers.ts";
import { HostCalls } from "./host-calls.ts";
import { linkedImports } from "./linked-imports.ts";
import { addWeight } from "./memory-weight.ts";
import type { Observations } from "./observations.ts";
import { outcomeOfThrown } from "./outcome-of-thrown.ts";
import { Presence } from "./presence.ts";
import { ProcessorTime } from "./processor-time.ts";
import type { Realm } from "./realm.ts";
import type { Occupant } from "./realm-prelude.ts";
import { ResourceTable } from "./resource-table.ts";
import type { Turns } from "./turns.ts";
import { isLargerThan } from "./value-size.ts";

/** What an invocation needs of the worker it runs in. */
export interface GuestEnvironment {
  readonly turns: Turns;
  readonly guard: Guard;
  readonly interfaces: ReadonlyMap<string, HostInterface>;
  readonly observations: Observations;
  readonly asks: Asks;
  /** Whether the thread has anything to do besides the guest that runs. */
  readonly hasMoreToDo: () => boolean;
  /** Adds to the pages that the memories of the thread's guests have. */
  readonly tally: (pages: number) => void;
  /** Reports that a guest keeps the thread from others, and cannot be suspended. */
  readonly holds: (ticket: number) => void;
  /** Reports that an instance that stays is ready for a call, and how the one before ended. */
  readonly ready: (ticket: number, outcome: WorkerOutcome | undefined, guest: GuestInvocation) => void;
}

/** One call on one fresh instance, or the calls of one that stays. */
export class GuestInvocation {
  readonly #ticket: number;
  readonly #invocation: Invocation;
  readonly #environment: GuestEnvironment;
  readonly #endState = new EndState(() => this.#fuel.cutShort());
  readonly #context: HostContext;
  readonly #resources: ResourceTable;
  readonly #hostCalls: HostCalls;
  readonly #fuel: FuelMeter;
  readonly #time: ProcessorTime;
  readonly #presence: Presence;
  readonly #timers: GuestTimers;
  readonly #checkpoint: Checkpoint;
  readonly #occupant: Occupant;
  readonly #calls = new CallQueue();
  #memory: GuestMemory | undefined;
  /** One of its core instances. They live as long as each other. */
  #instance: WebAssembly.Instance | undefined;
  #denials = 0;
  #realm: Realm | undefined;
  #overBudget = false;
  #responded: Promise<void> | undefined;

  constructor(ticket: number, invocation: Invocation, environment: GuestEnvironment) {
    this.#ticket = ticket;
    this.#invocation = invocation;
    this.#environment = environment;
    const { fuel, memoryBytes } = invocation.limits;
    this.#fuel = new FuelMeter(fuel, () => environment.guard.catchUp(), sliceUnitsFor(memoryBytes));
    this.#time = new ProcessorTime(invocation.limits.cpuSharePercent);
    this.#presence = new Presence({
      ticket,
      turns: environment.turns,
      observations: environment.observations,
      time: this.#time,
      signal: this.#endState.signal,
      occupy: () => this.#occupy(),
    });
    const timers = new GuestTimers(this.#presence, this.#endState);
    this.#timers = timers;
    this.#occupant = {
      crossingBytes: invocation.limits.maxCrossingBytes,
      exceeded: () => this.#exceeded(),
      later: (callback, delayMs) => timers.later(callback, delayMs),
    };
    this.#checkpoint = new Checkpoint({
      ticket,
      limits: invocation.limits,
      fuel: this.#fuel,
      time: this.#time,
      memory: () => this.#memory,
      isOver: () => this.#isOver(),
      end: (ending) => this.#endState.end(ending),
      hasNeighbours: environment.hasMoreToDo,
      holds: () => environment.holds(ticket),
      yieldProcessor: (pauseMs) => this.#presence.yieldProcessor(pauseMs),
      handOver: () => environment.observations.handOver(),
    });
    this.#context = this.#contextFor(invocation);
    this.#resources = new ResourceTable(invocation.limits.maxHandles);
    this.#hostCalls = new HostCalls({
      context: this.#context,
      resources: this.#resources,
      endState: this.#endState,
      presence: this.#presence,
      isOver: () => this.#isOver(),
      toCheckpoint: () => this.#fuel.cutShort(),
    });
  }

  /** Runs the call to its end. Never rejects. */
  async run(realm: Realm, program: Program): Promise<WorkerOutcome> {
    this.#realm = realm;
    if (program.preview1) allowPosixFolders(this.#context);
    this.#presence.enter();
    const outcome = await this.#runToItsEnd(realm, program);
    this.#presence.leave();
    const failure = this.#disposeOfAll();
    // What the guest wrote before its end is handed on, however it ended.
    await drainStdio(this.#context);
    await this.#responded;
    this.#endState.abort();
    this.#timers.end();
    this.#memory?.release();
    return failure ?? this.#endState.ending ?? outcome;
  }

  /** What the host holds for the guest goes. Where that fails it is a fault of the host's, which costs no other guest. */
  #disposeOfAll(): WorkerOutcome | undefined {
    try {
      this.#resources.clear();
      return undefined;
    } catch (thrown) {
      return { kind: "fault", message: `what it held could not be let go: ${messageOf(thrown)}` };
    }
  }

  async #runToItsEnd(realm: Realm, program: Program): Promise<WorkerOutcome> {
    try {
      this.#memory = new GuestMemory(program, this.#invocation.limits, this.#environment.tally);
      const guest = this.#instantiate(realm, program, this.#memory);
      const { target, parameters } = this.#invocation;
      return await (target === undefined ? this.#serve(guest) : this.#callExport(guest, target, parameters));
    } catch (thrown) {
      return this.#bounded(outcomeOfThrown(thrown));
    }
  }

  async #callExport(
    guest: InstantiatedProgram,
    target: ExportPath,
    parameters: readonly unknown[],
  ): Promise<WorkerOutcome> {
    try {
      const exported = exportedFunction(guest.exports, target);
      const value = await exported(...this.#parametersFor(guest, parameters));
      return this.#bounded({ kind: "value", value });
    } catch (thrown) {
      return this.#bounded(outcomeOfThrown(thrown));
    } finally {
      if (this.#fuel.isOverdrawn) this.#endState.end(outOfFuel(this.#fuel));
    }
  }

  /** Takes calls, one after the other, until there are no more or one of them ends the instance. */
  async #serve(guest: InstantiatedProgram): Promise<WorkerOutcome> {
    for (let outcome: WorkerOutcome | undefined; ;) {
      this.#presence.leave();
      this.#environment.ready(this.#ticket, outcome, this);
      const call = await this.#calls.next();
      await this.#presence.comeBack();
      if (call === undefined || this.#isOver()) return { kind: "value", value: undefined };
      this.#fuel.add(call.fuel);
      this.#checkpoint.begin();
      outcome = await this.#callExport(guest, call.target, call.parameters);
      const goesOn = outcome.kind === "value" || outcome.kind === "guest-error";
      if (!goesOn || this.#isOver()) return outcome;
    }
  }

  /** Has what it held collected some time. For when its end has been reported, since that takes a while. */
  discard(): void {
    if (this.#instance !== undefined) addWeight(this.#instance, this.#memory?.bytes ?? 0);
  }

  /** Calls an instance that stays, or ends it when there is no call. */
  enter(call: InstanceCall | undefined): void {
    this.#calls.push(call);
  }

  /** Ends pending host calls and refuses new ones; the guest is poisoned. */
  cancel(): void {
    this.#endState.abort();
    this.#calls.push(undefined);
  }

  /** What the invocation used so far. */
  usage(): WorkerUsage {
    return {
      fuel: this.#fuel.used,
      longestHoldMs: this.#checkpoint.longestHoldMs,
      cpuMs: this.#time.used(),
      memoryHighWaterBytes: this.#memory?.bytes ?? 0,
      hostCalls: this.#hostCalls.counts,
      denials: this.#denials,
      readBytes: this.#context.meters.read.used,
      writtenBytes: this.#context.meters.write.used,
      handlesHighWater: this.#resources.highWater,
    };
  }

  /** What leaves the worker takes its share of the main thread's heap, which all callers live on. */
  #bounded(outcome: WorkerOutcome): WorkerOutcome {
    const given =
      outcome.kind === "value" ? outcome.value : outcome.kind === "guest-error" ? outcome.payload : undefined;
    const over = this.#overBudget || isLargerThan(given, this.#invocation.limits.maxCrossingBytes);
    return over ? { kind: "host-memory" } : outcome;
  }

  /** A guest that is to answer an HTTP request takes the request, and the way its answer goes, as resources. */
  #parametersFor({ resource, parameter }: InstantiatedProgram, parameters: readonly unknown[]): readonly unknown[] {
    const head = this.#invocation.request;
    if (head === undefined) return parameters.map((given) => parameter(given));
    const call = incomingCall(this.#context, new AskedExchange(this.#context, head));
    if ("tag" in call) throw new Error(`the request is over the limits: ${call.tag}`);
    this.#responded = call.answered;
    const given = [
      [call.request, "incoming-request"],
      [call.responseOut, "response-outparam"],
    ] as const;
    return given.map(([value, name]) => {
      const handle = this.#resources.lower(value, { kind: "own", resource: name });
      return resource(handle as number, name);
    });
  }

  #instantiate(realm: Realm, program: Program, memory: GuestMemory): InstantiatedProgram {
    const imports = linkedImports(program, this.#environment.interfaces).map(({ name, resources, functions }) => ({
      name,
      resources,
      functions: functions.map((linked) => this.#hostCalls.bind(linked)),
    }));
    const side = {
      next: (name: string) => memory.next(name),
      guard: this.#environment.guard.imports(this.#fuel.counter),
      made: (instance: WebAssembly.Instance) => {
        this.#instance = instance;
        const own = ownCounter(instance);
        if (own !== undefined) this.#fuel.track(own);
      },
      drop: (handle: number) => {
        this.#endState.assertStackRoom();
        this.#resources.drop(handle);
      },
      pour: (lazy: object, memory: ArrayBuffer, offset: number) => {
        this.#endState.assertStackRoom();
        this.#endState.refuseIfOver();
        return (lazy as LazyBytes).pour(memory, offset);
      },
    };
    return realm.instantiate(side, imports);
  }

  #contextFor(invocation: Invocation): HostContext {
    return {
      grants: invocation.grants,
      limits: invocation.limits,
      programArguments: invocation.programArguments,
      signal: this.#endState.signal,
      meters: ioMeters(invocation.limits),
      ask: (service, payload) => this.#ask(service, payload),
      end: (ending) => {
        this.#endState.end(ending);
        throw new Error("the invocation has ended");
      },
      observe: (observation) => {
        if (observation.result === "Denied") this.#denials += 1;
        this.#environment.observations.report(this.#ticket, observation);
      },
    };
  }

  /** What is asked is copied onto the main thread's heap, so it is bounded as a result is. */
  async #ask(service: string, payload: unknown): Promise<unknown> {
    if (isLargerThan(payload, this.#invocation.limits.maxCrossingBytes)) {
      this.#exceeded();
      throw new Error("the guest made the host copy more than one crossing may");
    }
    return this.#environment.asks.ask(this.#ticket, service, payload, this.#endState.signal);
  }

  #exceeded(): void {
    this.#endState.assertStackRoom();
    this.#overBudget = true;
    this.#endState.abort();
  }

  #isOver(): boolean {
    if (this.#environment.turns.isToEnd(this.#ticket)) this.cancel();
    return this.#endState.isOver;
  }

  /** What the guest's code calls from now on is called for this guest. */
  #occupy(): void {
    this.#realm?.occupy(this.#occupant);
    this.#environment.guard.occupy(this.#checkpoint);
  }
}

type InstantiatedProgram = ReturnType<Realm["instantiate"]>;
