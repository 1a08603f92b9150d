import type { HostContext } from "../../host/capability.ts";
import { descriptorsOf } from "../../host/preview1/descriptor-table.ts";
import { drainStdio } from "../../host/stdio/drain-stdio.ts";
import { AskedExchange } from "../../host/http/asked-exchange.ts";
import { incomingCall } from "../../host/http/incoming-exchange.ts";
import { messageOf } from "../../shared/errors.ts";
import { CoreModuleGuest } from "../core/core-module-guest.ts";
import type { HttpRequestHead } from "../../shared/http-message.ts";
import { NO_INTERRUPTION, type RunningGuest } from "./running-guest.ts";
import type { ExportPath, InstanceCall, Invocation, Program, WorkerOutcome, WorkerUsage } from "../messages.ts";
import { RunningComponent } from "./component-guest.ts";
import { CopyBudget } from "./metering/copy-budget.ts";
import { CallQueue } from "./call-queue.ts";
import { Checkpoint, outOfFuel } from "./metering/checkpoint.ts";
import { EndState } from "./end-state.ts";
import { guestContext } from "./guest-context.ts";
import type { GuestEnvironment } from "./guest-environment.ts";
import { FuelMeter, sliceUnitsFor } from "./metering/fuel-meter.ts";
import { ownCounter } from "./metering/guard.ts";
import { GuestMemory } from "./memory/guest-memory.ts";
import { GuestCrossings, type SendableOutcome } from "./crossings/guest-crossings.ts";
import { givenBy } from "../crossings/given-value.ts";
import { HostCallGate } from "./host-call-gate.ts";
import { addWeight } from "./memory/memory-weight.ts";
import { NestedStacks } from "./stacks/nested-stacks.ts";
import { outcomeOfThrown } from "./outcome-of-thrown.ts";
import type { HeldPolicy } from "./policy/live-policies.ts";
import { Presence } from "./presence.ts";
import { ProcessorTime } from "./metering/processor-time.ts";
import { isLargerThan } from "./metering/value-size.ts";

/** What the memories of an instance that is made ahead may hold, in bytes, and what may be computed for it, in units of fuel. */
const MAX_AHEAD = { bytes: 4 * 2 ** 20, fuel: 1_000_000 } as const;

/** One call on one fresh instance, or the calls of one that stays. */
export class GuestInvocation {
  #ticket: number;
  #invocation: Invocation;
  readonly #environment: GuestEnvironment;
  readonly #endState = new EndState(() => this.#fuel.cutShort());
  readonly #context: HostContext;
  readonly #policy: HeldPolicy;
  readonly #gate: HostCallGate;
  readonly #fuel: FuelMeter;
  readonly #time: ProcessorTime;
  readonly #presence: Presence;
  readonly #checkpoint: Checkpoint;
  readonly #budget: CopyBudget;
  readonly #stacks: NestedStacks;
  readonly #crossings: GuestCrossings;
  readonly #calls = new CallQueue();
  #memory: GuestMemory | undefined;
  /** One of its core instances. They live as long as each other. */
  #instance: WebAssembly.Instance | undefined;
  #stacksLeft = 0;
  #denials = 0;
  #guest: RunningGuest | undefined;
  #overBudget = false;
  #responded: Promise<void> | undefined;
  /** Whether it came to its end by itself, so that its memories can be used again. */
  #isSettled = false;

  #isPrepared = false;
  #fuelToMake: number | undefined;

