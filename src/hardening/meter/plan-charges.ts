import type { ModuleShape } from "../read/module-shape.ts";
import type { ReferencedFunctions } from "../read/referenced-functions.ts";
import type { Body, ChargePlan } from "./body-events.ts";
import { readCallTraits } from "./call-traits.ts";
import { passingFunctions } from "./passing-functions.ts";
import type { BodyScanner } from "./scan-body.ts";

/** Bytes of code up to which it is worth the time to find out how functions call one another. */
const MOST_CODE = 4 * 1024 * 1024;

/** Bodies of functions that cost little are not longer, unless they are padded. */
const FLAT_BYTES = 192;

/** Functions are prepaid if they are no longer than this, and check the counter in few places. */
const PREPAID_BYTES = 1024;
const PREPAID_CHECKS = 3;

/** What a plan is made of. */
export interface PlannedModule {
  readonly code: Uint8Array;
  readonly bodies: readonly Body[];
  readonly shape: ModuleShape;
  readonly uses: ReferencedFunctions;
}

/** A plan for so many functions by which each charges for itself. */
export function emptyPlan(functions: number): ChargePlan {
  return {
    wholeCosts: new Int32Array(functions).fill(-1),
    entryCosts: new Int32Array(functions).fill(-1),
    passing: new Uint8Array(functions),
  };
}

/**
 * Finds out which functions need not charge for themselves, and fills in the plan that the scanner has been given.
 *
 * | a function that | is charged by |
 * | --- | --- |
 * | only calls by name can reach, short and of a flat cost | those who call it, in whole |
 * | only calls by name can reach, not long and with few checks | those who call it, up to its first check |
 * | is exported besides, and calls itself | likewise; who calls it from outside enters by a stub that charges |
 * | can be reached in any other way | itself |
 *
 * @throws MalformedError, or CordonError `limit`.
 */
export function planCharges(
  plan: ChargePlan,
  scanner: BodyScanner,
  { code, bodies, shape, uses }: PlannedModule,
): void {
  const { wholeCosts, entryCosts, passing } = plan;
  const { referenced, exported } = uses;
  for (const body of bodies) {
    const { index, start, end } = body;
    if (end - start > FLAT_BYTES || referenced.has(index) || exported.has(index)) continue;
    const { isChargedByCallers, flatCost } = scanner.scan(body);
    if (isChargedByCallers) wholeCosts[index] = flatCost;
  }
  const traits = code.length > MOST_CODE ? undefined : readCallTraits(code, bodies);
  if (traits !== undefined) passing.set(passingFunctions(bodies, { shape, uses, traits, wholeCosts }));
  // A function may be referred to by code just because it is exported. Then what is exported has to be the function itself.
  const mayHaveStub = (index: number): boolean => traits !== undefined && !traits.referred.has(index);
  for (const body of bodies) {
    const { index, start, end } = body;
    if (end - start > PREPAID_BYTES || (wholeCosts[index] ?? -1) >= 0 || referenced.has(index)) continue;
    const { entryCost, checks, callsItself } = scanner.scan(body, true);
    if (entryCost === 0 || checks > PREPAID_CHECKS) continue;
    if (exported.has(index) && !(callsItself && mayHaveStub(index))) continue;
    entryCosts[index] = entryCost;
  }
}
