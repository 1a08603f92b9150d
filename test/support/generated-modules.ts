/** Modules that `wasm-opt --translate-to-fuzz` makes of random bytes, in this process. */
import fs, { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The features that modules are generated with. */
export type FeatureSet = "plain" | "exceptions" | "collected" | "legacy";

/** Makes modules; {@link ModuleGenerator.dispose} removes its scratch folder. */
export interface ModuleGenerator {
  /** The same module for the same seed and features. */
  readonly generate: (seed: number, features: FeatureSet) => Uint8Array;
  readonly dispose: () => void;
}

interface Tool {
  readonly callMain: (parameters: string[]) => number;
  readonly stackSave: () => unknown;
  readonly stackRestore: (stack: unknown) => void;
}

const WITHOUT = ["threads", "custom-descriptors", "shared-everything", "strings", "fp16", "stack-switching"];

const OPTIONS: Readonly<Record<FeatureSet, readonly string[]>> = {
  plain: ["--disable-gc", "--disable-exception-handling"],
  exceptions: ["--disable-gc", "--emit-exnref"],
  collected: ["--disable-exception-handling"],
  legacy: ["--disable-gc"],
};

/** Starts the tool, which is a program for the command line. */
export async function moduleGenerator(): Promise<ModuleGenerator> {
  const require = createRequire(import.meta.url);
  const path = join(dirname(require.resolve("binaryen")), "bin/wasm-opt");
  const text = readFileSync(path, "utf8").replace(/^#!.*/u, "");
  // oxlint-disable-next-line typescript/no-implied-eval -- a script, not a module; each instance has its own variables.
  const start = new Function(
    "Module",
    "require",
    "__filename",
    "__dirname",
    `${text};return { callMain, stackSave, stackRestore };`,
  );
  const tool = await new Promise<Tool>((resolve) => {
    const settings = { noInitialRun: true, onRuntimeInitialized: () => setImmediate(() => resolve(made)) };
    const made: Tool = quietly(() => start(settings, silenced(require), path, dirname(path)) as Tool);
  });
  const folder = mkdtempSync(join(tmpdir(), "cordon-generated-"));
  const [input, output] = ["in", "out.wasm"].map((name) => join(folder, name)) as [string, string];
  const generate = (seed: number, features: FeatureSet): Uint8Array => {
    writeFileSync(input, randomBytes(seed));
    const stack = tool.stackSave();
    const disabled = WITHOUT.map((feature) => `--disable-${feature}`);
    const status = quietly(() =>
      tool.callMain([input, "-q", "-ttf", "-all", ...disabled, ...OPTIONS[features], "--denan", "-o", output]),
    );
    tool.stackRestore(stack);
    if (status !== 0) throw new Error(`wasm-opt ended with ${status} for seed ${seed}`);
    return new Uint8Array(readFileSync(output));
  };
  return { generate, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Random bytes, 500 to 6,500 of them, that depend on the seed alone. */
function randomBytes(seed: number): Uint8Array {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
  return Uint8Array.from({ length: 500 + (next() % 6000) }, () => next() >>> 11);
}

/** What the tool requires, with a file system that writes nothing to the standard streams. */
function silenced(require: NodeJS.Require): (name: string) => unknown {
  return (name) => (name === "node:fs" ? { ...fs, writeSync } : require(name));
}

function writeSync(descriptor: number, bytes: Uint8Array, ...rest: number[]): number {
  return descriptor <= 2 ? (rest[1] ?? bytes.length) : fs.writeSync(descriptor, bytes, ...rest);
}

/** The tool keeps the console's functions when it starts, and sets the process's exit code when it ends. */
function quietly<T>(run: () => T): T {
  const { error, log } = console;
  const exitCode = process.exitCode;
  console.error = () => undefined;
  console.log = () => undefined;
  try {
    return run();
  } finally {
    console.error = error;
    console.log = log;
    process.exitCode = exitCode;
  }
}
