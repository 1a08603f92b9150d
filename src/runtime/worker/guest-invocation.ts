import { setTimeout as delay } from "node:timers/promises";
import type { HostContext, HostInterface, HostResult } from "../../host/capability.ts";
import { drainStdio } from "../../host/stdio/drain-stdio.ts";
import { allowPosixFolders } from "../../host/filesystem/filesystem-state.ts";
import { AskedExchange } from "../../host/http/asked-exchange.ts";
import { incomingCall } from "../../host/http/incoming-exchange.ts";
import type { LazyBytes } from "../../host/io/lazy-bytes.ts";
import { ioMeters } from "../../host/metering/io-meters.ts";
import type {
  ExportPath,
  ImportedFunction,
  InstanceCall,
  Invocation,
  Program,
  WorkerOutcome,
  WorkerUsage,
} from "../messages.ts";
import { CallQueue } from "./call-queue.ts";
import { Checkpoint } from "./checkpoint.ts";
import { FuelMeter } from "./fuel-meter.ts";
import { guard, guardImports } from "./guard.ts";
import { GuestMemory } from "./guest-memory.ts";
import { type LinkedFunction, linkedImports } from "./linked-imports.ts";
import { MemoryCapTooSmall } from "./memory-allotment.ts";
import type { Asks } from "./asks.ts";
import type { Observations } from "./observations.ts";
import { ProcessorTime } from "./processor-time.ts";
import type { GuestExports, Realm } from "./realm.ts";
import type { BoundFunction, BoundResult, Occupant } from "./realm-prelude.ts";
import { disposeAll, ResourceTable, TooManyHandles } from "./resource-table.ts";
import type { HandleShape } from "../../shared/handle-shape.ts";
import { assertStackRoom } from "./stack-room.ts";
import type { Turns } from "./turns.ts";
import { isLargerThan } from "./value-size.ts";

/** The longest delay of a timer of the glue, in milliseconds; its own are of 10 at most. */
const MAX_TIMER_MS = 60_000;

/** The reason of every abort. Without one, an error with its stack would be made for each invocation. */
const ENDED = new Error("the invocation has ended");

/** What an invocation needs of the worker it runs in. */
export interface GuestEnvironment {
  readonly turns: Turns;
  readonly interfaces: ReadonlyMap<string, HostInterface>;
  readonly observations: Observations;
  readonly asks: Asks;
  /** Whether the thread has anything to do besides the guest that runs. */
  readonly hasMoreToDo: () => boolean;
  /** Tells that a guest keeps the thread from others, and cannot be suspended. */
  readonly holds: (ticket: number) => void;
  /** Tells that an instance that stays is ready for a call, and how the one before ended. */
  readonly ready: (ticket: number, outcome: WorkerOutcome | undefined, guest: GuestInvocation) => void;
}

/** One call on one fresh instance, or the calls of one that stays. */
export class GuestInvocation {
  readonly #ticket: number;
  readonly #invocation: Invocation;
  readonly #environment: GuestEnvironment;
  readonly #abort = new AbortController();
  readonly #hostCalls = new Map<string, number>();
  readonly #context: HostContext;
  readonly #resources: ResourceTable;
  #memory: GuestMemory | undefined;
  #denials = 0;
  readonly #fuel: FuelMeter;
  readonly #time: ProcessorTime;
  readonly #checkpoint: Checkpoint;
  #realm: Realm | undefined;
  #overBudget = false;
  #hostEnding: WorkerOutcome | undefined;
  #responded: Promise<void> | undefined;
  #ended = false;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #occupant: Occupant;
  readonly #calls = new CallQueue();

