/** Runs modules bare and metered, and compares what they do. */
import { type HardenedModule, hardenModule, type HardenOptions } from "../../src/hardening/harden-module.ts";
import { COUNTER_EXPORT, GUARD_NAMESPACE, MEMORY_NAMESPACE } from "../../src/shared/plan/hardening-profile.ts";
import { type Guard, hardenedImports, makeGuard } from "./guard.ts";

/** Fuel for one module; what needs more is not run bare, since it may never end. */
const FUEL = 30_000_000;

interface WebAssemblyReflection {
  readonly Module: {
    imports: (module: WebAssembly.Module) => readonly { module: string; name: string; kind: string; type?: unknown }[];
    exports: (module: WebAssembly.Module) => readonly { name: string; kind: string }[];
  };
  readonly Table: new (descriptor: object) => unknown;
  readonly Tag: new (descriptor: object) => unknown;
  readonly Global: new (descriptor: object, value?: unknown) => { value: unknown };
}
const reflection = WebAssembly as unknown as WebAssemblyReflection;

/** What a module did: a line for each call, the memories at the end, and the fuel it took. */
export interface Trace {
  readonly lines: readonly string[];
  readonly fuel: number;
  /** Whether anything trapped. What a function that keeps the counter in a local used before it trapped counts only if it was spilled. */
  readonly trapped: boolean;
  /** Why it says nothing: out of fuel, out of stack, or not to be instantiated. */
  readonly cut: string | undefined;
}

/** What became of a comparison. */
export type Comparison = "same" | "skipped" | { readonly difference: string };

/** Compares what a module does bare with what it does metered, with either counter, twice. */
export function compare(module: Uint8Array, allow: HardenOptions["allow"] = {}): Comparison {
  // The engine validates functions in several threads, and finds a mix of both exception encodings only within one of them.
  if (!Array.from({ length: 4 }, () => WebAssembly.validate(module)).every(Boolean)) return "skipped";
  const bare = hardenModule(module, { allow });
  const shared = hardenModule(module, { allow, meter: true, counter: "shared" });
  const own = hardenModule(module, { allow, meter: true, counter: "own" });
  for (const [what, { bytes }] of Object.entries({ shared, own })) {
    if (!WebAssembly.validate(bytes)) return { difference: `with the ${what} counter it is not valid` };
  }
  const first = trace(shared);
  if (first.cut !== undefined) return "skipped";
  const others = { bare: trace(bare), again: trace(shared), own: trace(own) };
  for (const [what, other] of Object.entries(others)) {
    if (other.cut !== undefined) return "skipped";
    const at = first.lines.findIndex((line, index) => line !== other.lines[index]);
    if (at >= 0 || first.lines.length !== other.lines.length) {
      return { difference: `${what}: ${other.lines[at]} where metered gives ${first.lines[at]}` };
    }
    const comparable = what === "again" || (what === "own" && !first.trapped);
    if (comparable && other.fuel !== first.fuel) {
      return { difference: `${what}: ${other.fuel} units of fuel where the first run took ${first.fuel}` };
    }
  }
  return "same";
}

/** Instantiates a module and calls every function that it exports, in order, with fixed parameters. */
function trace(hardened: HardenedModule): Trace {
  const guard = makeGuard({ fuel: FUEL });
  const lines: string[] = [];
  const compiled = new WebAssembly.Module(hardened.bytes);
  const added = hardenedImports(hardened, guard);
  let exports: Record<string, unknown> = {};
  let trapped = false;
  const failed = (thrown: unknown): string | undefined => {
    if (guard.checkpoints > 0) return "fuel";
    if (thrown instanceof RangeError) return "stack";
    trapped = true;
    lines.push(describe(thrown));
    return undefined;
  };
  try {
    ({ exports } = new WebAssembly.Instance(compiled, { ...stubs(compiled, lines), ...added }));
  } catch (thrown) {
    const cut = failed(thrown);
    return { lines, fuel: used(guard, exports), trapped, cut };
  }
  for (const { name, kind } of reflection.Module.exports(compiled)) {
    const target = exports[name];
    if (kind !== "function" || typeof target !== "function") continue;
    try {
      // Text becomes a number or a bigint, whichever is wanted.
      const parameters = Array.from({ length: target.length }, (_item, index) => String(index * 37 + 11));
      lines.push(`${name}: ${describe(Reflect.apply(target as () => unknown, undefined, parameters))}`);
    } catch (thrown) {
      const cut = failed(thrown);
      if (cut !== undefined) return { lines, fuel: used(guard, exports), trapped, cut };
    }
  }
  for (const memory of Object.values(added[MEMORY_NAMESPACE] ?? {})) {
    const { buffer } = memory as WebAssembly.Memory;
    lines.push(`memory: ${buffer.byteLength} bytes, ${hash(new Uint8Array(buffer))}`);
  }
  for (const [name, value] of Object.entries(exports)) {
    if (name !== COUNTER_EXPORT && value instanceof reflection.Global)
      lines.push(`${name}: ${describe(safeValue(value))}`);
  }
  return { lines, fuel: used(guard, exports), trapped, cut: undefined };
}

function used(guard: Guard, exports: Record<string, unknown>): number {
  const own = exports[COUNTER_EXPORT] as { value: number } | undefined;
  return FUEL - guard.fuel - (own?.value ?? 0);
}

/** Something for everything that a module imports. */
export function stubs(compiled: WebAssembly.Module, lines: string[]): Record<string, Record<string, unknown>> {
  const made: Record<string, Record<string, unknown>> = {};
  for (const { module, name, kind } of reflection.Module.imports(compiled)) {
    if (module === GUARD_NAMESPACE || module === MEMORY_NAMESPACE) continue;
    made[module] ??= {};
    made[module][name] = stub(name, kind, lines);
  }
  return made;
}

function stub(name: string, kind: string, lines: string[]): unknown {
  switch (kind) {
    case "function":
      return (...parameters: unknown[]): unknown => {
        if (lines.length < 10_000) lines.push(`${name}(${parameters.map(describe).join(", ")})`);
        return 0;
      };
    case "table":
      return new reflection.Table({ element: "anyfunc", initial: 100 });
    case "memory":
      return new WebAssembly.Memory({ initial: 16, maximum: 20 });
    case "tag":
      return new reflection.Tag({ parameters: ["i32"] });
    default:
      return 7;
  }
}

function safeValue(global: { value: unknown }): unknown {
  try {
    return global.value;
  } catch {
    return "no value for JavaScript";
  }
}

function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? value.map(describe).join() : "an object";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** FNV-1a, over words. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (const word of new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)) {
    state = Math.imul(state ^ word, 0x01000193);
  }
  return state >>> 0;
}
