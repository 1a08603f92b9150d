/**
 * What the build bundles as `assets/componentizer/componentizer.js`. Nothing imports this file at run time.
 */
export { componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";

export { takeDiagnostics } from "./sealed-wasi.ts";
