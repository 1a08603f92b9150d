import { ByteReader } from "../../shared/byte-reader.ts";
import { skipExpression } from "../read/constant-expression.ts";
import { readData } from "../read/data-section.ts";
import { wellFormed } from "../read/module-sections.ts";
import { boundSegments } from "./bound-segments.ts";

/**
 * The most bytes of active data segments that all instances of a program have together. They are copied when an instance is made,
 * before any of its code runs and is counted, and nothing can interrupt it: this much takes about a tenth of a second.
 */
const MAX_ACTIVE_BYTES = 512 * 1024 * 1024;

/** How many bytes of a data section are written into memories when the module is instantiated. */
export function activeDataBytes(content: Uint8Array): number {
  return wellFormed(() => {
    const reader = new ByteReader(content);
    let active = 0;
    for (let left = reader.count(); left > 0; left -= 1) {
      const { isActive, bytes } = readData(reader, skipExpression);
      if (isActive) active += bytes;
    }
    return active;
  });
}

/**
 * Refuses a program whose instances would have too many bytes of active segments.
 *
 * @throws CordonError `limit`.
 */
export function boundActiveData(used: number): void {
  boundSegments(used, { cap: MAX_ACTIVE_BYTES, what: "bytes of data segments into memories", remedy: "less data" });
}
