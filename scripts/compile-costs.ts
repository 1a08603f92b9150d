/**
 * Measures what code that is costly to compile takes the engine, at the bound that Cordon sets: each case of
 * `test/support/costly-code.ts`, as large as it may be, hardened, in a process of its own, with both compilers. The names of cases can
 * be given. A process that takes more than 4 GiB is ended.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TemporaryFolder } from "../bench/support/temporary-folder.ts";
import { refuseCostly } from "../src/hardening/bound/refuse-costly.ts";
import { hardenModule } from "../src/hardening/harden-module.ts";
import { readShape } from "../src/hardening/read/module-shape.ts";
import { readSections, SECTION } from "../src/hardening/read/module-sections.ts";
import { CordonError } from "../src/shared/errors.ts";
import { COSTLY, costlyModule } from "../test/support/costly-code.ts";

const MIB = 1024 * 1024;
const MOST_BYTES = 4096 * MIB;
const MOST_MS = 120_000;
const STEP_MS = 20;
const MOST_REPETITIONS = 2 ** 20;

const ENGINES = { baseline: ["--liftoff-only"], optimizing: ["--no-liftoff"] } as const;

const [mode, file, hardenedOrNot] = process.argv.slice(2);
if (mode === "--child" && file !== undefined) {
  measureHere(readFileSync(file), hardenedOrNot === "hardened");
} else {
  const named = process.argv.slice(2);
  await measureAll(named.length > 0 ? COSTLY.filter((one) => named.includes(one)) : COSTLY);
}

async function measureAll(cases: readonly string[]): Promise<void> {
  using folder = new TemporaryFolder();
  for (const name of cases) {
    const module = largest(name);
    if (module === undefined) {
      console.log(`${name}: none is within the bounds`);
      continue;
    }
    const path = join(folder.path, "module.wasm");
    const line = [`${name}: ${Math.round(module.length / 1024)} KiB`, `${(costOf(module) / 1e6).toFixed(1)} M units`];
    for (const [validated, bytes] of [
      [true, module],
      [false, hardened(module)],
    ] as const) {
      writeFileSync(path, bytes);
      if (validated) line.push(`validation ${await measured(path, [])}`);
      else for (const [engine, flags] of Object.entries(ENGINES)) line.push(`${engine} ${await measured(path, flags)}`);
    }
    console.log(line.join(", "));
  }
}

/** The largest module of a case that is not refused. */
function largest(name: string): Uint8Array | undefined {
  let [least, most] = [0, MOST_REPETITIONS];
  while (most - least > Math.max(1, least / 64)) {
    const middle = least === 0 && most > 16 ? Math.ceil(Math.sqrt(most)) : Math.ceil((least + most) / 2);
    if (passes(costlyModule(name, middle))) least = middle;
    else most = middle;
  }
  return least === 0 ? undefined : costlyModule(name, least);
}

function costOf(module: Uint8Array): number {
  const sections = readSections(module);
  const code = sections.find(({ id }) => id === SECTION.code);
  return code === undefined ? 0 : refuseCostly(code.content, readShape(sections)).cost;
}

function passes(module: Uint8Array): boolean {
  try {
    costOf(module);
    return module.length < MIB;
  } catch (error) {
    if (error instanceof CordonError) return false;
    throw error;
  }
}

function hardened(module: Uint8Array): Uint8Array {
  return hardenModule(module, { meter: true, allow: { collected: true } }).bytes;
}

function measured(path: string, flags: readonly string[]): Promise<string> {
  const child = spawn(
    process.execPath,
    [...flags, fileURLToPath(import.meta.url), "--child", path, ...(flags.length > 0 ? ["hardened"] : [])],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {},
    },
  );
  const output: Buffer[] = [];
  let ended = "";
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  const started = performance.now();
  const watch = setInterval(() => {
    if (peakOf(child.pid) > MOST_BYTES) ended = `more than ${MOST_BYTES / MIB} MiB`;
    else if (performance.now() - started > MOST_MS) ended = `more than ${MOST_MS} ms`;
    if (ended !== "") child.kill("SIGKILL");
  }, STEP_MS);
  return new Promise((resolve) => {
    child.once("close", (code) => {
      clearInterval(watch);
      resolve(ended || (code === 0 ? Buffer.concat(output).toString().trim() : `fails with ${code}`));
    });
  });
}

/** The most memory that a process has had, in bytes, as Linux says. */
function peakOf(pid: number | undefined = process.pid): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Validates a module, or, when it is hardened, has its function compiled. */
function measureHere(bytes: Uint8Array<ArrayBuffer>, isHardened: boolean): void {
  const guard = {
    counter: new WebAssembly.Global({ value: "i32", mutable: true }, 1_000_000),
    checkpoint: guardFunction(),
    grow: guardFunction(),
  };
  const memory = new WebAssembly.Memory({ initial: 1 });
  const start = { peak: peakOf(), ms: processorMs() };
  const isValid = WebAssembly.validate(bytes);
  const validated = { peak: peakOf(), ms: processorMs() };
  if (!isValid || !isHardened) {
    console.log(`${isValid ? "" : "INVALID "}${figures(start, validated)}`);
    return;
  }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    "cordon:guard": guard,
    "cordon:memory": { m0: memory },
  });
  const made = { peak: peakOf(), ms: processorMs() };
  (instance.exports["f"] as (given: number) => void)(1);
  console.log(figures(made, { peak: peakOf(), ms: processorMs() }));
}

interface Sample {
  readonly peak: number;
  readonly ms: number;
}

function figures(before: Sample, after: Sample): string {
  return `${Math.round(after.ms - before.ms)} ms ${Math.round((after.peak - before.peak) / MIB)} MiB`;
}

/** A function from i32 to i32 that WebAssembly knows by its type. */
function guardFunction(): unknown {
  const module = new WebAssembly.Module(
    Uint8Array.of(
      0,
      97,
      115,
      109,
      1,
      0,
      0,
      0,
      1,
      6,
      1,
      96,
      1,
      127,
      1,
      127,
      3,
      2,
      1,
      0,
      7,
      5,
      1,
      1,
      103,
      0,
      0,
      10,
      6,
      1,
      4,
      0,
      32,
      0,
      11,
    ),
  );
  return new WebAssembly.Instance(module).exports["g"];
}
