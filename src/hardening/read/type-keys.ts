import { nodeCrypto } from "../../shared/node-modules.ts";
import { ByteReader } from "../../shared/byte-reader.ts";
import { ByteWriter } from "../write/byte-writer.ts";
import { type Section, SECTION, wellFormed } from "./module-sections.ts";
import { readTypes, type Signature } from "./type-section.ts";

/** The size of a key, in bytes. The last one is the type's weight. */
export const TYPE_KEY_BYTES = 16;

/** So many parameters and results take about as much memory as the rest of what the engine keeps of a type. */
const VALUES_A_UNIT = 16;

const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;

/** What stands behind the code of a reference in what is hashed. */
const REFERS = { abstractly: 0, toItself: 1, toEarlier: 2 } as const;

/**
 * A key for each type of a module, in order. Types of any two modules that the engine takes for the same have the same key, if they are
 * encoded alike; those that are different have different ones. Recursive groups and subtypes, which are refused, have none of their own.
 *
 * The engine keeps each type it has ever read for the life of the process, also those of modules that turned out not to be valid.
 *
 * @throws CordonError `invalid-component` when the type section is malformed.
 */
export function typeKeys(sections: readonly Section[]): Uint8Array {
  const section = sections.find(({ id }) => id === SECTION.type);
  if (section === undefined) return new Uint8Array();
  return wellFormed(() => {
    const { count, signature } = readTypes(section.content);
    const { hash } = nodeCrypto();
    const keys = new Uint8Array(count * TYPE_KEY_BYTES);
    for (let index = 0; index < count; index += 1) {
      const { parameters, parameterBytes, results, resultBytes } = signature(index);
      const out = new ByteWriter(parameterBytes.length + resultBytes.length + 2 * TYPE_KEY_BYTES);
      writeValueTypes(out, { count: parameters, bytes: parameterBytes }, { keys, index });
      writeValueTypes(out, { count: results, bytes: resultBytes }, { keys, index });
      keys.set(hash("sha256", out.view(), "buffer").subarray(0, TYPE_KEY_BYTES - 1), index * TYPE_KEY_BYTES);
      keys[(index + 1) * TYPE_KEY_BYTES - 1] = weightOf(signature(index));
    }
    return keys;
  });
}

/** What a type counts for: one and a part for its parameters and results, at most 255. */
export function weightOf({ parameters, results }: Pick<Signature, "parameters" | "results">): number {
  return Math.min(1 + Math.floor((parameters + results) / VALUES_A_UNIT), 0xff);
}

interface ValueTypes {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Value types without what depends on the module: another type is written as its key. */
function writeValueTypes(
  out: ByteWriter,
  { count, bytes }: ValueTypes,
  { keys, index }: { readonly keys: Uint8Array; readonly index: number },
): void {
  const reader = new ByteReader(bytes);
  out.u32(count);
  while (reader.remaining > 0) {
    const code = reader.u8();
    out.u8(code);
    if (code !== NULLABLE_REFERENCE && code !== REFERENCE) continue;
    const start = reader.offset;
    const heapType = reader.s33();
    if (heapType < 0) {
      out.u8(REFERS.abstractly);
      out.copy(bytes, start, reader.offset);
    } else if (heapType === index) {
      out.u8(REFERS.toItself);
    } else if (heapType < index) {
      out.u8(REFERS.toEarlier);
      out.copy(keys, heapType * TYPE_KEY_BYTES, (heapType + 1) * TYPE_KEY_BYTES);
    } else {
      reader.fail("a type that comes later");
    }
  }
}