  constructor(ticket: number, invocation: Invocation, environment: GuestEnvironment) {
    this.#ticket = ticket;
    this.#invocation = invocation;
    this.#environment = environment;
    this.#occupant = {
      crossingBytes: invocation.limits.maxCrossingBytes,
      exceeded: () => this.#exceeded(),
      later: (callback, delayMs) => this.#later(callback, delayMs),
    };
    this.#resources = new ResourceTable(invocation.limits.maxHandles);
    this.#fuel = new FuelMeter(invocation.limits.fuel);
    this.#time = new ProcessorTime(invocation.limits.cpuSharePercent);
    this.#checkpoint = new Checkpoint({
      limits: invocation.limits,
      fuel: this.#fuel,
      time: this.#time,
      memory: () => this.#memory,
      isOver: () => this.#isOver(),
      end: (ending) => void (this.#hostEnding ??= ending),
      hasNeighbours: environment.hasMoreToDo,
      holds: () => environment.holds(ticket),
      takeBreak: (pauseMs) => this.#takeBreak(pauseMs),
    });
    this.#context = {
      grants: invocation.grants,
      limits: invocation.limits,
      programArguments: invocation.programArguments,
      signal: this.#abort.signal,
      meters: ioMeters(invocation.limits),
      ask: (service, payload) => this.#ask(service, payload),
      end: (ending) => {
        this.#hostEnding ??= ending;
        throw new Error("the invocation has ended");
      },
      observe: (observation) => {
        if (observation.result === "Denied") this.#denials += 1;
        environment.observations.report(ticket, observation);
      },
    };
  }

  /** Runs the call to its end. Never rejects. */
  async run(realm: Realm, program: Program): Promise<WorkerOutcome> {
    this.#realm = realm;
    if (program.preview1) allowPosixFolders(this.#context);
    this.#enter();
    const outcome = await this.#runToItsEnd(realm, program);
    this.#leave();
    this.#resources.clear();
    // What the guest wrote before its end is handed on, however it ended.
    await drainStdio(this.#context);
    await this.#responded;
    this.#abort.abort(ENDED);
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    return this.#hostEnding ?? outcome;
  }

  async #runToItsEnd(realm: Realm, program: Program): Promise<WorkerOutcome> {
    try {
      this.#memory = new GuestMemory(program, this.#invocation.limits);
      const guest = this.#instantiate(realm, program, this.#memory);
      const { target, parameters } = this.#invocation;
      return await (target === undefined ? this.#serve(guest) : this.#callExport(guest, target, parameters));
    } catch (thrown) {
      return this.#bounded(outcomeOf(thrown));
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
      return this.#bounded(outcomeOf(thrown));
    }
  }

  /** Takes calls, one after the other, until there are no more or one of them ends the instance. */
  async #serve(guest: InstantiatedProgram): Promise<WorkerOutcome> {
    for (let outcome: WorkerOutcome | undefined; ;) {
      this.#leave();
      this.#environment.ready(this.#ticket, outcome, this);
      const call = await this.#calls.next();
      await this.#comeBack();
      if (call === undefined || this.#isOver()) return { kind: "value", value: undefined };
      this.#fuel.add(call.fuel);
      this.#checkpoint.begin();
      outcome = await this.#callExport(guest, call.target, call.parameters);
      const goesOn = outcome.kind === "value" || outcome.kind === "guest-error";
      if (!goesOn || this.#isOver()) return outcome;
    }
  }

  /** Calls an instance that stays, or ends it when there is no call. */
  enter(call: InstanceCall | undefined): void {
    this.#calls.push(call);
  }

  /** Ends pending host calls and refuses new ones; the guest is poisoned. */
  cancel(): void {
    this.#abort.abort(ENDED);
    this.#calls.push(undefined);
  }

  /** What the invocation used so far. */
  usage(): WorkerUsage {
    return {
      fuel: this.#fuel.used,
      longestHoldMs: this.#checkpoint.longestHoldMs,
      cpuMs: this.#time.used(),
      memoryHighWaterBytes: this.#memory?.bytes ?? 0,
      hostCalls: this.#hostCalls,
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
      functions: functions.map((linked) => this.#bind(linked)),
    }));
    const side = {
      next: (name: string) => memory.next(name),
      guard: guardImports(this.#fuel.counter),
      drop: (handle: number) => {
        assertStackRoom();
        this.#resources.drop(handle);
      },
      pour: (lazy: object, memory: ArrayBuffer, offset: number) => {
        assertStackRoom();
        this.#refuseIfEnded();
        return (lazy as LazyBytes).pour(memory, offset);
      },
    };
    return realm.instantiate(side, imports);
  }

  #bind(linked: LinkedFunction): BoundFunction {
    const { used, provided, className } = linked;
    return { ...used, className, blocking: provided.blocking, call: (parameters) => this.#call(linked, parameters) };
  }

  #call({ label, used, provided }: LinkedFunction, parameters: unknown[]): BoundResult | Promise<BoundResult> {
    this.#admit(label);
    const owned: object[] = [];
    const given = this.#resources.lift(parameters, used.parameters, owned);
    let answer: HostResult | Promise<HostResult>;
    try {
      answer = provided.call(this.#context, ...(given as never[]));
    } catch (thrown) {
      disposeAll(owned);
      throw thrown;
    }
    // What answers at once costs no turn: most reads and writes of files do.
    return answer instanceof Promise ? this.#awaited(used, answer, owned) : this.#answered(used, answer);
  }

  /** @param owned What the function was handed over, and is not responsible for when it fails. */
  async #awaited(used: ImportedFunction, answer: Promise<HostResult>, owned: readonly object[]): Promise<BoundResult> {
    this.#leave();
    const idle = this.#idleTimer();
    let result: HostResult | undefined;
    try {
      result = await answer;
    } finally {
      if (result === undefined) disposeAll(owned);
      clearTimeout(idle);
      await this.#environment.observations.caughtUp();
      await this.#comeBack();
      // Nobody will be given what it answered.
      if (result !== undefined && this.#isOver()) this.#resources.discard(result.val, shapeWithin(used, result.tag));
      this.#refuseIfEnded();
    }
    return this.#answered(used, result);
  }

  /** Lets the others of the thread have their turn, and the main thread's messages be seen. */
  async #takeBreak(pauseMs: number): Promise<void> {
    this.#leave();
    await this.#environment.observations.caughtUp();
    // Its end is not kept waiting.
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: this.#abort.signal }).catch(() => undefined);
    await this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    await this.#environment.turns.comeBack(this.#ticket);
    this.#time.enter();
    this.#occupy();
  }

  #idleTimer(): NodeJS.Timeout | undefined {
    const { idleTimeoutMs, timeoutMs } = this.#invocation.limits;
    if (idleTimeoutMs >= timeoutMs) return undefined;
    return setTimeout(() => {
      const message = `nothing happened for ${idleTimeoutMs} ms in a host call`;
      this.#hostEnding ??= { kind: "limit", limit: "idle-time", cap: idleTimeoutMs, message };
      this.#abort.abort(ENDED);
    }, idleTimeoutMs);
  }

  #answered(used: ImportedFunction, { tag, val }: HostResult): BoundResult {
    if (used.result === undefined) return { tag, val };
    try {
      return { tag, val: this.#resources.lower(val, shapeWithin(used, tag)) };
    } catch (thrown) {
      if (!(thrown instanceof TooManyHandles)) throw thrown;
      const cap = this.#invocation.limits.maxHandles;
      return this.#context.end({ kind: "limit", limit: "handles", cap, message: `it held more than ${cap} handles` });
    }
  }

  #later(callback: () => void, delayMs: number): void {
    assertStackRoom();
    if (this.#ended) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        void this.#environment.turns.lend(this.#ticket, () => {
          if (this.#ended) return;
          this.#occupy();
          callback();
        });
      },
      Math.max(0, Math.min(delayMs, MAX_TIMER_MS)),
    );
    this.#timers.add(timer);
  }

  /** What is asked is copied onto the main thread's heap, so it is bounded as a result is. */
  async #ask(service: string, payload: unknown): Promise<unknown> {
    if (isLargerThan(payload, this.#invocation.limits.maxCrossingBytes)) {
      this.#exceeded();
      throw new Error("the guest made the host copy more than one crossing may");
    }
    return this.#environment.asks.ask(this.#ticket, service, payload, this.#abort.signal);
  }

  #exceeded(): void {
    assertStackRoom();
    this.#overBudget = true;
    this.#abort.abort(ENDED);
  }

  #admit(label: string): void {
    assertStackRoom();
    this.#refuseIfEnded();
    this.#occupy();
    this.#hostCalls.set(label, (this.#hostCalls.get(label) ?? 0) + 1);
  }

  #refuseIfEnded(): void {
    if (this.#abort.signal.aborted || this.#hostEnding !== undefined) throw new Error("the invocation has ended");
  }

  #isOver(): boolean {
    if (this.#environment.turns.isToEnd(this.#ticket)) this.cancel();
    return this.#abort.signal.aborted || this.#hostEnding !== undefined;
  }

  /** What the guest's code calls from now on is called for this guest. */
  #occupy(): void {
    this.#realm?.occupy(this.#occupant);
    guard(this.#checkpoint);
  }

  #enter(): void {
    this.#environment.turns.take(this.#ticket);
    this.#occupy();
    this.#time.enter();
  }

  #leave(): void {
    this.#time.leave();
    this.#environment.observations.handOver();
    this.#environment.turns.leave();
  }
}

