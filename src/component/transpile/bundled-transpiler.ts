/**
 * What the build bundles as `assets/transpiler/transpiler.js`. Nothing imports this file at run time.
 */
import { $init, generate } from "@bytecodealliance/jco-transpile/component";

export { takeDiagnostics } from "./sealed-wasi.ts";

/** Resolves when the transpiler is ready. */
export const ready: Promise<void> = $init;

export { generate };
