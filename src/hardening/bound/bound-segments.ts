import { CordonError } from "../../shared/errors.ts";

/** What active segments write when an instance is made, and the most of it. */
export interface SegmentBound {
  readonly cap: number;
  /** What is written, and where. */
  readonly what: string;
  /** What a component has to be built with less of. */
  readonly remedy: string;
}

/**
 * Refuses a program whose instances would write too much by active segments.
 *
 * @throws CordonError `limit`.
 */
export function boundSegments(used: number, { cap, what, remedy }: SegmentBound): void {
  if (used <= cap) return;
  throw new CordonError(
    "limit",
    `Cannot load the component: its instances write ${used} ${what}, over the bound of ${cap}; build it with ${remedy} or fewer instances`,
    { limit: { limit: "complexity", cap, used } },
  );
}
