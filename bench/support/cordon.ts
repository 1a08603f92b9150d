import { join } from "node:path";
import type * as Library from "../../src/sandbox/index.ts";
import { ROOT } from "../../scripts/exec.ts";

/** The folder of the bundle that users install. */
export const BUNDLE: string = join(ROOT, "dist/bin");

/** The command line's entry. */
export const COMMAND: string = join(BUNDLE, "cordon.js");

/** A bundled demo skill: it is denied what it asks for, says so, and ends. */
export const DEMO_SKILL: string = join(ROOT, "dist/assets/skills/demo-malicious.wasm");

/** The library as users import it: the bundle, not the sources. */
export async function library(): Promise<typeof Library> {
  return (await import(join(BUNDLE, "index.js"))) as typeof Library;
}
