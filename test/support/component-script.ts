import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { camelCase } from "../../src/shared/wit/naming.ts";
import { callExport, type Compiled, compileComponent, instantiate, type Running } from "./engine-harness.ts";

/** A command of a script that `wasm-tools json-from-wast` wrote. */
export interface ScriptCommand {
  readonly type: string;
  readonly line: number;
  readonly filename?: string;
  readonly name?: string;
  readonly instance?: string;
  readonly module?: string;
  readonly text?: string;
  readonly action?: { readonly field: string; readonly args: readonly ScriptValue[] };
  readonly expected?: readonly ScriptValue[];
}

interface ScriptValue {
  readonly type: string;
  readonly value?: unknown;
}

/** A value of a script in the shape that the SDK has it in. */
function toHost({ type, value }: ScriptValue): unknown {
  switch (type) {
    case "u64":
    case "s64":
      return BigInt(value as string);
    case "bool":
    case "string":
    case "char":
    case "enum":
      return value;
    case "list":
    case "tuple":
      return (value as readonly ScriptValue[]).map(toHost);
    case "record":
      return Object.fromEntries(
        (value as readonly (readonly [string, ScriptValue])[]).map(([name, one]) => [camelCase(name), toHost(one)]),
      );
    case "variant": {
      const { case: tag, payload } = value as { readonly case: string; readonly payload?: ScriptValue | null };
      return payload === undefined || payload === null ? { tag } : { tag, val: toHost(payload) };
    }
    case "option":
      return value === null ? undefined : toHost(value as ScriptValue);
    case "result": {
      const [[tag, inner]] = Object.entries(value as object) as [[string, ScriptValue | null]];
      return inner === null ? { tag: tag.toLowerCase() } : { tag: tag.toLowerCase(), val: toHost(inner) };
    }
    case "flags":
      return Object.fromEntries((value as readonly string[]).map((name) => [camelCase(name), true]));
    case "f32":
      return new Float32Array(Uint32Array.of(Number(value)).buffer)[0];
    case "f64":
      return new Float64Array(BigUint64Array.of(BigInt(value as string)).buffer)[0];
    default:
      return Number(value);
  }
}

/** What a function gave, with what scripts do not distinguish made equal. */
function plain(value: unknown, expected: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>);
  if (Array.isArray(value))
    return value.map((one, at) => plain(one, Array.isArray(expected) ? expected[at] : undefined));
  if (typeof value !== "object" || value === null) return value;
  const inner = (expected ?? {}) as Readonly<Record<string, unknown>>;
  // Scripts leave out flags that are not set.
  const shown = Object.entries(value).filter(([name, one]) => one !== false || Object.hasOwn(inner, name));
  return Object.fromEntries(shown.map(([name, one]) => [name, plain(one, inner[name])]));
}

/** How a command came out. */
export interface Outcome {
  readonly command: ScriptCommand;
  readonly failure: string | undefined;
}

/** Runs a script, and says of each command how it came out. A trap ends the instance that it happens in. */
export async function runScript(folder: string): Promise<readonly Outcome[]> {
  const { commands } = JSON.parse(readFileSync(join(folder, "script.json"), "utf8")) as {
    readonly commands: readonly ScriptCommand[];
  };
  const definitions = new Map<string, Compiled>();
  let last: Compiled | undefined;
  let current: Running | undefined;
  const outcomes: Outcome[] = [];
  const load = (name: string): Compiled => compileComponent(readFileSync(join(folder, name)));
  const run = async (command: ScriptCommand): Promise<void> => {
    const { type, filename = "", action, expected = [] } = command;
    switch (type) {
      case "module":
        current = await instantiate(load(filename));
        return;
      case "module_definition":
        last = load(filename);
        if (command.name !== undefined) definitions.set(command.name, last);
        return;
      case "module_instance": {
        const compiled = command.module === undefined ? last : definitions.get(command.module);
        assert.ok(compiled, `no definition ${command.module ?? ""}`);
        current = await instantiate(compiled);
        return;
      }
      case "assert_invalid":
      case "assert_malformed":
        assert.throws(() => load(filename));
        return;
      case "assert_uninstantiable":
        await assert.rejects(async () => instantiate(load(filename)));
        return;
      case "action":
      case "assert_return":
      case "assert_trap": {
        assert.ok(current, "no instance");
        assert.ok(action, "no action");
        const called = timed(callToEnd(current, action.field, action.args.map(toHost)));
        if (type === "assert_trap") {
          const [ended] = await Promise.allSettled([called]);
          assert.equal(ended.status, "rejected", "it did not trap");
          assert.ok(!/did not end/.test(String(ended.reason)), "it did not end");
          return;
        }
        const value = await called;
        if (type === "action") return;
        const wanted = expected.map(toHost)[0];
        assert.deepEqual(plain(value, wanted), wanted);
        return;
      }
      default:
        throw new Error(`an unknown command: ${type}`);
    }
  };
  for (const command of commands) {
    try {
      await run(command);
      outcomes.push({ command, failure: undefined });
    } catch (thrown) {
      outcomes.push({ command, failure: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
  return outcomes;
}

/** Calls an export. A post-return may trap when the result is there already. */
async function callToEnd(running: Running, field: string, given: readonly unknown[]): Promise<unknown> {
  const value = await callExport(running, field, given);
  const failure = running.failure();
  if (failure !== undefined) throw failure;
  return value;
}

async function timed<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the call did not end")), 3_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
