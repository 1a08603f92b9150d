import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { componentEmbed } from "@bytecodealliance/jco-transpile/wasm-tools";
import { rolldown } from "rolldown";
import { capMemories } from "../src/hardening/bound/cap-memories.ts";
import { bundledModules } from "./bundled-modules.ts";
import { ROOT } from "./exec.ts";

const VENDOR = join(ROOT, "node_modules/@bytecodealliance/jco-transpile/vendor");
const ADAPTERS = join(ROOT, "node_modules/@bytecodealliance/jco/lib");
const ASSETS = join(ROOT, "dist/assets");

/** What a preview 1 program is made to import for its exit status; see src/component/core/exit-status.ts. */
const EXIT_WORLD = `package cordon:preview1;
world exit { import wasi:cli/exit@0.2.12; }
package wasi:cli@0.2.12 { interface exit { exit-with-code: func(status-code: u8); } }`;

/** 1 GiB: a 12 MB component needs a tenth of it. */
const MAX_TOOL_PAGES = 16_384;

/** A tool that is a WebAssembly component: what of `src/component/transpile/` is bundled, where to, and its core modules. */
interface BundledTool {
  readonly name: "transpiler" | "componentizer";
  readonly modules: readonly string[];
}

/**
 * Bundles the one part of `@bytecodealliance/jco-transpile` that runs when a component is loaded. Its dependency tree is
 * over 100 MB, mostly an optimiser; this is 4 MB. Returns the ids of the modules in the bundle.
 */
export async function buildTranspiler(): Promise<readonly string[]> {
  const parts = ["core", "core2"].map((part) => `js-component-bindgen-component.${part}.wasm`);
  return bundleTool({ name: "transpiler", modules: parts });
}

/**
 * Bundles what makes components of core modules: `wasm-tools`, as the same package brings it, and the adapters of WASI
 * preview 1. Returns the ids of the modules in the bundle.
 */
export async function buildComponentizer(): Promise<readonly string[]> {
  const modules = await bundleTool({
    name: "componentizer",
    modules: ["core", "core2"].map((part) => `wasm-tools.${part}.wasm`),
  });
  const adapters = ["command", "reactor"].map((kind) => join(ADAPTERS, `wasi_snapshot_preview1.${kind}.wasm`));
  for (const adapter of adapters) await copyFile(adapter, join(ASSETS, "componentizer", basename(adapter)));
  const world = await componentEmbed({ witSource: EXIT_WORLD, world: "exit", dummy: true });
  await writeFile(join(ASSETS, "componentizer/exit-status.wasm"), world);
  return [...modules, ...adapters];
}

/** The WASI that a tool is linked against is ours, which grants it nothing, and its linear memories are capped. */
async function bundleTool({ name, modules }: BundledTool): Promise<readonly string[]> {
  const out = join(ASSETS, name);
  await mkdir(out, { recursive: true });
  const bundle = await rolldown({
    input: join(ROOT, `src/component/transpile/bundled-${name}.ts`),
    platform: "node",
    external: [/^node:/],
    // Its "use components" directive is gone from the bundle, which nothing reads.
    onLog: (level, log, report) => {
      if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
    },
    plugins: [
      {
        name: "sealed-wasi",
        resolveId: (id) =>
          id.startsWith("@bytecodealliance/preview2-shim/")
            ? join(ROOT, "src/component/transpile/sealed-wasi.ts")
            : undefined,
      },
    ],
  });
  const written = await bundle.write({ file: join(out, `${name}.js`), format: "esm", minify: true });
  await bundle.close();
  for (const file of modules) {
    await writeFile(join(out, file), capMemories(await readFile(join(VENDOR, file)), MAX_TOOL_PAGES));
  }
  return bundledModules(written);
}
