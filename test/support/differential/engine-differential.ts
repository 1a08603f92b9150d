import "../built-workers.ts";
import { isDeepStrictEqual, inspect } from "node:util";
import { Trap } from "../../../src/runtime/abi/trap.ts";
import { CordonError, Sandbox } from "../../../src/sandbox/index.ts";
import { callExport, compileComponent, instantiate } from "../engine-harness.ts";
import { parse } from "../wasm-tools.ts";
import { type Composition, compositionAt } from "./compositions.ts";
import { firstFailure, type Outcome, withJco } from "./peers.ts";
import { wastValue } from "./wast-values.ts";

/** How many compositions are in one component, where they are not alone. */
const BATCH = 10;

/** What compositions were held against, and where something else came out. */
export interface Comparison {
  /** How many came out, how many of them with a trap, and how many the others took. */
  readonly compared: Readonly<Record<"engine" | "traps" | "sandbox" | "jco" | "wasmtime", number>>;
  readonly differences: readonly string[];
}

/** What the engine by itself is held against. */
export interface Peers {
  /** One batch in so many is also run in a sandbox: hardened, in a worker. */
  readonly sandboxEvery: number;
  /** One in so many by jco, which is slow. */
  readonly jcoEvery: number;
  readonly wasmtime: boolean;
}

/** Runs compositions from one index up to another, and compares what comes out. */
export async function compareEngines(
  seed: number,
  { from, to }: { readonly from: number; readonly to: number },
  { sandboxEvery, jcoEvery, wasmtime }: Peers,
): Promise<Comparison> {
  const compared = { engine: 0, traps: 0, sandbox: 0, jco: 0, wasmtime: 0 };
  const differences: string[] = [];
  for (let at = from; at < to; at += BATCH) {
    const batch: Known[] = [];
    for (let index = at; index < Math.min(to, at + BATCH); index += 1) {
      const composition = compositionAt(seed, index);
      batch.push({ composition, outcome: await withEngine(composition) });
    }
    compared.engine += batch.length;
    compared.traps += batch.filter(({ outcome }) => "trap" in outcome).length;
    if ((at / BATCH) % sandboxEvery === 0) {
      compared.sandbox += batch.length;
      differences.push(...disagreements(batch, "sandbox", await inSandbox(batch)));
    }
    const plain = batch.filter(({ composition }) => composition.needs.size === 0);
    if ((at / BATCH) % jcoEvery === 0 && plain.length > 0) {
      compared.jco += plain.length;
      const component = componentOf(plain.map(({ composition }) => composition.asInterface));
      const theirs = await withJco(
        await parse(component),
        plain.map(({ composition }) => composition),
      );
      differences.push(...disagreements(plain, "jco", theirs));
    }
    if (wasmtime) {
      const theirs = await withWasmtime(batch.filter(({ composition }) => isForWasmtime(composition)));
      compared.wasmtime += theirs.taken;
      differences.push(...theirs.differences);
    }
  }
  return { compared, differences };
}

/**
 * Version 49 takes lists and strings of a 64-bit memory to the host for pairs of 32-bit numbers, and the tag of what may be UTF-16
 * for the bit that it has in those.
 */
function isForWasmtime({ needs }: Composition): boolean {
  return !needs.has("memory64-outside") && !needs.has("memory64-latin1");
}

/** A composition, and how the engine runs it. */
interface Known {
  readonly composition: Composition;
  readonly outcome: Outcome;
}

function componentOf(definitions: readonly string[]): string {
  return `(component ${definitions.join("\n")})`;
}

async function withEngine({ text, name, given }: Composition): Promise<Outcome> {
  const running = await instantiate(compileComponent(await parse(componentOf([text]))));
  const [ended] = await Promise.allSettled([callExport(running, name, given)]);
  // A post-return may trap when there is a result already.
  const failure: unknown = ended.status === "rejected" ? ended.reason : running.failure();
  if (failure === undefined && ended.status === "fulfilled") return { value: ended.value };
  if (failure instanceof Trap || failure instanceof WebAssembly.RuntimeError) return { trap: failure.message };
  throw failure;
}

async function inSandbox(batch: readonly Known[]): Promise<readonly Outcome[]> {
  const bytes = await parse(componentOf(batch.map(({ composition }) => composition.text)));
  await using sandbox = await Sandbox.open(bytes, { cache: false });
  const outcomes: Outcome[] = [];
  for (const { composition } of batch) {
    try {
      outcomes.push({ value: (await sandbox.call(composition.name, composition.given)).value });
    } catch (thrown) {
      if (!(thrown instanceof CordonError) || thrown.code !== "trap") throw thrown;
      outcomes.push({ trap: thrown.message });
    }
  }
  return outcomes;
}

