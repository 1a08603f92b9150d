import type { HelperFunctions } from "../write/helper-functions.ts";
import type { AllowedFeatures } from "../bound/refuse-unbounded.ts";
import type { Signature } from "../read/type-section.ts";

/** What is to be written at a place in a body. */
export const EVENT = {
  /** Charge `first` units; check the counter when `second` is 1. */
  charge: 0,
  /** Write the counter from the local back to the global. */
  spill: 1,
  /** Read it from the global again. */
  reload: 2,
  /** The index of a global or a local becomes `first`; what follows begins at `second`. */
  index: 3,
  /** The instruction becomes a call of function `first`; what follows begins at `second`. */
  replace: 4,
  /** A call of function `first` comes before the instruction. */
  insert: 5,
  /** The bytes from `first` to `second`, an unsigned integer, come as a constant of 64 bits before the instruction. */
  constant: 9,
  /** A function is called that takes the counter, which comes on top of its parameters. */
  pass: 10,
  /** It gave the counter back, on top of its results. */
  take: 11,
  /** The function returns, and gives the counter on top of its results: from the global when `first` is 1. */
  give: 12,
  /** A loop begins, to be written in the form `first`, of {@link LOOP_FORM}; its end is event `second`. */
  loop: 6,
  /** The `end` of a loop; `first` is where its last instruction is, if that branches back. */
  loopEnd: 7,
  /** A branch that leaves the innermost loop it is in: labels greater than `first` do; what follows begins at `second`. */
  exit: 8,
} as const;

/** How loops are written; see `emit-body.ts`. */
export const LOOP_FORM = { plain: 0, unrolled: 1, outlined: 2 } as const;

/** Numbers an event takes: position, kind, and two more. */
export const EVENT_SIZE = 4;

/** What the scanner has to know of the module. */
export interface BodyContext {
  readonly types: number;
  readonly functions: number;
  readonly globals: number;
  readonly importedGlobals: number;
  readonly helpers: HelperFunctions;
  readonly plan: ChargePlan;
  readonly allow: AllowedFeatures;
}

/** A function's body in the code section. */
export interface Body {
  /** The index of the function. */
  readonly index: number;
  /** Where it begins, after its size. */
  readonly start: number;
  readonly end: number;
  readonly type: number;
  readonly signature: Signature;
}

/** How many globals are put between the imported and the module's own. */
export const ADDED_GLOBALS = 3;

/** Who charges for each function, by index; see `plan-charges.ts`. */
export interface ChargePlan {
  /** What functions cost that are charged in whole by those who call them, by index; below zero for all others. */
  readonly wholeCosts: Int32Array;
  /** What functions cost up to their first check that are charged for that by those who call them; below zero for all others. */
  readonly entryCosts: Int32Array;
  /** 1 for functions that take the counter as a parameter, and give it back, by index. */
  readonly passing: Uint8Array;
}
