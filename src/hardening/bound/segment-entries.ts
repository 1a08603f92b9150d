import { ByteReader } from "../../shared/byte-reader.ts";
import { skipExpression } from "../read/constant-expression.ts";
import { readElements } from "../read/element-section.ts";
import { wellFormed } from "../read/module-sections.ts";
import { boundSegments } from "./bound-segments.ts";

/**
 * The most entries of active element segments that all instances of a program have together. They are written into tables when an
 * instance is made, before any of its code runs and is counted: about 100 ns each.
 */
const MAX_ACTIVE_ENTRIES = 1_000_000;

/** How many entries the element segments of a module have. */
export interface SegmentEntries {
  /**
   * Those of passive segments. The engine makes them all, on its heap, when code uses the segment for the first time, if for nothing:
   * they take what entries of tables take, and count as such.
   */
  readonly passive: number;
  readonly active: number;
}

/** Counts the entries of an element section (core specification 5.5.12). Declared segments are never made. */
export function segmentEntries(content: Uint8Array): SegmentEntries {
  return wellFormed(() => {
    const reader = new ByteReader(content);
    const found = { passive: 0, active: 0 };
    for (let left = reader.count(); left > 0; left -= 1) {
      const { kind, entries } = readElements(reader, {
        offset: skipExpression,
        element: skipExpression,
        index: () => undefined,
      });
      if (kind !== "declared") found[kind] += entries;
    }
    if (reader.remaining > 0) reader.fail("bytes after the last element segment");
    return found;
  });
}

/**
 * Refuses a program whose instances would have too many entries of active segments.
 *
 * @throws CordonError `limit`.
 */
export function boundActiveEntries(used: number): void {
  boundSegments(used, {
    cap: MAX_ACTIVE_ENTRIES,
    what: "entries of element segments into tables",
    remedy: "smaller tables",
  });
}
