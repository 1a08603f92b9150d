import { NO_INTERRUPTION } from "../../src/runtime/worker/running-guest.ts";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import type { HardenedModule } from "../../src/hardening/harden-module.ts";
import { hardenModule } from "../../src/hardening/harden-module.ts";
import { Checkpoint } from "../../src/runtime/worker/metering/checkpoint.ts";
import { FuelMeter } from "../../src/runtime/worker/metering/fuel-meter.ts";
import { Guard } from "../../src/runtime/worker/metering/guard.ts";
import { ProcessorTime } from "../../src/runtime/worker/metering/processor-time.ts";
import {
  COUNTER_EXPORT,
  GUARD_NAMESPACE,
  memoryField,
  MEMORY_NAMESPACE,
} from "../../src/shared/plan/hardening-profile.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/shared/limits/limits.ts";

/** Every limit is on, and none is reached. */
const LIMITS: Limits = { ...DEFAULT_LIMITS, fuel: 2 ** 50, timeoutMs: 600_000, cpuTimeMs: 600_000 };

const MEMORY_CAP_PAGES = LIMITS.memoryBytes / 65_536;

/** One setup that runs a kernel. */
export interface KernelRun {
  readonly run: (n: number) => number | Promise<number>;
  /**
   * Has the optimizing compiler do the exported function, for which the engine may not find it worth the while: the loops are in
   * those that it calls.
   *
   * @throws Error when the engine did not.
   */
  readonly optimize: () => void;
}

/** The same, counting. */
export interface MeteredRun extends KernelRun {
  /** Units of fuel that the last run used. */
  readonly fuel: () => number;
}

type Exported = (...parameters: readonly number[]) => number;

type Suspendable = (n: number) => Promise<number>;

/** The functions of a core module. */
export type CoreExports = Readonly<Record<string, Exported>>;

/** The functions of a core module as it is. */
export function bareExports(bytes: Uint8Array<ArrayBuffer>): CoreExports {
  return exportsOf(bytes, {});
}

/** The functions of a core module that counts, for an invocation that has begun and never ends. */
export function meteredExports(bytes: Uint8Array<ArrayBuffer>): CoreExports {
  return metered(bytes).exports;
}

/** As V8 runs it when nobody has touched it. */
export function bareRun(bytes: Uint8Array<ArrayBuffer>): KernelRun {
  const run = runOf(bareExports(bytes));
  return { run, optimize: () => optimize(run) };
}

/** Memories are imports with maxima, tables have maxima, and nothing is counted. */
export function hardenedRun(bytes: Uint8Array<ArrayBuffer>): KernelRun {
  const hardened = hardenModule(bytes);
  const run = runOf(exportsOf(hardened.bytes, memoriesOf(hardened)));
  return { run, optimize: () => optimize(run) };
}

/**
 * Counted, with fuel, a deadline, a limit of processor time and turns with neighbours, as the worker has it: on a stack that can be
 * suspended, coming by the checkpoint after each slice, with one break at least.
 */
export function meteredRun(bytes: Uint8Array<ArrayBuffer>): MeteredRun {
  const { exports, fuel } = metered(bytes);
  const run = runOf(exports);
  const suspendable = WebAssembly.promising(run as (...parameters: unknown[]) => unknown) as Suspendable;
  let before = 0;
  return {
    run: (n) => {
      before = fuel.used;
      GUARD.occupy(checkpoint(fuel));
      return suspendable(n);
    },
    optimize: () => optimize(run),
    fuel: () => fuel.used - before,
  };
}

/** That of the thread. */
const GUARD = new Guard(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));

/** As artifacts are. */
const METERED = { meter: true, counter: "own" } as const;

function metered(bytes: Uint8Array<ArrayBuffer>): { readonly exports: CoreExports; readonly fuel: FuelMeter } {
  const hardened = hardenModule(bytes, METERED);
  const fuel = new FuelMeter(LIMITS.fuel, () => GUARD.catchUp());
  GUARD.occupy(checkpoint(fuel));
  const guards = { [GUARD_NAMESPACE]: GUARD.imports(fuel.counter) };
  const exports = exportsOf(hardened.bytes, { ...memoriesOf(hardened), ...guards });
  fuel.track((exports as unknown as Readonly<Record<string, WebAssembly.Global<"i32">>>)[COUNTER_EXPORT] ?? missing());
  return { exports, fuel };
}

function missing(): never {
  throw new Error("the module has no counter of its own");
}

/** What an invocation that begins now is checked by. */
function checkpoint(fuel: FuelMeter): Checkpoint {
  const time = new ProcessorTime(LIMITS.cpuSharePercent);
  time.enter();
  let isOver = false;
  return new Checkpoint({
    ticket: 1,
    limits: LIMITS,
    fuel,
    time,
    memory: () => undefined,
    isOver: () => isOver,
    end: () => {
      isOver = true;
    },
    hasNeighbours: () => false,
    holds: () => undefined,
    interrupt: () => NO_INTERRUPTION,
    yieldProcessor: async () => {
      time.leave();
      await nextTurn();
      time.enter();
    },
    handOver: () => undefined,
  });
}

function exportsOf(bytes: Uint8Array, imports: WebAssembly.Imports): CoreExports {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), imports);
  return instance.exports as unknown as CoreExports;
}

function runOf({ run }: CoreExports): Exported {
  if (run === undefined) throw new Error("the module does not export run");
  return run;
}

function memoriesOf({ memories }: HardenedModule): WebAssembly.Imports {
  const made = memories.map(({ initialPages }, position) => [
    memoryField(position),
    new WebAssembly.Memory({ initial: initialPages, maximum: MEMORY_CAP_PAGES }),
  ]);
  return { [MEMORY_NAMESPACE]: Object.fromEntries(made) as WebAssembly.ModuleImports };
}

interface Engine {
  readonly tierUp: (run: Exported) => void;
  readonly isOptimized: (run: Exported) => boolean;
}

let engine: Engine | undefined;

function optimize(run: Exported): void {
  if (engine === undefined) {
    setFlagsFromString("--allow-natives-syntax");
    const text = "({ tierUp: (run) => %WasmTierUpFunction(run), isOptimized: (run) => %IsTurboFanFunction(run) })";
    engine = runInThisContext(text) as Engine;
  }
  engine.tierUp(run);
  if (!engine.isOptimized(run)) throw new Error("the engine did not optimize the function");
}
