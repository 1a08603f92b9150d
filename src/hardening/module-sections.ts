import { ByteReader, MalformedError } from "../shared/byte-reader.ts";
import { CordonError } from "../shared/errors.ts";
import { unsignedLeb128 } from "./leb128.ts";

/** A section of a core module: its id and its content, without the id and the size. */
export interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

/** Section ids of the WebAssembly core specification, 5.5.2. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

const PREAMBLE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/**
 * Splits a core module into its sections, in order. The contents are views, not copies.
 *
 * @throws CordonError `invalid-component` when the bytes are no core module.
 */
export function readSections(module: Uint8Array): Section[] {
  return wellFormed(() => {
    const reader = new ByteReader(module);
    const preamble = reader.bytes(Math.min(PREAMBLE.length, reader.remaining));
    if (!PREAMBLE.every((byte, index) => preamble[index] === byte)) reader.fail("not a core module", 0);
    const sections: Section[] = [];
    const seen = new Set<number>();
    while (reader.remaining > 0) {
      const id = reader.u8();
      if (id !== SECTION.custom && seen.has(id)) reader.fail(`a second section of id ${id}`);
      seen.add(id);
      sections.push({ id, content: reader.bytes(reader.u32()) });
    }
    return sections;
  });
}

/** Joins sections into a core module. */
export function writeSections(sections: readonly Section[]): Uint8Array {
  const parts: Uint8Array[] = [PREAMBLE];
  for (const { id, content } of sections) parts.push(Uint8Array.of(id), unsignedLeb128(content.length), content);
  return Buffer.concat(parts);
}

/** Runs a parser and turns its complaint into a coded error. */
export function wellFormed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    throw new CordonError("invalid-component", `Cannot harden a core module: ${thrown.message}`, { cause: thrown });
  }
}
