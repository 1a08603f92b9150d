import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { capMemories } from "../src/hardening/cap-memories.ts";
import { bundledModules } from "./bundled-modules.ts";
import { ROOT } from "./exec.ts";

const PACKAGE = join(ROOT, "node_modules/@bytecodealliance/jco-transpile");
const OUT = join(ROOT, "dist/assets/transpiler");

/** 1 GiB: a 12 MB component needs a tenth of it. */
const MAX_TRANSPILER_PAGES = 16_384;

/**
 * Bundles the one part of `@bytecodealliance/jco-transpile` that runs when a component is loaded. Its dependency tree is
 * over 100 MB, mostly an optimiser; this is 4 MB. The WASI it is linked against is ours, which grants it nothing, and its
 * linear memories are capped. Returns the ids of the modules in the bundle.
 */
export async function buildTranspiler(): Promise<readonly string[]> {
  await mkdir(OUT, { recursive: true });
  const bundle = await rolldown({
    input: join(ROOT, "src/component/transpile/bundled-transpiler.ts"),
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
  const written = await bundle.write({ file: join(OUT, "transpiler.js"), format: "esm", minify: true });
  await bundle.close();
  for (const part of ["core", "core2"]) {
    const name = `js-component-bindgen-component.${part}.wasm`;
    const module = await readFile(join(PACKAGE, "vendor", name));
    await writeFile(join(OUT, name), capMemories(module, MAX_TRANSPILER_PAGES));
  }
  return bundledModules(written);
}
