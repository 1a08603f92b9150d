import type { HostContext, HostInterface, HostResult } from "../../host/capability.ts";
import { DROP_SERVICE } from "../../host/custom/custom-function.ts";
import { customInterfaces, isCustomResource } from "../../host/custom/custom-interfaces.ts";
import { GUARD_NAMESPACE, MEMORY_NAMESPACE } from "../../shared/plan/hardening-profile.ts";
import { Engine } from "../engine/engine.ts";
import type { HostImport } from "../engine/environment.ts";
import { RETURNED_SERVICE, STREAM_SERVICE } from "../engine/streams/messages.ts";
import { guestInstance } from "../instance-modules.ts";
import { PreparedPlan } from "../engine/prepared-plan.ts";
import type { ComponentProgram, ExportPath, Program } from "../messages.ts";
import type { CopyBudget } from "./metering/copy-budget.ts";
import { Disposals } from "./disposals.ts";
import type { EndState } from "./end-state.ts";
import type { GuestMemory } from "./memory/guest-memory.ts";
import type { HostCallGate } from "./host-call-gate.ts";
import { type LinkedFunction, LinkedFunctions } from "./linked-functions.ts";
import { instancesOnStack } from "./trap-frames.ts";
import { outcomeOfThrown } from "./outcome-of-thrown.ts";
import type { GuestCrossings } from "./crossings/guest-crossings.ts";
import type { NestedStacks } from "./stacks/nested-stacks.ts";
import type { Presence } from "./presence.ts";
import type { Interruption, RunningGuest } from "./running-guest.ts";
import type { ThreadHandles } from "./thread-handles.ts";

/** What an instance of a component is made with. */
export interface ComponentGuestParts {
  readonly program: Program;
  readonly component: ComponentProgram;
  readonly interfaces: ReadonlyMap<string, HostInterface>;
  readonly memory: GuestMemory;
  /** What metered modules import from the guard's namespace. */
  readonly guard: WebAssembly.ModuleImports;
  readonly context: HostContext;
  readonly gate: HostCallGate;
  readonly endState: EndState;
  readonly presence: Presence;
  readonly budget: CopyBudget;
  readonly stacks: NestedStacks;
  readonly handles: ThreadHandles;
  readonly crossings: GuestCrossings;
  readonly isOver: () => boolean;
  /** Told of each core instance that was made. */
  readonly made: (instance: WebAssembly.Instance) => void;
}

/** What is prepared once for a program on this thread. */
interface Prepared {
  readonly plan: PreparedPlan;
  readonly linked: LinkedFunctions;
  /** What the embedder provides. */
  readonly custom: readonly HostInterface[];
}

const preparedPlans = new WeakMap<Program, Prepared>();

function preparedFor(
  program: Program,
  component: ComponentProgram,
  interfaces: ComponentGuestParts["interfaces"],
): Prepared {
  const known = preparedPlans.get(program);
  if (known !== undefined) return known;
  const linked = new LinkedFunctions(program, component, interfaces);
  const plan = new PreparedPlan(component.plan, (path) => linked.at(path).provided.blocking);
  const made = { plan, linked, custom: customInterfaces(program.custom) };
  preparedPlans.set(program, made);
  return made;
}

/** An instance of a component, and the host's side of it. */
export class RunningComponent implements RunningGuest {
  readonly #parts: ComponentGuestParts;
  readonly #engine: Engine;
  readonly #prepared: Prepared;
  readonly #imports = new Map<LinkedFunction, HostImport>();
  readonly #disposals: Disposals;

