import { chmod, cp } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { exec, ROOT } from "./exec.ts";

/** What is bundled from `src/`: the command, the library, and the entries of its worker threads. */
const ENTRIES: Readonly<Record<string, string>> = {
  cordon: "cli/main.ts",
  index: "sandbox/index.ts",
  "guest-worker": "runtime/worker/main.ts",
  "transpile-worker": "component/transpile/worker.ts",
};

/**
 * Bundles the entries into `dist/bin/` and emits type declarations to `dist/types/`. One file loads in a third of the
 * time of the eighty it is made from; what is needed late stays in chunks of its own.
 */
export async function buildHost(): Promise<void> {
  await exec(join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"]);
  for (const [name, source] of Object.entries(ENTRIES)) {
    const bundle = await rolldown({
      input: { [name]: join(ROOT, "src", source) },
      platform: "node",
      external: [/^node:/, "undici"],
    });
    await bundle.write({
      dir: join(ROOT, "dist/bin"),
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: `${name}-[name]-[hash].js`,
      comments: false,
    });
    await bundle.close();
  }
  await chmod(join(ROOT, "dist/bin/cordon.js"), 0o755);
  await cp(join(ROOT, "wit"), join(ROOT, "dist/assets/wit"), { recursive: true });
}
