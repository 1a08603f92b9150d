/**
 * Loads what would fill the engine's table of types, in a process of its own, and prints what became of it as JSON. Its argument names
 * the attack.
 */
import { setEnvironmentData } from "node:worker_threads";
import { inspect, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { CordonError } from "../../src/shared/errors.ts";
import { COMPONENT_SECTION, componentOf, sectionOf } from "./component-bytes.ts";
import { manySignatures } from "./many-signatures.ts";
import { invalidTypedModule, typedJsonModule, typedModule } from "./typed-modules.ts";
import { parse } from "./wasm-tools.ts";

/** The engine ends the process at 2,000,000. */
const TYPES = 99_900;
const MODULES = 21;

/** So many types of 1,000 parameters and 1,000 results are nearly all that one component may have. */
const HEAVY_TYPES = 190;

const modulesOf = (modules: number, types: number): Uint8Array =>
  componentOf(
    ...Array.from({ length: modules }, (_, index) =>
      sectionOf(COMPONENT_SECTION.module, typedModule(types, { first: index * types })),
    ),
  );

const heavy = (load: number): Uint8Array => typedJsonModule(HEAVY_TYPES, { first: load * HEAVY_TYPES, values: 1_000 });

const notValid = (load: number): Uint8Array =>
  componentOf(sectionOf(COMPONENT_SECTION.module, invalidTypedModule(1_000, { first: load * 1_000 })));

async function outcome(source: Uint8Array, options: SandboxOptions = {}): Promise<string> {
  try {
    await (await Sandbox.open(source, { cache: false, ...options })).close();
    return "loaded";
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw thrown;
    return `${thrown.code} ${thrown.limit?.limit ?? ""}: ${thrown.message}`;
  }
}

/** Which number the process has counted; as another thread of it would have counted. */
function countOfTypes(): Int32Array {
  const count = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setEnvironmentData("cordon:engine-types", count.buffer);
  return count;
}

const warnings: string[] = [];
process.on("warning", ({ name, message }) => warnings.push(`${name}: ${message}`));

/** The attacks by name. Each returns what the test compares. */
const ATTACKS: Readonly<Record<string, () => Promise<unknown>>> = {
  "at-once": async () => {
    const component = modulesOf(MODULES, TYPES);
    return { opened: await outcome(component), inspected: await inspect(component).catch(String) };
  },
  "too-many": async () => {
    const component = modulesOf(2, 5_000);
    const opened = await outcome(component);
    const { runnable, refusal } = await inspect(component);
    return { opened, runnable, refusal };
  },
  invalid: async () => {
    const count = countOfTypes();
    const invalid = await outcome(notValid(0));
    const counted = Atomics.load(count, 0);
    Atomics.store(count, 0, 500_000);
    const { refusal } = await inspect(notValid(1));
    return { invalid, counted, full: await outcome(notValid(1)), refusal, known: await outcome(notValid(0)) };
  },
  stacks: async () => {
    const count = countOfTypes();
    // Its modules have some 200 types when they are hardened, its stacks 100 more.
    const component = await parse(manySignatures(100));
    Atomics.store(count, 0, 500_000 - 250);
    const refused = await outcome(component);
    Atomics.store(count, 0, 500_000 - 350);
    return { refused, loaded: await outcome(component), counted: Atomics.load(count, 0) };
  },
  "one-after-the-other": async () => {
    // Twenty loads take a while.
    const count = countOfTypes();
    const loads: string[] = [];
    for (const [load, before] of [240_000, 440_000, 480_000].entries()) {
      Atomics.store(count, 0, before);
      loads.push(await outcome(heavy(load)));
    }
    const known = await outcome(heavy(0));
    const { refusal } = await inspect(heavy(3));
    const apart = await outcome(heavy(3), { isolation: "process", osSandbox: "off" });
    await new Promise(setImmediate);
    return { loads, known, refusal, apart, warnings };
  },
};

process.stdout.write(JSON.stringify(await ATTACKS[process.argv[2] ?? ""]?.()));
