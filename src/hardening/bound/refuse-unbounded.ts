import { CordonError } from "../../shared/errors.ts";
import { refuseComplex } from "./complexity.ts";
import { refuseCostly } from "./refuse-costly.ts";
import { readShape } from "../read/module-shape.ts";
import { SECTION, type Section, wellFormed } from "../read/module-sections.ts";
import { readTypes } from "../read/type-section.ts";

/** What is refused unless it is allowed. */
export interface AllowedFeatures {
  /**
   * Garbage-collected types and their instructions, and exceptions that can be kept anywhere. Their values live on the engine's heap, which
   * no cap counts, so this is for tests of the rewriter. Default: false.
   */
  readonly collected?: boolean;
  /**
   * Shared memory and atomic instructions. There is one thread all the same: in metered modules a wait for another one traps instead of
   * blocking it. Default: false.
   */
  readonly threads?: boolean;
}

/** What a module's code is to the engine's compilers. */
export interface CompiledSize {
  /** In the units of `compile-costs.ts`. */
  readonly compileCost: number;
  /** See `CodeCost` in refuse-costly.ts. */
  readonly workingBytes: number;
  /** The most operands at once, of each body that handles exceptions, by its position among the bodies. */
  readonly handlers: ReadonlyMap<number, number>;
  /** See `CodeCost` in refuse-costly.ts. */
  readonly costly: ReadonlySet<number>;
}

/**
 * Refuses what would let a guest take memory that no cap counts: garbage-collected types, whose values live on the
 * engine's heap, and modules that are too large in any respect to load within bounds.
 *
 * @throws CordonError `unsupported`, `limit`, or `invalid-component` when a section is malformed.
 */
export function refuseUnbounded(
  sections: readonly Section[],
  { collected = false, threads = false }: AllowedFeatures = {},
): CompiledSize {
  refuseComplex(sections);
  for (const { id, content } of sections) {
    if (id === SECTION.type && !collected && wellFormed(() => readTypes(content)).collected) {
      throw refusedFeature("garbage-collected types");
    }
  }
  if (!threads && wellFormed(() => readShape(sections)).shared.includes(true)) throw refusedThreads("shared memory");
  const code = sections.find(({ id }) => id === SECTION.code);
  if (code === undefined) return { compileCost: 0, workingBytes: 0, handlers: new Map(), costly: new Set() };
  const { cost, workingBytes, handlers, costly } = wellFormed(() => refuseCostly(code.content, readShape(sections)));
  return { compileCost: cost, workingBytes, handlers, costly };
}

/** The error for what threads need, where it is not allowed. */
export function refusedThreads(what: string): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot load the component: it uses ${what}, which is refused unless it is allowed; build it without threads, or have it run in one thread all the same`,
    { remedies: [{ setting: "sharedMemory", value: "true" }] },
  );
}

/** The error for a feature of WebAssembly that Cordon does not run. */
export function refusedFeature(what: string): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot load the component: it uses ${what}, which Cordon does not run; build it without`,
  );
}
