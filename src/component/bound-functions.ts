import { functionsOf } from "../hardening/read/module-sections.ts";
import { tooComplex } from "./too-complex.ts";

/**
 * The most functions that all core modules of a component have together. A Python interpreter with its libraries has 15,000, a JavaScript
 * engine 20,000. What hardening adds to them is a handful for each module.
 */
const MAX_FUNCTIONS = 150_000;

/**
 * Bounds the functions of a component's core modules, of which the engine has room for 16,777,216 in a process.
 *
 * @throws CordonError `limit`, or `invalid-component` when a module is malformed.
 */
export function boundFunctions(modules: readonly Uint8Array[]): void {
  const functions = modules.reduce((sum, module) => sum + functionsOf(module), 0);
  if (functions > MAX_FUNCTIONS) throw tooComplex("functions in its core modules", functions, MAX_FUNCTIONS);
}
