/**
 * Holds components against wasmtime: `node scripts/compare-guests.ts [FOLDER...]`, by default those that tests, benches and examples have
 * built. Every function of theirs that takes and gives plain values is called with random ones, by a sandbox without grants and by the
 * command of wasmtime (on the path, or in CORDON_WASMTIME), and has to give the same value, or fail in both. Tells of every call
 * that differs, and ends with 1 if there was any; what tells the time of a clock does by nature.
 */
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parseWave } from "../src/component/values/parse-wave.ts";
import { printWave } from "../src/component/values/print-wave.ts";
import { CordonError, Sandbox } from "../src/sandbox/index.ts";
import { holdsHandle } from "../src/shared/wit/wit-handles.ts";
import type { WitFunction, WitType } from "../src/shared/wit/wit.ts";
import { Chance } from "../test/support/differential/chance.ts";
import { randomValue } from "../test/support/differential/random-values.ts";
import { ROOT } from "./exec.ts";

const WASMTIME = process.env["CORDON_WASMTIME"] ?? "wasmtime";
const CALLS = 3;
const TIMEOUT_MS = 5_000;

/** What a call came to: a value, as WAVE, or that it failed. */
type Outcome = { readonly value: string } | { readonly failed: string };

const counts = { components: 0, calls: 0, failures: 0, different: 0, left: 0 };

function plainFunctions(functions: readonly WitFunction[]): readonly WitFunction[] {
  return functions.filter(
    ({ name, parameters, result }) =>
      !name.startsWith("[") &&
      ![...parameters.map(({ type }) => type), ...(result === undefined ? [] : [result])].some(
        (type) => holdsHandle(type) || holdsMap(type),
      ),
  );
}

/** Maps are not made at random, and wasmtime has none. */
function holdsMap(type: WitType): boolean {
  return JSON.stringify(type).includes('"kind":"map"');
}

function typeOf({ parameters }: WitFunction, index: number): WitType {
  const parameter = parameters[index];
  if (parameter === undefined) throw new RangeError("there is no such parameter");
  return parameter.type;
}

function printed(value: unknown, type: WitType | undefined): Outcome {
  return { value: type === undefined ? "" : printWave(value, type) };
}

/** A case of a result, which has a payload where its type has one. */
function ended(tag: "ok" | "err", type: WitType | undefined, val: unknown): object {
  return type === undefined ? { tag } : { tag, val };
}

/** `undefined` for what the toolchain exports for itself, which nobody can call. */
async function ofSandbox(sandbox: Sandbox, fn: WitFunction, values: readonly unknown[]): Promise<Outcome | undefined> {
  try {
    const { value } = await sandbox.call(fn.name, values);
    // A result that is ok is its payload in the library, and a result in WAVE.
    return printed(fn.result?.kind === "result" ? ended("ok", fn.result.ok, value) : value, fn.result);
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    if (error.code === "usage") return undefined;
    if (error.code === "guest-error" && fn.result?.kind === "result")
      return printed(ended("err", fn.result.err, error.payload), fn.result);
    return { failed: `${error.code}: ${error.message}` };
  }
}

/** The value that the command printed; `undefined` where the guest printed as well. */
function valueIn(text: string, type: WitType | undefined): Outcome | undefined {
  try {
    return printed(type === undefined ? undefined : parseWave(text, type), type);
  } catch {
    return undefined;
  }
}

/** Runs one call in a process of wasmtime's; `undefined` where it cannot run the component, or not without imports of the embedder's. */
function ofWasmtime(file: string, fn: WitFunction, values: readonly unknown[]): Promise<Outcome | undefined> {
  const invoked = `${fn.name}(${values.map((value, index) => printWave(value, typeOf(fn, index))).join(", ")})`;
  return new Promise((resolve) => {
    const args = ["run", "-W", "timeout=5s,all-proposals=y", "--invoke", invoked, file];
    execFile(WASMTIME, args, { timeout: 4 * TIMEOUT_MS, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error === null) {
        return resolve(valueIn(stdout.replace(/\n$/, ""), fn.result));
      }
      const isOfCall = /wasm trap|error while executing|wasm backtrace|unreachable/.test(stderr);
      resolve(isOfCall ? { failed: stderr.slice(0, 300) } : undefined);
    });
  });
}

async function compare(file: string, chance: Chance): Promise<void> {
  await using sandbox = await Sandbox.open(file, { cache: false, limits: { timeoutMs: TIMEOUT_MS } });
  const { functions, interfaces } = sandbox.component.interface.exports;
  counts.components += 1;
  for (const fn of plainFunctions([...functions, ...interfaces.flatMap((one) => one.functions)])) {
    for (let call = 0; call < (fn.parameters.length === 0 ? 1 : CALLS); call += 1) {
      const values = fn.parameters.map(({ type }) => randomValue(chance, type));
      const ours = await ofSandbox(sandbox, fn, values);
      const theirs = ours === undefined ? undefined : await ofWasmtime(file, fn, values);
      if (ours === undefined || theirs === undefined) {
        counts.left += 1;
        break;
      }
      counts.calls += 1;
      if ("failed" in ours && "failed" in theirs) counts.failures += 1;
      else if (!isDeepStrictEqual(ours, theirs)) {
        counts.different += 1;
        process.stdout.write(`${basename(file)} ${fn.name}(${JSON.stringify(values, bigints)})\n`);
        process.stdout.write(`  cordon   ${JSON.stringify(ours)}\n  wasmtime ${JSON.stringify(theirs)}\n`);
      }
    }
  }
}

const bigints = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}n` : value);

const given = process.argv.slice(2);
const folders =
  given.length > 0 ? given : ["build/guests", "build/bench", "build/examples"].map((one) => join(ROOT, one));
for (const file of folders.flatMap((folder) => globSync(join(folder, "*.wasm"))).sort()) {
  try {
    await compare(file, new Chance(1, basename(file)));
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    counts.left += 1;
  }
}
process.stdout.write(`${JSON.stringify(counts)}\n`);
process.exitCode = counts.different === 0 ? 0 : 1;
