import type { Body } from "./body-events.ts";
import type { CallTraits } from "./call-traits.ts";
import type { ModuleShape } from "../read/module-shape.ts";
import type { ReferencedFunctions } from "../read/referenced-functions.ts";

/** Results that engines return in registers, besides the counter. */
const MOST_RESULTS = 1;
const MOST_PARAMETERS = 100;

/** What is known of a module when its functions are chosen. */
export interface PassingContext {
  readonly shape: ModuleShape;
  readonly uses: ReferencedFunctions;
  readonly traits: CallTraits;
  /** What functions cost that are charged by those who call them, by index; below zero for all others. */
  readonly wholeCosts: Int32Array;
}

/**
 * The functions that take the counter as one parameter more and return it as one result more: 1 for each, by index. The counter stays in
 * a register then, where every other call writes it to memory and reads it back.
 *
 * | a function is none of them | because |
 * | --- | --- |
 * | that can be reached other than by calls by name | others rely on its type |
 * | in a module that catches exceptions | what was charged would be lost with the frames that an exception leaves, even one that the code did not throw, such as at the end of the stack |
 * | that is charged in whole by those who call it | it has nothing to do with the counter |
 * | with a loop | its time is in the loop, for which engines make worse code when the counter is a parameter |
 * | with many parameters or results | they would not be in registers |
 */
export function passingFunctions(
  bodies: readonly Body[],
  { shape, uses, traits, wholeCosts }: PassingContext,
): Uint8Array {
  const passing = new Uint8Array(wholeCosts.length);
  const { handlesExceptions, called, tail, looping, referred } = traits;
  if (handlesExceptions || shape.types.collected) return passing;
  for (const { index, signature } of bodies) {
    const { parameters, results } = signature;
    const isReferred = uses.referenced.has(index) || referred.has(index);
    const isCalledByNameAlone = called.has(index) && !tail.has(index) && !isReferred;
    const isCharged = (wholeCosts[index] ?? -1) < 0;
    const fits = results <= MOST_RESULTS && parameters <= MOST_PARAMETERS;
    if (isCalledByNameAlone && isCharged && !looping.has(index) && fits) passing[index] = 1;
  }
  return passing;
}
