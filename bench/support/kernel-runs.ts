import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import type { HardenedModule } from "../../src/hardening/harden-module.ts";
import { hardenModule } from "../../src/hardening/harden-module.ts";
import { Checkpoint } from "../../src/runtime/worker/checkpoint.ts";
import { FuelMeter } from "../../src/runtime/worker/fuel-meter.ts";
import { guard, guardImports } from "../../src/runtime/worker/guard.ts";
import { ProcessorTime } from "../../src/runtime/worker/processor-time.ts";
import { GUARD_NAMESPACE, memoryField, MEMORY_NAMESPACE } from "../../src/shared/hardening-profile.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/shared/limits.ts";

/** Every limit is on, and none is reached. */
const LIMITS: Limits = { ...DEFAULT_LIMITS, fuel: 2 ** 50, timeoutMs: 600_000, cpuTimeMs: 600_000 };

const MEMORY_CAP_PAGES = LIMITS.memoryBytes / 65_536;

/** One way to run a kernel. */
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

type Exported = (n: number) => number;

/** As V8 runs it when nobody has touched it. */
export function bareRun(bytes: Uint8Array<ArrayBuffer>): KernelRun {
  const run = exportedRun(bytes, {});
  return { run, optimize: () => optimize(run) };
}

/** Memories are imports with maxima, tables have maxima, and nothing is counted. */
export function hardenedRun(bytes: Uint8Array<ArrayBuffer>): KernelRun {
  const hardened = hardenModule(bytes);
  const run = exportedRun(bytesOf(hardened), memoriesOf(hardened));
  return { run, optimize: () => optimize(run) };
}

/**
 * Counted, with fuel, a deadline, a limit of processor time and turns with neighbours, as the worker has it: on a stack that can be
 * suspended, coming by the checkpoint after each slice, with one break at least.
 */
export function meteredRun(bytes: Uint8Array<ArrayBuffer>): MeteredRun {
  const hardened = hardenModule(bytes, { meter: true });
  const fuel = new FuelMeter(LIMITS.fuel);
  guard(checkpoint(fuel));
  const run = exportedRun(bytesOf(hardened), {
    ...memoriesOf(hardened),
    [GUARD_NAMESPACE]: guardImports(fuel.counter),
  });
  const suspendable = WebAssembly.promising(run);
  let before = 0;
  return {
    run: (n) => {
      before = fuel.used;
      guard(checkpoint(fuel));
      return suspendable(n);
    },
    optimize: () => optimize(run),
    fuel: () => fuel.used - before,
  };
}

/** What an invocation that begins now is checked by. */
function checkpoint(fuel: FuelMeter): Checkpoint {
  const time = new ProcessorTime(LIMITS.cpuSharePercent);
  time.enter();
  let isOver = false;
  return new Checkpoint({
    limits: LIMITS,
    fuel,
    time,
    memory: () => undefined,
    isOver: () => isOver,
    end: () => {
      isOver = true;
    },
    hasNeighbours: () => false,
    takeBreak: async () => {
      time.leave();
      await nextTurn();
      time.enter();
    },
  });
}

function exportedRun(bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports): Exported {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports["run"] as Exported;
}

function bytesOf(hardened: HardenedModule): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hardened.bytes);
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
