/**
 * The rewriter against modules that nobody here wrote: those inside the packages that are installed, and generated ones.
 * Rewritten they are valid, and where they can run they do the same. See hardening-wasi-suite.test.ts for the WASI test suite's.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type HardenedModule, hardenModule } from "../../src/hardening/harden-module.ts";
import { type FeatureSet, moduleGenerator } from "../support/generated-modules.ts";
import { assertHardens } from "../support/assert-hardens.ts";
import { hardenedImports, makeGuard } from "../support/guard.ts";
import { compareTraps } from "../support/trap-differential.ts";
import { compare } from "../support/hardening-differential.ts";
import { shareOfThisNode } from "../support/node-share.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Core modules in `node_modules`, not more than this in all. */
const MOST_MODULES = 60;
/** Generated modules that are compared here, on both Nodes together; `scripts/fuzz-hardening.ts` does thousands. */
const GENERATED = 300;

const CORE_PREAMBLE = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

function isCore(path: string): boolean {
  return readFileSync(path).subarray(0, 8).equals(CORE_PREAMBLE);
}

describe("core modules of the packages that are installed", () => {
  // Of each the largest: of a JavaScript engine of twenty megabytes there are three releases, from the same compiler.
  const byName = new Map<string, { readonly path: string; readonly size: number }>();
  for (const path of globSync("node_modules/**/*.wasm", { cwd: ROOT }).sort()) {
    const full = join(ROOT, path);
    const { size } = statSync(full);
    if (statSync(full).isFile() && isCore(full) && size > (byName.get(basename(path))?.size ?? 0)) {
      byName.set(basename(path), { path: full, size });
    }
  }
  const modules = [...byName.values()].map(({ path }) => path).slice(0, MOST_MODULES);

  test("there are some", () => assert.ok(modules.length >= 10, `only ${modules.length}`));
  for (const path of modules) test(path.slice(ROOT.length), () => assertHardens(path));
});

describe("a program of 2 MB", () => {
  test("prints and parses the same when it is metered", async () => {
    const [bare, metered] = [await wasmTools(false), await wasmTools(true)];
    const module = readFileSync(
      join(ROOT, "node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm"),
    );
    const text = bare.tools.print(module);
    assert.equal(metered.tools.print(module), text);
    assert.deepEqual(metered.tools.parse(text), bare.tools.parse(text));
    assert.ok(metered.used() > 1_000_000);
  });
});

interface WasmTools {
  readonly print: (module: Uint8Array) => string;
  readonly parse: (text: string) => Uint8Array;
}

/** A copy of wasm-tools in an npm package, a component that is Rust inside, with its modules hardened. */
async function wasmTools(meter: boolean): Promise<{ readonly tools: WasmTools; readonly used: () => number }> {
  const engine = WebAssembly as unknown as Record<"compile" | "instantiate", unknown>;
  const { compile, instantiate } = engine;
  const guard = makeGuard();
  const initial = guard.fuel;
  const hardened = new Map<WebAssembly.Module, HardenedModule>();
  engine.compile = (bytes: Uint8Array): Promise<WebAssembly.Module> => {
    const made = hardenModule(new Uint8Array(bytes), { meter });
    const module = new WebAssembly.Module(made.bytes);
    hardened.set(module, made);
    return Promise.resolve(module);
  };
  engine.instantiate = (module: WebAssembly.Module, imports: WebAssembly.Imports = {}): Promise<unknown> => {
    const made = hardened.get(module);
    const added = made === undefined ? {} : hardenedImports(made, guard);
    const { exports } = new WebAssembly.Instance(module, { ...imports, ...added });
    guard.track(exports);
    return Promise.resolve({ exports });
  };
  try {
    const vendored = join(ROOT, "node_modules/@bytecodealliance/jco-transpile/vendor/wasm-tools.js");
    const loaded = (await import(`${vendored}?meter=${meter}`)) as { $init: Promise<void>; tools: WasmTools };
    await loaded.$init;
    return { tools: loaded.tools, used: () => initial - guard.fuel };
  } finally {
    Object.assign(engine, { compile, instantiate });
  }
}

describe("generated modules", () => {
  test("do the same metered and bare, trap at the same instructions, and use the same fuel again", async () => {
    const { from, to } = shareOfThisNode(GENERATED);
    const generator = await moduleGenerator();
    const outcomes = { same: 0, skipped: 0 };
    let frames = 0;
    try {
      for (let seed = from + 1; seed <= to; seed += 1) {
        const features = (["plain", "exceptions", "plain", "collected"] satisfies FeatureSet[])[seed % 4] ?? "plain";
        const module = generator.generate(seed, features);
        const outcome = compare(module, { collected: features !== "plain" });
        if (typeof outcome !== "string") assert.fail(`seed ${seed}, ${features}: ${outcome.difference}`);
        outcomes[outcome] += 1;
        if (outcome === "skipped") continue;
        const traps = compareTraps(module, { collected: features !== "plain" });
        if (traps.difference !== undefined) assert.fail(`seed ${seed}, ${features}: ${traps.difference}`);
        frames += traps.frames;
      }
    } finally {
      generator.dispose();
    }
    assert.ok(outcomes.same > (to - from) / 2, `only ${outcomes.same} could be compared`);
    assert.ok(frames > (to - from) / 2, `only ${frames} frames of traps were compared`);
  });
});
