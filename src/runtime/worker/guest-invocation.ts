import { performance } from "node:perf_hooks";
import type { HostContext, HostFunction, HostInterface, HostResult } from "../../host/capability.ts";
import type { Invocation, Program, WorkerOutcome, WorkerUsage } from "../messages.ts";
import { MEMORY_NAMESPACE } from "../../shared/hardening-profile.ts";
import { GuestMemory } from "./guest-memory.ts";
import { MemoryCapTooSmall } from "./memory-allotment.ts";
import type { Observations } from "./observations.ts";
import type { GuestExports, Realm } from "./realm.ts";
import type { BoundImport, Occupant } from "./realm-prelude.ts";
import type { Turns } from "./turns.ts";
import { isLargerThan } from "./value-size.ts";

/** The longest delay of a timer of the glue, in milliseconds; its own are of 10 at most. */
const MAX_TIMER_MS = 60_000;

/** What an invocation needs of the worker it runs in. */
export interface GuestEnvironment {
  readonly turns: Turns;
  readonly interfaces: ReadonlyMap<string, HostInterface>;
  readonly observations: Observations;
}

/** One call on one fresh instance. */
export class GuestInvocation {
  readonly #ticket: number;
  readonly #invocation: Invocation;
  readonly #environment: GuestEnvironment;
  readonly #abort = new AbortController();
  readonly #hostCalls = new Map<string, number>();
  readonly #context: HostContext;
  #memory: GuestMemory | undefined;
  #denials = 0;
  #cpuMs = 0;
  #onProcessorSince = 0;
  #realm: Realm | undefined;
  #overBudget = false;
  #ended = false;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #occupant: Occupant;

  constructor(ticket: number, invocation: Invocation, environment: GuestEnvironment) {
    this.#ticket = ticket;
    this.#invocation = invocation;
    this.#environment = environment;
    this.#occupant = {
      crossingBytes: invocation.limits.maxCrossingBytes,
      exceeded: () => {
        this.#overBudget = true;
        this.#abort.abort();
      },
      later: (callback, delayMs) => this.#later(callback, delayMs),
    };
    this.#context = {
      grants: invocation.grants,
      limits: invocation.limits,
      signal: this.#abort.signal,
      observe: (observation) => {
        if (observation.result === "Denied") this.#denials += 1;
        environment.observations.report(ticket, observation);
      },
    };
  }

  /** Runs the call to its end. Never rejects. */
  async run(realm: Realm, program: Program): Promise<WorkerOutcome> {
    this.#realm = realm;
    this.#enter();
    try {
      this.#memory = new GuestMemory(program, this.#invocation.limits.memoryBytes);
      const guest = this.#instantiate(realm, program, this.#memory);
      const target = exportedFunction(guest, this.#invocation.target);
      const value = await target(...this.#invocation.parameters);
      return this.#bounded({ kind: "value", value });
    } catch (thrown) {
      return this.#bounded(outcomeOf(thrown));
    } finally {
      this.#leave();
      this.#abort.abort();
      this.#ended = true;
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  /** Ends pending host calls and refuses new ones; the guest is poisoned. */
  cancel(): void {
    this.#abort.abort();
  }

  /** What the invocation used so far. */
  usage(): WorkerUsage {
    return {
      cpuMs: this.#cpuMs,
      memoryHighWaterBytes: this.#memory?.bytes ?? 0,
      hostCalls: this.#hostCalls,
      denials: this.#denials,
    };
  }

  /** What leaves the worker takes its share of the main thread's heap, which all callers live on. */
  #bounded(outcome: WorkerOutcome): WorkerOutcome {
    const given =
      outcome.kind === "value" ? outcome.value : outcome.kind === "guest-error" ? outcome.payload : undefined;
    const over = this.#overBudget || isLargerThan(given, this.#invocation.limits.maxCrossingBytes);
    return over ? { kind: "host-memory" } : outcome;
  }

  #instantiate(realm: Realm, program: Program, memory: GuestMemory): GuestExports {
    const imports = program.imports.flatMap((imported) =>
      imported.functions.map((used) => this.#bind(imported.name, used.property, imported.providedBy, used.name)),
    );
    const side = {
      next: (name: string) => memory.next(name),
      made: (made: WebAssembly.Memory) => memory.track(made),
    };
    return realm.instantiate(side, imports, MEMORY_NAMESPACE).exports;
  }

  #bind(interfaceName: string, property: string, providedBy: string, name: string): BoundImport {
    const provided = this.#environment.interfaces.get(providedBy)?.functions.find((one) => one.name === name);
    if (provided === undefined) throw new Error(`nothing provides ${providedBy}#${name}`);
    const label = `${providedBy}#${name}`;
    return {
      interface: interfaceName,
      property,
      blocking: provided.blocking,
      call: provided.blocking
        ? (parameters) => this.#blockingCall(label, provided, parameters)
        : (parameters) => this.#directCall(label, provided, parameters),
    };
  }

  async #blockingCall(label: string, provided: HostFunction, parameters: unknown[]): Promise<HostResult> {
    this.#admit(label);
    this.#leave();
    try {
      return await provided.call(this.#context, ...(parameters as never[]));
    } finally {
      await this.#environment.observations.caughtUp();
      await this.#environment.turns.comeBack(this.#ticket);
      this.#onProcessorSince = performance.now();
      this.#realm?.occupy(this.#occupant);
      this.#refuseIfEnded();
    }
  }

  #directCall(label: string, provided: HostFunction, parameters: unknown[]): HostResult {
    this.#admit(label);
    return provided.call(this.#context, ...(parameters as never[])) as HostResult;
  }

  #later(callback: () => void, delayMs: number): void {
    if (this.#ended) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        void this.#environment.turns.lend(this.#ticket, () => {
          if (this.#ended) return;
          this.#realm?.occupy(this.#occupant);
          callback();
        });
      },
      Math.max(0, Math.min(delayMs, MAX_TIMER_MS)),
    );
    this.#timers.add(timer);
  }

  #admit(label: string): void {
    this.#refuseIfEnded();
    this.#realm?.occupy(this.#occupant);
    this.#hostCalls.set(label, (this.#hostCalls.get(label) ?? 0) + 1);
  }

  #refuseIfEnded(): void {
    if (this.#abort.signal.aborted) throw new Error("the invocation has ended");
  }

  #enter(): void {
    this.#environment.turns.take(this.#ticket);
    this.#realm?.occupy(this.#occupant);
    this.#onProcessorSince = performance.now();
  }

  #leave(): void {
    this.#cpuMs += performance.now() - this.#onProcessorSince;
    this.#environment.turns.leave();
  }
}

type GuestFunction = (...parameters: readonly unknown[]) => unknown;

function exportedFunction(guest: GuestExports, target: Invocation["target"]): GuestFunction {
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
