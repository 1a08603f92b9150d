import { runInThisContext } from "node:vm";
import type { Artifact } from "../../src/component/artifact.ts";
import { memoryMaximum } from "../../src/runtime/worker/memory-allotment.ts";
import { FuelMeter } from "../../src/runtime/worker/fuel-meter.ts";
import { Guard, REFUSED } from "../../src/runtime/worker/guard.ts";
import { GUARD_NAMESPACE, memoryField, MEMORY_NAMESPACE } from "../../src/shared/hardening-profile.ts";
import { PAGE_BYTES } from "../../src/shared/page-bytes.ts";

/** A component's exports or imports as the glue has them. */
export type Interface = Readonly<Record<string, unknown>>;

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Readonly<Record<string, Interface>>,
  instantiateCore: (module: WebAssembly.Module, imports?: WebAssembly.Imports) => WebAssembly.Instance,
) => Interface;

/** The memory cap of an invocation that sets none, in bytes. */
const MEMORY_CAP_BYTES = 128 * 1024 * 1024;

/**
 * What a call is measured against: the same glue, the same core modules and the same memories as the sandbox uses, and
 * nothing else. No worker, no realm of its own, no checks, no deadline.
 */
export class BareProgram {
  readonly #glue: () => Instantiate;
  readonly #modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly #memories: readonly (readonly WebAssembly.MemoryDescriptor[])[];

  constructor(artifact: Artifact) {
    const modules = artifact.modules.map(({ name, bytes, memories }) => ({
      name,
      memories,
      module: new WebAssembly.Module(bytes),
    }));
    const { glue, instantiations } = artifact;
    this.#glue = runInThisContext(`(function () {"use strict";${glue}\n})`) as () => Instantiate;
    this.#modules = new Map(modules.map(({ name, module }) => [name, module]));
    this.#memories = instantiations.map((name) =>
      (modules.find((module) => module.name === name)?.memories ?? []).map((memory) => ({
        initial: memory.initialPages,
        maximum: memoryMaximum(memory, MEMORY_CAP_BYTES / PAGE_BYTES),
      })),
    );
  }

  /** A fresh instance. */
  instantiate(imports: Readonly<Record<string, Interface>> = {}): Interface {
    let next = 0;
    const fuel = new FuelMeter(Number.MAX_SAFE_INTEGER);
    const guard = new Guard(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
    const slice = (): number => fuel.next() ?? REFUSED;
    const nextSlice = (left: number): number => (fuel.settle(left), slice());
    const wentAhead = (units: number): void => fuel.grant(units);
    guard.occupy({
      ticket: 1,
      sliceUnits: fuel.sliceUnits,
      nextSlice,
      ahead: () => 0,
      wentAhead,
      yieldProcessor: async () => slice(),
      keepProcessor: slice,
      grow: () => 1,
    });
    return this.#glue()(
      (name) => this.#module(name),
      imports,
      (module, given) => {
        const memories = (this.#memories[next++] ?? []).map(
          (descriptor, position) => [memoryField(position), new WebAssembly.Memory(descriptor)] as const,
        );
        return new WebAssembly.Instance(module, {
          ...given,
          [MEMORY_NAMESPACE]: Object.fromEntries(memories),
          [GUARD_NAMESPACE]: guard.imports(fuel.counter),
        });
      },
    );
  }

  /** Calls a root-level export on a fresh instance. */
  async call(
    name: string,
    parameters: readonly unknown[],
    imports?: Readonly<Record<string, Interface>>,
  ): Promise<unknown> {
    const exported = this.instantiate(imports)[name] as (...parameters: readonly unknown[]) => unknown;
    return exported(...parameters);
  }

  #module(name: string): WebAssembly.Module {
    const module = this.#modules.get(name);
    if (module === undefined) throw new Error(`the artifact has no core module ${name}`);
    return module;
  }
}