  constructor(parts: ComponentGuestParts) {
    this.#parts = parts;
    this.#prepared = preparedFor(parts.program, parts.component, parts.interfaces);
    const { endState, presence, gate, budget, context, crossings } = parts;
    this.#disposals = new Disposals((number) => {
      // Nobody waits for it; when the invocation has ended, all is let go of anyway.
      context.ask(DROP_SERVICE, number).catch(() => undefined);
    });
    const cap = context.limits.maxHandles;
    this.#engine = new Engine(
      this.#prepared.plan,
      {
        maxHandles: cap,
        stacks: parts.stacks,
        charges: budget,
        admit: () => gate.enter(),
        fail: (thrown) => {
          endState.end(outcomeOfThrown(thrown));
          endState.refuse();
        },
        handles: parts.handles,
        tooManyHandles: (held) => {
          const message =
            held < cap
              ? `it held ${held} handles, and its thread has no room for more beside those of other guests`
              : `it held more than ${cap} handles`;
          return context.end({ kind: "limit", limit: "handles", cap, message });
        },
        leave: () => presence.leave(),
        comeBack: () => gate.following(presence.comeBackSeen()),
        waitFor: (answer, unwanted) => gate.wait(answer, { unwanted }),
        roomFor: (crossing, areWithin, isBeside) => crossings.roomFor(crossing, areWithin, isBeside),
        resultLifted: () => crossings.resultLifted(),
        dispose: (object) => this.#disposals.dispose(object),
        askStream: (ask) => context.ask(STREAM_SERVICE, ask),
        isOver: parts.isOver,
        isPaused: () => presence.isPaused,
      },
      {
        hostImport: (path) => this.#hostImport(path),
        isEmbedders: (path) => isCustomResource(path, this.#prepared.custom),
        makeInstance: (_module, imports, position) => this.#makeInstance(imports, position),
      },
    );
  }

  get handlesHighWater(): number {
    return this.#engine.handlesHighWater;
  }

  instantiate(): Promise<void> {
    return this.#engine.instantiate();
  }

  async call(target: ExportPath, parameters: readonly unknown[], toTheEnd: boolean): Promise<unknown> {
    const found = this.#engine.exported(target);
    if (found?.kind !== "function") throw new Error(`the component does not export ${target.join("#")}`);
    const { plan } = this.#parts.component;
    const type = plan.functionTypes[plan.functions[found.function]?.type ?? -1];
    const isResult = type?.result !== undefined && plan.types[type.result]?.kind === "result";
    const returnsStream = toTheEnd && type?.result !== undefined && this.#prepared.plan.holdsStream(type.result);
    const { result, ended } = this.#engine.call(found.function, parameters, (value): Answer => {
      const answer = isResult ? (value as Answer) : { tag: "ok", val: value };
      if (returnsStream) return answer;
      return { tag: answer.tag, val: this.#parts.crossings.keep(answer.val, toTheEnd) };
    });
    const answer = await result;
    if (!returnsStream) {
      if (toTheEnd) await ended();
      return unwrapped(answer as Answer);
    }
    // Who called reads what goes on.
    const { context, crossings } = this.#parts;
    const handedOn = context
      .ask(RETURNED_SERVICE, answer)
      .catch(() => undefined)
      .finally(() => crossings.resultHandedOn());
    await ended();
    // A large one takes the other side a while: nothing is to overtake it.
    await handedOn;
    await this.#engine.written();
    return undefined;
  }

  release(handles: readonly number[]): Promise<void> {
    return this.#engine.release(handles);
  }

  interrupt(): Interruption | undefined {
    return this.#engine.scheduler.interrupt();
  }

  get isSettled(): boolean {
    return this.#engine.isSettled;
  }

  end(): void {
    this.#engine.fail(new Error("the invocation has ended"));
  }

  dispose(): void {
    this.#engine.dispose();
  }

  unlink(): void {
    this.#engine.unlink();
  }

  #makeInstance(given: WebAssembly.Imports, position: number): Readonly<Record<string, unknown>> {
    const { memory, guard, made, program } = this.#parts;
    const { module, index, memories } = memory.next(program.instantiations[position] ?? "");
    given[MEMORY_NAMESPACE] = memories;
    given[GUARD_NAMESPACE] = guard;
    const instance = guestInstance(module, given, index, instancesOnStack);
    made(instance);
    return instance.exports;
  }

  #hostImport(path: readonly string[]): HostImport {
    const linked = this.#prepared.linked.at(path);
    let bound = this.#imports.get(linked);
    if (bound === undefined) this.#imports.set(linked, (bound = this.#bind(linked)));
    return bound;
  }

  #bind({ provided, label, fallible }: LinkedFunction): HostImport {
    const { gate, context, crossings } = this.#parts;
    const counter = gate.counter(label);
    const valueOf = (result: HostResult): unknown => (fallible ? result : result.val);
    return {
      blocking: provided.blocking,
      takesMuch: provided.takesMuch === true,
      call: (parameters, owned, cancelled) => {
        gate.count(counter);
        const held = provided.takesMuch === true ? crossings.argumentsLifted(cancelled !== undefined) : undefined;
        let answer: HostResult | Promise<HostResult>;
        try {
          answer =
            cancelled === undefined || provided.cancellable === undefined
              ? provided.call(context, ...(parameters as never[]))
              : provided.cancellable(context, cancelled, ...(parameters as never[]));
        } catch (thrown) {
          held?.release();
          this.#disposals.disposeAll(owned);
          throw thrown;
        }
        if (!(answer instanceof Promise)) {
          held?.release();
          return valueOf(answer);
        }
        return gate
          .following(answer)
          .finally(() => held?.release())
          .then(valueOf, (thrown: unknown) => {
            this.#disposals.disposeAll(owned);
            throw thrown;
          });
      },
      discard: (value) => this.#disposals.disposeWithin(value),
    };
  }
}

/** A value of a `result`. */
interface Answer {
  readonly tag: string;
  readonly val?: unknown;
}

/** The value of `ok`. That of `err` is thrown. */
function unwrapped({ tag, val }: Answer): unknown {
  if (tag === "ok") return val;
  throw Object.assign(new Error("the guest returned an error"), { payload: val });
}
