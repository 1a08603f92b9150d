/** Engines that ours is held against: jco, which is a development tool, and the command of wasmtime where it is installed. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { WASMTIME } from "../needs.ts";

/** How a call came out. */
export type Outcome = { readonly value: unknown } | { readonly trap: string };

/** A call of an exported function, on an instance of its own. */
export interface Call {
  readonly name: string;
  readonly given: readonly unknown[];
}

/** What is exported in the interface of each function, by the function's name. */
type Exports = Readonly<Record<string, { readonly f: (...given: readonly unknown[]) => unknown }>>;

/** What jco's glue exports: it compiles modules by their names, and makes an instance. */
interface Glue {
  readonly instantiate: (compiled: (name: string) => Promise<WebAssembly.Module>, imports: object) => Promise<Exports>;
}

/** How calls come out with jco, of functions `f` in interfaces `test:<name>/api`. */
export async function withJco(component: Uint8Array, calls: readonly Call[]): Promise<readonly Outcome[]> {
  const { files } = await transpileBytes(component, {
    name: "guest",
    instantiation: "async",
    emitTypescriptDeclarations: false,
  });
  const source = Buffer.from(files["guest.js"] ?? []).toString("base64");
  const { instantiate } = (await import(`data:text/javascript;base64,${source}`)) as Glue;
  const compiled = new Map<string, Promise<WebAssembly.Module>>();
  const compile = async (name: string): Promise<WebAssembly.Module> => {
    const made = compiled.get(name) ?? WebAssembly.compile(files[name] as Uint8Array<ArrayBuffer>);
    compiled.set(name, made);
    return made;
  };
  const outcomes: Outcome[] = [];
  for (const { name, given } of calls) {
    const exports = await instantiate(compile, {});
    try {
      outcomes.push({ value: exports[`test:${name}/api`]?.f(...given) });
    } catch (thrown) {
      outcomes.push({ trap: String(thrown) });
    }
  }
  return outcomes;
}

const FEATURES = [
  "component-model-memory64",
  "component-model-fixed-length-lists",
  "component-model-async",
  "component-model-async-stackful",
  "component-model-more-async-builtins",
  "memory64",
].join();

/** Where wasmtime finds a script to be wrong, and why; undefined when all of it holds. */
export async function firstFailure(
  script: string,
): Promise<{ readonly line: number; readonly reason: string } | undefined> {
  const path = join(tmpdir(), `cordon-${randomUUID()}.wast`);
  await writeFile(path, script);
  try {
    return await failureOf(path);
  } finally {
    await rm(path);
  }
}

async function failureOf(path: string): Promise<{ readonly line: number; readonly reason: string } | undefined> {
  const parameters = ["wast", "-W", FEATURES, "-O", "opt-level=0", path];
  const environment = { ...process.env, RUST_BACKTRACE: "0" };
  const child = spawn(WASMTIME, parameters, { stdio: ["ignore", "ignore", "pipe"], env: environment });
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return undefined;
  const reason = Buffer.concat(errors).toString().trim();
  const [, line] = /\.wast:(\d+)/.exec(reason) ?? [];
  if (line === undefined) throw new Error(`wasmtime failed: ${reason}`);
  return { line: Number(line), reason };
}
