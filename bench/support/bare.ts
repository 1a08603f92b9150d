import type { Artifact } from "../../src/component/artifact.ts";
import { Engine } from "../../src/runtime/engine/engine.ts";
import type { EngineEnvironment, HostImport } from "../../src/runtime/engine/environment.ts";
import { PreparedPlan } from "../../src/runtime/engine/prepared-plan.ts";
import { FuelMeter } from "../../src/runtime/worker/metering/fuel-meter.ts";
import { Guard, REFUSED } from "../../src/runtime/worker/metering/guard.ts";
import { memoryMaximum } from "../../src/runtime/worker/memory/memory-allotment.ts";
import { GUARD_NAMESPACE, memoryField, MEMORY_NAMESPACE } from "../../src/shared/plan/hardening-profile.ts";
import { withoutVersion } from "../../src/shared/wit/interface-name.ts";
import { camelCase } from "../../src/shared/wit/naming.ts";
import { PAGE_BYTES } from "../../src/shared/plan/page-bytes.ts";
import type { Plan } from "../../src/shared/plan/plan.ts";

/** Functions of an interface that a component imports, by their names in camel case; methods are those of the objects. */
export type Interface = Readonly<Record<string, unknown>>;

/** The memory cap of an invocation that sets none, in bytes. */
const MEMORY_CAP_BYTES = 128 * 1024 * 1024;

/** What nobody asks for, and nothing comes of. */
const ENVIRONMENT: EngineEnvironment = {
  handles: { take: () => true, giveBack: () => undefined },
  maxHandles: Number.MAX_SAFE_INTEGER,
  charges: { copy: () => undefined, make: () => undefined, work: () => undefined },
  admit: () => undefined,
  // What the guest is ended for, of which its trap says nothing.
  fail: (thrown) => void process.stderr.write(`${String(thrown)}\n`),
  tooManyHandles: () => {
    throw new Error("too many handles");
  },
  leave: () => undefined,
  comeBack: () => Promise.resolve(),
  waitFor: (answer) => answer,
  dispose: () => undefined,
  roomFor: () => undefined,
  resultLifted: () => undefined,
  askStream: () => new Promise(() => undefined),
  isOver: () => false,
  isPaused: () => false,
  stacks: { held: 0, allowedBytes: undefined, take: () => true, giveBack: () => undefined },
};

/**
 * What a call is measured against: the same plan, the same core modules and the same memories as the sandbox uses, executed in this
 * thread. No worker, no checks, no deadline.
 */
export class BareProgram {
  readonly #plan: Plan;
  readonly #prepared: PreparedPlan;
  readonly #modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly #instantiations: readonly string[];
  readonly #memories: readonly (readonly WebAssembly.MemoryDescriptor[])[];

  /** @param waits Whether functions of the host answer with promises. */
  constructor({ plan, modules, instantiations }: Artifact, waits: boolean = true) {
    if (plan === undefined) throw new Error("only components are measured");
    this.#plan = plan;
    this.#prepared = new PreparedPlan(plan, () => waits);
    this.#modules = new Map(modules.map(({ name, bytes }) => [name, new WebAssembly.Module(bytes)]));
    this.#instantiations = instantiations;
    this.#memories = instantiations.map((name) =>
      (modules.find((module) => module.name === name)?.memories ?? []).map((memory) => ({
        initial: memory.initialPages,
        maximum: memoryMaximum(memory, MEMORY_CAP_BYTES / PAGE_BYTES),
      })),
    );
  }

  /** Calls an export at the root, by its name in camel case, on a fresh instance. */
  async call(
    name: string,
    parameters: readonly unknown[],
    imports: Readonly<Record<string, Interface>> = {},
  ): Promise<unknown> {
    const exported = this.#plan.exports.find((one) => camelCase(one.name) === name);
    if (exported?.kind !== "function") throw new Error(`the component exports no function ${name}`);
    return (await this.#instance(imports)).call(exported.function, parameters).result;
  }

  /**
   * Calls an export of the only core module of a component that imports nothing, on a fresh instance with what it is made with: the
   * engine of JavaScript alone.
   */
  byHand(name: string, parameters: readonly number[]): unknown {
    const guard = new Guard(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
    const fuel = new FuelMeter(Number.MAX_SAFE_INTEGER);
    const [module] = this.#modules.values();
    if (module === undefined || this.#modules.size > 1) throw new Error("it is no component of one core module");
    const memories = (this.#memories[0] ?? []).map((descriptor, index) => [
      memoryField(index),
      new WebAssembly.Memory(descriptor),
    ]);
    const given = {
      [GUARD_NAMESPACE]: guard.imports(fuel.counter),
      [MEMORY_NAMESPACE]: Object.fromEntries(memories) as Record<string, WebAssembly.Memory>,
    };
    const { exports } = new WebAssembly.Instance(module, given);
    return (exports[name] as (...given: readonly number[]) => unknown)(...parameters);
  }

  async #instance(imports: Readonly<Record<string, Interface>>): Promise<Engine> {
    const fuel = new FuelMeter(Number.MAX_SAFE_INTEGER);
    const guard = new Guard(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
    const slice = (): number => fuel.next() ?? REFUSED;
    guard.occupy({
      ticket: 1,
      sliceUnits: fuel.sliceUnits,
      nextSlice: (left) => (fuel.settle(left), slice()),
      ahead: () => 0,
      wentAhead: (units) => fuel.grant(units),
      yieldProcessor: async () => slice(),
      keepProcessor: slice,
      grow: () => 1,
    });
    const engine = new Engine(this.#prepared, ENVIRONMENT, {
      isEmbedders: () => false,
      hostImport: (path) => hostImport(imports, path),
      makeInstance: (_module, given, position) => {
        const memories = (this.#memories[position] ?? []).map(
          (descriptor, index) => [memoryField(index), new WebAssembly.Memory(descriptor)] as const,
        );
        given[MEMORY_NAMESPACE] = Object.fromEntries(memories);
        given[GUARD_NAMESPACE] = guard.imports(fuel.counter);
        return new WebAssembly.Instance(this.#module(position), given).exports;
      },
    });
    await engine.instantiate();
    return engine;
  }

  #module(position: number): WebAssembly.Module {
    const module = this.#modules.get(this.#instantiations[position] ?? "");
    if (module === undefined) throw new Error(`the artifact has no core module for instance ${position}`);
    return module;
  }
}

type AnyFunction = (...parameters: readonly unknown[]) => unknown;

function hostImport(
  imports: Readonly<Record<string, Interface>>,
  [interfaceName = "", name = ""]: readonly string[],
): HostImport {
  const [, kind, , member] = /^\[(method|static)\]([^.]+)\.(.+)$/.exec(name) ?? [];
  const property = camelCase(member ?? name);
  const holder = imports[withoutVersion(interfaceName)] ?? {};
  return {
    blocking: true,
    call: (parameters) => {
      const [self, ...rest] = parameters;
      const called = (kind === "method" ? (self as Interface)[property] : holder[property]) as AnyFunction;
      return kind === "method" ? Reflect.apply(called, self, rest) : called(...parameters);
    },
    discard: () => undefined,
  };
}
