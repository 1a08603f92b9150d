import type { Body } from "./body-events.ts";
import type { CallTraits } from "./call-traits.ts";
import type { ModuleShape } from "../read/module-shape.ts";
import type { ReferencedFunctions } from "../read/referenced-functions.ts";

/** Results that engines hand over in registers, the counter left out. */
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
 * The functions that are to take the counter as one parameter more and give it back as one result more, by index: 1 for each. Only its
 * own module calls them, by name, so nobody else sees their type. The counter stays in a register then, where every call would write
 * it to memory and read it back.
 *
 * None in modules that catch exceptions: what was charged would be lost with the frames that one leaves, should an engine let one be
 * caught that the code did not throw, such as at the end of the stack. None that loops: its time is in the loop, of which engines
 * make less when the counter comes as a parameter.
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
