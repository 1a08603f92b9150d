import { parse } from "./wasm-tools.ts";
import type { HardenedModule } from "../../src/hardening/harden-module.ts";
import {
  COUNTER_EXPORT,
  GUARD_FIELDS,
  GUARD_NAMESPACE,
  MEMORY_NAMESPACE,
  memoryField,
} from "../../src/shared/plan/hardening-profile.ts";

/** What metered modules import, from JavaScript functions, as simple as can be. */
export interface Guard {
  readonly imports: Readonly<Record<string, unknown>>;
  /** The units that are left, here and in the instances that are tracked; below zero when too many were used. */
  fuel: number;
  /** Takes the counter of an instance's own into account, if it has one. */
  readonly track: (exports: object) => void;
  /** How often the checkpoint was asked. */
  checkpoints: number;
  /** What the module asked to grow by, in pages. */
  readonly grown: number[];
}

/** How a guard behaves. */
export interface GuardOptions {
  /** Units at the start. Default: 2^31 - 1. */
  readonly fuel?: number;
  /** Units to go on with, each time the counter is below zero; undefined refuses. Default: refuses. */
  readonly refill?: () => number | undefined;
  /** Whether memories may grow. Default: they may. */
  readonly mayGrow?: (pages: number) => boolean;
}

interface GlobalConstructor {
  new (type: { value: string; mutable?: boolean }, value: unknown): { value: unknown };
}

/** Functions have to be exported by a module to have a type. */
const SHIM = `(module
  (import "" "checkpoint" (func $checkpoint (param i32) (result i32)))
  (import "" "grow" (func $grow (param i32) (result i32)))
  (func (export "checkpoint") (param i32) (result i32) (call $checkpoint (local.get 0)))
  (func (export "grow") (param i32) (result i32) (call $grow (local.get 0))))`;

const shim = new WebAssembly.Module(await parse(SHIM));

/** A guard for the instances of one invocation. */
export function makeGuard({ fuel = 2 ** 31 - 1, refill, mayGrow = () => true }: GuardOptions = {}): Guard {
  const { Global } = WebAssembly as unknown as { Global: GlobalConstructor };
  const counter = new Global({ value: "i32", mutable: true }, fuel) as { value: number };
  const own: { value: number }[] = [];
  const grown: number[] = [];
  const left = (): number => own.reduce((sum, { value }) => sum + value, counter.value);
  const takeBack = (units: number): void => {
    for (const one of own) one.value = 0;
    counter.value = units;
  };
  let checkpoints = 0;
  const functions = new WebAssembly.Instance(shim, {
    "": {
      checkpoint(ofTheOneThatAsks: number): number {
        // What other instances have is as good.
        const all = left() + ofTheOneThatAsks;
        takeBack(Math.min(0, all));
        if (all >= 0) return all;
        checkpoints += 1;
        const more = refill?.();
        if (more === undefined) return -1;
        takeBack(0);
        return more;
      },
      grow(pages: number): number {
        grown.push(pages);
        return mayGrow(pages) ? 1 : 0;
      },
    },
  }).exports;
  return {
    imports: {
      [GUARD_FIELDS.counter]: counter,
      [GUARD_FIELDS.checkpoint]: functions["checkpoint"],
      [GUARD_FIELDS.grow]: functions["grow"],
    },
    grown,
    get fuel(): number {
      return left();
    },
    set fuel(units: number) {
      takeBack(units);
    },
    track(exports: object): void {
      const { [COUNTER_EXPORT]: counterOfIts } = exports as Record<string, { value: number } | undefined>;
      if (counterOfIts !== undefined) own.push(counterOfIts);
    },
    get checkpoints(): number {
      return checkpoints;
    },
  };
}

/** The imports that hardening adds to a module, with memories of their own maxima. */
export function hardenedImports({ memories }: HardenedModule, guard: Guard): Record<string, Record<string, unknown>> {
  return {
    [GUARD_NAMESPACE]: { ...guard.imports },
    [MEMORY_NAMESPACE]: Object.fromEntries(
      memories.map(({ initialPages, maximumPages, address64, shared }, position) => {
        const [initial, maximum] = [initialPages, maximumPages].map((one) =>
          one === undefined ? undefined : address64 ? BigInt(one) : one,
        );
        const descriptor = {
          initial,
          ...(maximum === undefined ? {} : { maximum }),
          address: address64 ? "i64" : "i32",
          shared,
        };
        return [memoryField(position), new WebAssembly.Memory(descriptor as unknown as { initial: number })];
      }),
    ),
  };
}