/** Where handles lie in an answer of one tag. */
function shapeWithin({ result, fallible }: ImportedFunction, tag: "ok" | "err"): HandleShape | undefined {
  return fallible && result?.kind === "variant" ? result.cases[tag] : result;
}

type InstantiatedProgram = ReturnType<Realm["instantiate"]>;
type GuestFunction = (...parameters: readonly unknown[]) => unknown;

function exportedFunction(guest: GuestExports, target: ExportPath): GuestFunction {
  const holder = target.interface === undefined ? guest : ownProperty(guest, target.interface);
  const found = ownProperty(holder, target.property);
  if (typeof found !== "function") throw new Error(`the component does not export ${JSON.stringify(target)}`);
  return (...parameters) => Reflect.apply(found, undefined, parameters) as unknown;
}

function ownProperty(holder: unknown, name: string): unknown {
  if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Record<string, unknown>)[name];
}

/** The glue's errors come from its own realm, so they are told apart by what they carry. */
function outcomeOf(thrown: unknown): WorkerOutcome {
  if (thrown instanceof MemoryCapTooSmall) return { kind: "memory", neededBytes: thrown.neededBytes };
  if (typeof thrown !== "object" || thrown === null) return { kind: "trap", message: String(thrown) };
  if (Object.hasOwn(thrown, "payload")) {
    return { kind: "guest-error", payload: (thrown as { readonly payload: unknown }).payload };
  }
  const { name, message } = thrown as { readonly name?: unknown; readonly message?: unknown };
  const text = typeof message === "string" && message !== "" ? message : String(name);
  return { kind: "trap", message: text };
}
