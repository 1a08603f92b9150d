import { ByteReader } from "../shared/byte-reader.ts";
import { CordonError } from "../shared/errors.ts";
import { unsignedLeb128 } from "./leb128.ts";
import { wellFormed } from "./module-sections.ts";

/** The most entries that the tables of one program may ever have together, over all its instances. */
export const MAX_TABLE_ENTRIES = 500_000;

/** How far a table that declares no lower maximum may grow, in entries, when it does not start larger. */
const GROWTH_ENTRIES = 16_384;

const HAS_MAXIMUM = 0x01;
const ADDRESS_64 = 0x04;
const WITH_INITIALIZER = 0x40;
const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;
const GLOBAL_GET = 0x23;
const REF_NULL = 0xd0;
const REF_FUNC = 0xd2;
const END = 0x0b;

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
      const initialized = reader.peek() === WITH_INITIALIZER;
      if (initialized) reader.skip(2);
      skipReferenceType(reader);
      parts.push(content.subarray(start, reader.offset));

      const flags = reader.u8();
      if ((flags & ~(HAS_MAXIMUM | ADDRESS_64)) !== 0) reader.fail("unknown table flags");
      const size = (): number => ((flags & ADDRESS_64) === 0 ? reader.u32() : Number(reader.u64()));
      const initial = size();
      const declared = (flags & HAS_MAXIMUM) === 0 ? Number.POSITIVE_INFINITY : size();
      if (initial > MAX_TABLE_ENTRIES) throw tooManyEntries(initial);
      const maximum = Math.min(declared, Math.max(initial, GROWTH_ENTRIES));
      entries += maximum;
      parts.push(Uint8Array.of(flags | HAS_MAXIMUM), unsignedLeb128(initial), unsignedLeb128(maximum));

      const initializer = reader.offset;
      if (initialized) skipInitializer(reader);
      parts.push(content.subarray(initializer, reader.offset));
    }
    if (reader.remaining > 0) reader.fail("bytes after the last table");
    return { content: Buffer.concat(parts), entries };
  });
}

/** The error for a component whose tables are too large, alone or together. */
export function tooManyEntries(used: number): CordonError {
  return new CordonError(
    "limit",
    `Cannot load the component: its tables take ${used} entries, over the bound of ${MAX_TABLE_ENTRIES}; build it with smaller tables`,
    { limit: { limit: "complexity", cap: MAX_TABLE_ENTRIES, used } },
  );
}

function skipReferenceType(reader: ByteReader): void {
  const code = reader.u8();
  if (code === NULLABLE_REFERENCE || code === REFERENCE) reader.s33();
}

/** The constant expressions that give a reference, garbage-collected types aside. */
function skipInitializer(reader: ByteReader): void {
  for (;;) {
    switch (reader.u8()) {
      case END:
        return;
      case GLOBAL_GET:
      case REF_FUNC:
        reader.u32();
        break;
      case REF_NULL:
        reader.s33();
        break;
      default:
        reader.fail("an unknown instruction in a table's initializer");
    }
  }
}
