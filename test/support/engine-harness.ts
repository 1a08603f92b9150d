import { decodeComponent } from "../../src/component/decode-component.ts";
import { Trap } from "../../src/runtime/abi/trap.ts";
import { Engine } from "../../src/runtime/engine/engine.ts";
import type { EngineEnvironment, HostImport } from "../../src/runtime/engine/environment.ts";
import { PreparedPlan } from "../../src/runtime/engine/prepared-plan.ts";

/** A component that is ready to be instantiated by the engine alone: no worker, no hardening, no limits but on handles. */
export interface Compiled {
  readonly prepared: PreparedPlan;
  readonly modules: readonly WebAssembly.Module[];
}

/** Functions of the host, by their paths joined with `#`. */
export type HostImports = ReadonlyMap<string, HostImport>;

/** Validates and compiles a component. */
export function compileComponent(bytes: Uint8Array, imports: HostImports = new Map()): Compiled {
  const { plan, unsupported, coreModules } = decodeComponent(bytes);
  const modules = coreModules.map(({ offset, size }) => new WebAssembly.Module(bytes.slice(offset, offset + size)));
  if (plan === undefined) throw new Error(`unsupported: ${unsupported ?? ""}`);
  const prepared = new PreparedPlan(plan, (path) => imports.get(path.join("#"))?.blocking === true);
  return { prepared, modules };
}

/** An instance that the engine made, and how it ended, if it did. */
export interface Running {
  readonly engine: Engine;
  readonly failure: () => unknown;
}

/** Makes an instance. Rejects when that traps. */
export async function instantiate(compiled: Compiled, imports: HostImports = new Map()): Promise<Running> {
  let failure: unknown;
  const environment: EngineEnvironment = {
    handles: { take: () => true, giveBack: () => undefined },
    maxHandles: 10_000,
    charges: { copy: () => undefined, make: () => undefined, work: () => undefined },
    admit: () => {
      if (failure !== undefined) throw new Error("the invocation has ended");
    },
    fail: (thrown) => {
      failure ??= thrown ?? new Error("failed");
    },
    tooManyHandles: () => {
      throw new Trap("holds too many handles");
    },
    leave: () => undefined,
    comeBack: () => new Promise((resolve) => setImmediate(resolve)),
    waitFor: (answer) => answer,
    dispose: (object) => (object as Partial<Disposable>)[Symbol.dispose]?.(),
    roomFor: () => undefined,
    resultLifted: () => undefined,
    askStream: () => new Promise(() => undefined),
    isOver: () => failure !== undefined,
    isPaused: () => false,
    stacks: { held: 0, allowedBytes: undefined, take: () => true, giveBack: () => undefined },
  };
  const engine = new Engine(compiled.prepared, environment, {
    hostImport: (path) => {
      const found = imports.get(path.join("#"));
      if (found === undefined) throw new Error(`nothing provides ${path.join("#")}`);
      return found;
    },
    isEmbedders: () => false,
    makeInstance: (module, given) => {
      const compiledModule = module.from === "bytes" ? compiled.modules[module.index] : undefined;
      if (compiledModule === undefined) throw new Error("a module that is imported is not given");
      return new WebAssembly.Instance(compiledModule, given).exports;
    },
  });
  await engine.instantiate();
  return { engine, failure: () => failure };
}

/** Calls an exported function, by its path joined with `#`. */
export async function callExport(running: Running, path: string, given: readonly unknown[]): Promise<unknown> {
  const found = running.engine.exported(path.split("#"));
  if (found?.kind !== "function") throw new Error(`there is no function ${path}`);
  return running.engine.call(found.function, given).result;
}
