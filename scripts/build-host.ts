import { chmod, cp } from "node:fs/promises";
import { join } from "node:path";
import { exec, ROOT } from "./exec.ts";

/** Compiles `src/` to ES modules and type declarations under `dist/`. */
export async function buildHost(): Promise<void> {
  await exec(join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"]);
  await chmod(join(ROOT, "dist/cli/main.js"), 0o755);
  await cp(join(ROOT, "wit"), join(ROOT, "dist/assets/wit"), { recursive: true });
}
