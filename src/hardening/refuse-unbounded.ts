import { CordonError } from "../shared/errors.ts";
import { refuseComplex } from "./complexity.ts";
import { refuseLabelStates } from "./label-states.ts";
import { readShape } from "./module-shape.ts";
import { SECTION, type Section, wellFormed } from "./module-sections.ts";
import { readTypes } from "./type-section.ts";

/** What is refused unless it is allowed. */
export interface AllowedFeatures {
  /** Garbage-collected types and their instructions. Their values live on the engine's heap, which no cap counts. Default: false. */
  readonly collected?: boolean;
  /** Atomic instructions. Waiting is refused all the same. Default: false. */
  readonly atomics?: boolean;
}

/**
 * Refuses what would let a guest take memory that no cap counts: garbage-collected types, whose values live on the
 * engine's heap, and modules that are too large in any respect to load within bounds.
 *
 * @throws CordonError `unsupported`, `limit`, or `invalid-component` when a section is malformed.
 */
export function refuseUnbounded(sections: readonly Section[], { collected = false }: AllowedFeatures = {}): void {
  refuseComplex(sections);
  for (const { id, content } of sections) {
    if (id !== SECTION.type) continue;
    if (!wellFormed(() => readTypes(content)).collected || collected) continue;
    throw refusedFeature("garbage-collected types");
  }
  const code = sections.find(({ id }) => id === SECTION.code);
  if (code !== undefined) wellFormed(() => refuseLabelStates(code.content, readShape(sections)));
}

/** The error for a feature of WebAssembly that Cordon does not run. */
export function refusedFeature(what: string): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot load the component: it uses ${what}, which Cordon does not run; build it without`,
  );
}