function disagreements(batch: readonly Known[], who: string, theirs: readonly Outcome[]): readonly string[] {
  return batch.flatMap(({ composition, outcome }, index) => {
    const their = theirs[index] ?? { trap: "no outcome" };
    if (agreeing(outcome, their, who)) return [];
    return [`${composition.how}\n  engine ${shown(outcome)}\n  ${who} ${shown(their)}`];
  });
}

/** What of a batch comes out differently with wasmtime, and how much of it wasmtime takes. */
async function withWasmtime(
  batch: readonly Known[],
): Promise<{ readonly taken: number; readonly differences: readonly string[] }> {
  const text = componentOf(batch.map(({ composition }) => composition.text)).slice("(component".length);
  const definition = `(component definition $d ${text}`.replaceAll(/\s*\n\s*/g, " ");
  const differences: string[] = [];
  // One line is the definition, and one each composition.
  const lines = batch.map((one, index) => assertion(one, index));
  for (;;) {
    const failure = await firstFailure([definition, ...lines].join("\n"));
    if (failure === undefined) return { taken: batch.length, differences };
    const index = failure.line - 2;
    const wrong = batch[index];
    if (wrong !== undefined) {
      differences.push(`${wrong.composition.how}\n  engine ${shown(wrong.outcome)}\n  wasmtime ${failure.reason}`);
      lines[index] = "";
      continue;
    }
    // It does not take the component: which of the compositions, each is asked by itself.
    const [only] = batch;
    if (batch.length > 1 || only === undefined) {
      const parts = [];
      for (const one of batch) parts.push(await withWasmtime([one]));
      return {
        taken: parts.reduce((sum, part) => sum + part.taken, 0),
        differences: parts.flatMap((part) => part.differences),
      };
    }
    // Version 49 makes invalid code of its own for some that pass values between memories of both widths.
    const isKnown = only.composition.needs.has("memory64") && failure.reason.includes("Invalid input WebAssembly code");
    return { taken: 0, differences: isKnown ? [] : [`${only.composition.how}\n  wasmtime ${failure.reason}`] };
  }
}

/** A line of a script that calls the function of a composition, on an instance of its own, and says what comes of it. */
function assertion({ composition, outcome }: Known, index: number): string {
  const { name, parameters, given, result, needs } = composition;
  const values = parameters.map((type, at) => wastValue(type, given[at])).join(" ");
  const invoke = `(invoke "${name}" ${values})`;
  const instance = `(component instance $i${index} $d)`;
  if ("trap" in outcome) return `${instance} (assert_trap ${invoke} "")`;
  // Scripts have no literals of lists of fixed length; that it does not trap is known all the same.
  if (needs.has("fixed-length-lists")) return `${instance} ${invoke}`;
  return `${instance} (assert_return ${invoke} ${wastValue(result, outcome.value)})`;
}

/** What jco does not ask where it reads values, in our words: where they are, how long a list is, what bytes are text. */
const JCO_LETS_PASS = /not aligned|not within its memory|a list of more than|no well-formed UTF-8/;

/** What jco does not mask, in its words. */
const JCO_REFUSES = /must be between|extraneous bits|discriminant for bool/;

function agreeing(one: Outcome, other: Outcome, who: string): boolean {
  if ("trap" in one) return "trap" in other || (who === "jco" && JCO_LETS_PASS.test(one.trap));
  if ("trap" in other) return who === "jco" && JCO_REFUSES.test(other.trap);
  return isDeepStrictEqual(plain(one.value, who), plain(other.value, who));
}

/** A value with typed arrays as arrays, and objects that are only that. */
function plain(value: unknown, who: string): unknown {
  // It leaves out the mark of byte order with which a string begins.
  if (typeof value === "string") return who === "jco" ? value.replace(/^\ufeff/u, "") : value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>);
  if (Array.isArray(value)) return value.map((one) => plain(one, who));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .map(([name, one]) => [name, plain(one, who)]),
  );
}

function shown(outcome: Outcome): string {
  if ("trap" in outcome) return `traps: ${outcome.trap}`;
  return inspect(outcome.value, { breakLength: Infinity, depth: 8 }).slice(0, 500);
}