  /** @param fuel Units of fuel until it is adopted, for one that is made ahead. */
  constructor(
    ticket: number,
    invocation: Invocation,
    environment: GuestEnvironment,
    fuel: number = invocation.limits.fuel,
  ) {
    this.#ticket = ticket;
    this.#invocation = invocation;
    this.#environment = environment;
    const { memoryBytes } = invocation.limits;
    this.#fuel = new FuelMeter(fuel, () => environment.guard.catchUp(), sliceUnitsFor(memoryBytes));
    this.#stacks = new NestedStacks(environment.stacks, environment.stackBytes, environment.tally);
    this.#time = new ProcessorTime(invocation.limits.cpuSharePercent);
    this.#presence = new Presence(ticket, {
      turns: environment.turns,
      observations: environment.observations,
      time: this.#time,
      signal: this.#endState.signal,
      occupy: () => this.#occupy(),
    });
    this.#budget = new CopyBudget({
      crossingBytes: invocation.limits.maxCrossingBytes,
      exceeded: () => this.#exceeded(),
      spend: (units) => this.#spend(units),
      refuseIfOver: () => this.#refuseIfOver(),
    });
    this.#checkpoint = new Checkpoint({
      ticket,
      limits: invocation.limits,
      fuel: this.#fuel,
      time: this.#time,
      memory: () => this.#memory,
      isOver: () => this.#isOver(),
      end: (ending) => this.#endState.end(ending),
      hasNeighbours: environment.hasMoreToDo,
      holds: () => environment.holds(this.#ticket),
      yieldProcessor: (pauseMs) => this.#gate.following(this.#presence.yieldProcessor(pauseMs)),
      interrupt: () => (this.#guest === undefined ? NO_INTERRUPTION : this.#guest.interrupt()),
      handOver: () => environment.observations.handOver(),
    });
    this.#policy = environment.policies.hold(invocation.programId, invocation);
    this.#context = guestContext({
      invocation,
      policy: this.#policy,
      current: () => ({ ticket: this.#ticket, invocation: this.#invocation }),
      endState: this.#endState,
      asks: environment.asks,
      observations: environment.observations,
      denied: () => {
        this.#denials += 1;
      },
      exceeded: () => this.#exceeded(),
      refuseIfOver: () => this.#refuseIfOver(),
    });
    this.#gate = new HostCallGate({
      context: this.#context,
      endState: this.#endState,
      presence: this.#presence,
      policies: environment.policies,
      isOver: () => this.#isOver(),
      toCheckpoint: () => this.#fuel.cutShort(),
    });
    this.#crossings = new GuestCrossings({
      queues: environment.crossings,
      share: environment.shareOf(invocation.programId),
      gate: this.#gate,
      signal: this.#endState.signal,
      crossingBytes: invocation.limits.maxCrossingBytes,
      exceeded: () => this.#exceeded(),
      taken: () => this.#budget.taken,
      copied: environment.copied,
      tally: environment.tally,
    });
  }

  /** Makes the instance, for a call that is not there yet. Never rejects; whether it was made. */
  async prepare(program: Program): Promise<boolean> {
    this.#presence.occupy();
    this.#time.enter();
    try {
      await this.#instantiate(program);
    } catch {
      return false;
    } finally {
      this.#presence.leave();
    }
    this.#isPrepared = true;
    return this.#fuelToMake !== undefined && this.#endState.ending === undefined && !this.#fuel.isOverdrawn;
  }

  /** The instance that is there is for this call: one of the same program, with the same limits. */
  adopt(ticket: number, invocation: Invocation): void {
    if (this.#policy.take(invocation)) this.#policy.settle();
    this.#ticket = ticket;
    this.#invocation = invocation;
    this.#presence.ticket = ticket;
    this.#checkpoint.ticket = ticket;
    this.#fuel.add(invocation.limits.fuel - this.#fuel.limit);
    this.#checkpoint.begin();
    this.#memory?.begin();
  }

  /** Nobody will call the instance that is there. */
  drop(): void {
    this.#endState.finish();
    this.#disposeOfAll();
    this.#memory?.release();
    this.#stacks.release();
    this.#environment.guard.vacate(this.#checkpoint);
    this.#policy.release();
  }

  /** How many stacks the engine has back, with that of the invocation. */
  get stacksLeft(): number {
    return 1 + this.#stacksLeft;
  }

  /** Units of fuel that it took to make the instance; undefined for one that is not to be made ahead. */
  get fuelToMake(): number | undefined {
    return this.#fuelToMake;
  }

  /** Runs the call to its end. Never rejects. */
  async run(program: Program): Promise<WorkerOutcome> {
    this.#presence.enter();
    const outcome = await this.#runToItsEnd(program);
    // Before anything is taken from it: tasks may be left that would go on without what they hold.
    this.#endState.finish();
    this.#isSettled = returned(outcome) && this.#endState.ending === undefined && this.#guest?.isSettled === true;
    this.#presence.leave();
    const failure = this.#disposeOfAll();
    // What the guest wrote before its end is handed on, however it ended.
    await drainStdio(this.#context);
    await this.#responded;
    this.#endState.abort();
    // What it had begun comes to its end first, and is recorded.
    await this.#gate.settled();
    this.#crossings.close();
    this.#presence.leave();
    this.#memory?.release();
    this.#stacksLeft = this.#stacks.release();
    return failure ?? this.#endState.ending ?? (this.#overBudget ? { kind: "host-memory" } : outcome);
  }

  /** What the host holds for the guest goes. Where that fails it is a fault of the host's, which costs no other guest. */
  #disposeOfAll(): WorkerOutcome | undefined {
    try {
      this.#guest?.dispose();
      return undefined;
    } catch (thrown) {
      return { kind: "fault", message: `what it held could not be let go: ${messageOf(thrown)}` };
    }
  }

  async #runToItsEnd(program: Program): Promise<WorkerOutcome> {
    try {
      const guest = this.#isPrepared && this.#guest !== undefined ? this.#guest : await this.#instantiate(program);
      const { target, parameters } = this.#invocation;
      return await (target === undefined ? this.#serve(guest) : this.#callExport(guest, target, parameters));
    } catch (thrown) {
      return this.#bounded(outcomeOfThrown(thrown));
    }
  }

  async #instantiate(program: Program): Promise<RunningGuest> {
    const guest = this.#guestOf(program);
    this.#guest = guest;
    await guest.instantiate();
    const isCheap = this.#fuel.used <= MAX_AHEAD.fuel && (this.#memory?.bytes ?? 0) <= MAX_AHEAD.bytes;
    if (isCheap && this.#gate.counts.size === 0) this.#fuelToMake = this.#fuel.used;
    return guest;
  }

  async #callExport(guest: RunningGuest, target: ExportPath, parameters: readonly unknown[]): Promise<WorkerOutcome> {
    const { request } = this.#invocation;
    try {
      const given = request === undefined ? parameters : this.#requestParameters(request);
      // What answers a request may go on writing its body, and an instance that stays is called again when it is done.
      const goesOn = request !== undefined || this.#invocation.target === undefined;
      return this.#bounded({ kind: "value", value: await guest.call(target, given, goesOn) });
    } catch (thrown) {
      return this.#bounded(outcomeOfThrown(thrown));
    } finally {
      this.#endWhereOverdrawn();
    }
  }

  #endWhereOverdrawn(): void {
    if (this.#fuel.isOverdrawn) this.#endState.end(outOfFuel(this.#fuel));
  }

  /** Takes calls, one after the other, until there are no more or one of them ends the instance. */
  async #serve(guest: RunningGuest): Promise<WorkerOutcome> {
    for (let outcome: WorkerOutcome | undefined; ;) {
      this.#presence.pause();
      this.#environment.ready(this.#ticket, outcome, this);
      const call = await this.#calls.next();
      await this.#presence.goOn();
      if (call === undefined || this.#isOver()) return { kind: "value", value: undefined };
      this.#fuel.add(call.fuel);
      this.#checkpoint.begin();
      outcome = await this.#answerCall(guest, call);
      if (!returned(outcome) || this.#isOver()) return outcome;
    }
  }

  async #answerCall(guest: RunningGuest, { target, parameters, drops }: InstanceCall): Promise<WorkerOutcome> {
    try {
      await guest.release(drops);
    } catch (thrown) {
      return outcomeOfThrown(thrown);
    } finally {
      this.#endWhereOverdrawn();
    }
    if (target === undefined || this.#isOver()) return { kind: "value", value: undefined };
    return this.#callExport(guest, target, parameters);
  }

  /** Has what it held collected some time. For when its end has been reported, since that takes a while. */
  discard(isLoaded: boolean): void {
    if (this.#isSettled && this.#endState.ending === undefined) {
      this.#guest?.unlink();
      if (isLoaded) this.#memory?.recycle();
    }
    if (this.#instance !== undefined) addWeight(this.#instance, this.#memory?.bytes ?? 0);
    this.#environment.guard.vacate(this.#checkpoint);
    this.#policy.release();
    this.#instance = undefined;
    this.#memory = undefined;
    this.#guest = undefined;
  }

  /** What is sent to the main thread for an outcome, in which case it holds nothing of it any more. */
  sendable(outcome: WorkerOutcome): SendableOutcome {
    const sendable = this.#crossings.sendable(outcome);
    this.#crossings.release();
    return sendable;
  }

  /** Calls an instance that stays, or ends it when there is no call. */
  enter(call: InstanceCall | undefined): void {
    this.#calls.push(call);
  }

  /** Ends pending host calls and refuses new ones; the guest is poisoned. */
  cancel(): void {
    this.#endState.abort();
    this.#guest?.end();
    this.#calls.push(undefined);
  }

  /** What the invocation used so far. */
  usage(): WorkerUsage {
    return {
      fuel: this.#fuel.used,
      longestHoldMs: this.#checkpoint.longestHoldMs,
      cpuMs: this.#time.used(),
      memoryHighWaterBytes: (this.#memory?.bytes ?? 0) + this.#environment.stackBytes + this.#stacks.highWaterBytes,
      hostCalls: this.#gate.counts,
      denials: this.#denials,
      readBytes: this.#context.meters.read.used,
      writtenBytes: this.#context.meters.write.used,
      handlesHighWater: (this.#guest?.handlesHighWater ?? 0) + (descriptorsOf.ifMade(this.#context)?.highWater ?? 0),
    };
  }

  /** What leaves the worker takes its share of the main thread's heap, which all callers live on. */
  #bounded(outcome: WorkerOutcome): WorkerOutcome {
    // What was packed was compared when it was.
    const over = this.#overBudget || isLargerThan(givenBy(outcome), this.#invocation.limits.maxCrossingBytes);
    return over ? { kind: "host-memory" } : outcome;
  }

  /** A guest that is to answer an HTTP request takes the request, and where its answer goes, as resources. */
  #requestParameters(head: HttpRequestHead): readonly unknown[] {
    const call = incomingCall(this.#context, new AskedExchange(this.#context, head));
    if ("tag" in call) throw new Error(`the request is over the limits: ${call.tag}`);
    this.#responded = call.answered;
    return [call.request, call.responseOut];
  }

  #guestOf(program: Program): RunningGuest {
    const memory = new GuestMemory(
      program,
      this.#invocation.limits,
      this.#environment.tally,
      this.#environment.memories,
    );
    this.#memory = memory;
    const parts = {
      program,
      memory,
      guard: this.#environment.guard.imports(this.#fuel.counter),
      context: this.#context,
      gate: this.#gate,
      endState: this.#endState,
      crossings: this.#crossings,
      made: (instance: WebAssembly.Instance) => this.#made(instance),
    };
    const { core, component } = program;
    if (core !== undefined) return new CoreModuleGuest({ ...parts, core });
    if (component === undefined) throw new Error("the program is neither a component nor a core module");
    return new RunningComponent({
      ...parts,
      component,
      interfaces: this.#environment.interfaces,
      presence: this.#presence,
      budget: this.#budget,
      stacks: this.#stacks,
      handles: this.#environment.handles,
      isOver: () => this.#isOver(),
    });
  }

  #made(instance: WebAssembly.Instance): void {
    this.#instance = instance;
    const own = ownCounter(instance);
    if (own !== undefined) this.#fuel.track(own);
  }

  #exceeded(): void {
    this.#endState.assertStackRoom();
    this.#overBudget = true;
    this.#endState.end({ kind: "host-memory" });
    this.#endState.abort();
  }

  /** Charges what the host does between guests, who may not go on when there is no more. */
  #spend(units: number): void {
    this.#fuel.spend(units);
    if (!this.#fuel.isOverdrawn) return;
    this.#endState.end(outOfFuel(this.#fuel));
    this.#endState.refuseIfOver();
  }

  #refuseIfOver(): void {
    this.#isOver();
    this.#endState.refuseIfOver();
  }

  #isOver(): boolean {
    if (this.#environment.turns.isToEnd(this.#ticket)) this.cancel();
    return this.#endState.isOver;
  }

  /** What the guest's code calls from now on is called for this guest. */
  #occupy(): void {
    this.#budget.reset();
    this.#environment.guard.occupy(this.#checkpoint);
  }
}

/** Whether a call came to its end by returning. */
function returned({ kind }: WorkerOutcome): boolean {
  return kind === "value" || kind === "guest-error";
}
