import { CordonError } from "../shared/errors.ts";

/**
 * Bounds of one core module. What real toolchains emit stays far below; what is above could make the engine or Cordon take
 * memory and time that no limit of an invocation covers, since it happens when a component is loaded.
 */
export const COMPLEXITY = {
  /**
   * The size of a function's body, in bytes. The engine's optimizing compiler takes hundreds of times a body's size, in threads
   * of the process that neither a memory cap nor a deadline reaches. A JavaScript engine's largest body has 170 KB.
   */
  bodyBytes: 1024 * 1024,
  /** Parameters and locals of a function; the engine's own bound is 50,000. */
  locals: 49_000,
  /** How deep blocks are nested. */
  depth: 10_000,
} as const;

/** The error for a function with too many locals. */
export function tooManyLocals(used: number, cap: number): CordonError {
  return tooMany("locals in a function", used, cap);
}

/** The error for blocks within blocks. */
export function tooDeep(cap: number): CordonError {
  return tooMany("blocks within each other", cap + 1, cap);
}

/** The error for a module that has too much of something. `what` goes on from "it has 7". */
export function tooMany(what: string, used: number, cap: number): CordonError {
  return new CordonError(
    "limit",
    `Cannot load the component: a core module in it has ${used} ${what}, over the bound of ${cap}; build it in smaller parts`,
    { limit: { limit: "complexity", cap, used } },
  );
}
