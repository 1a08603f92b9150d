import { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import { unsignedLeb128 } from "../write/leb128.ts";
import { wellFormed } from "../read/module-sections.ts";
import { readTable } from "../read/table-section.ts";

/** The most entries that the tables and passive element segments of one program may ever have together, over all its instances. */
export const MAX_TABLE_ENTRIES = 500_000;

/** How far a table that declares no lower maximum may grow, in entries, when it does not start larger. */
const GROWTH_ENTRIES = 16_384;

const HAS_MAXIMUM = 0x01;

/** A table section whose tables cannot grow past a bound. */
export interface CappedTables {
  readonly content: Uint8Array;
  /** The sum of the tables' maxima, in entries. */
  readonly entries: number;
}

/**
 * Gives every table of a table section (core specification 5.5.7) a maximum. Tables live on the engine's heap, where one
 * large allocation that fails ends the process and not the guest, so no table may be large or become so. A lower maximum
 * is compatible with whatever imports the table.
 *
 * @throws CordonError `limit` for a table that starts over {@link MAX_TABLE_ENTRIES}.
 */
export function capTables(content: Uint8Array): CappedTables {
  return wellFormed(() => {
    const reader = new ByteReader(content);
    const count = reader.count();
    const parts: Uint8Array[] = [unsignedLeb128(count)];
    let entries = 0;
    for (let left = count; left > 0; left -= 1) {
      const start = reader.offset;
      const { flags, initial, maximum: declared = Number.POSITIVE_INFINITY, limits, initializer } = readTable(reader);
      if (initial > MAX_TABLE_ENTRIES) throw tooManyEntries(initial);
      const maximum = Math.min(declared, Math.max(initial, GROWTH_ENTRIES));
      entries += maximum;
      parts.push(content.subarray(start, limits[0]));
      parts.push(Uint8Array.of(flags | HAS_MAXIMUM), unsignedLeb128(initial), unsignedLeb128(maximum));
      parts.push(content.subarray(...initializer));
    }
    if (reader.remaining > 0) reader.fail("bytes after the last table");
    return { content: Buffer.concat(parts), entries };
  });
}

/** The error for a component whose tables are too large, alone or together. */
export function tooManyEntries(used: number): CordonError {
  return new CordonError(
    "limit",
    `Cannot load the component: its tables and passive element segments take ${used} entries, over the bound of ${MAX_TABLE_ENTRIES}; build it with smaller tables`,
    { limit: { limit: "complexity", cap: MAX_TABLE_ENTRIES, used } },
  );
}
