import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const VENDOR = join(import.meta.dirname, "../../node_modules/@bytecodealliance/jco-transpile/vendor");

/** Core modules as a toolchain makes them, of several megabytes: those of the development tools themselves. */
export function toolchainModules(): readonly Uint8Array[] {
  return globSync("*.core*.wasm", { cwd: VENDOR }).map((name) => readFileSync(join(VENDOR, name)));
}
