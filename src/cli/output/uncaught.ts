import { fail } from "./failure.ts";
import { asksForJson } from "./json-output.ts";

/** Says what was thrown and nobody caught, as the command line asks for. Returns the exit code. */
export function failUncaught(thrown: unknown, words: readonly string[]): number {
  return fail(thrown, asksForJson(words));
}
