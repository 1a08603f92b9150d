import { ByteReader, MalformedError } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import { unsignedLeb128 } from "../write/leb128.ts";

/** A section of a core module: its id and its content, without the id and the size. */
export interface Section {
  readonly id: number;
  readonly content: Uint8Array;
  /** Whether the buffer of the content is nobody else's, and has room on both sides, so that a module can be written around it. */
  readonly hasRoom?: boolean;
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

/** How many entries a section of a vector has, by the count that it begins with; 0 when it is absent. */
export function countOf(sections: readonly Section[], id: number): number {
  const section = sections.find((one) => one.id === id);
  return section === undefined ? 0 : wellFormed(() => new ByteReader(section.content).count());
}

/**
 * How many functions a core module defines.
 *
 * @throws CordonError `invalid-component` when it is malformed.
 */
export function functionsOf(module: Uint8Array): number {
  return countOf(readSections(module), SECTION.function);
}

/**
 * Joins sections into a core module. Where one of them has room, and enough of it, the module is written around it: to touch new memory
 * takes as long as to write what is in it.
 */
export function writeSections(sections: readonly Section[]): Uint8Array {
  const parts: Uint8Array[] = [PREAMBLE];
  let length = PREAMBLE.length;
  let around: { readonly content: Uint8Array; readonly at: number } | undefined;
  for (const { id, content, hasRoom = false } of sections) {
    const head = Uint8Array.of(id, ...unsignedLeb128(content.length));
    parts.push(head, content);
    length += head.length;
    if (hasRoom) around = { content, at: length };
    length += content.length;
  }
  const inPlace = around && moduleAround(around.content, around.at, length);
  const module = inPlace ?? new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (inPlace === undefined || part !== around?.content) module.set(part, at);
    at += part.length;
  }
  return module;
}

/** So many bytes of a content's buffer, of which `before` are before it; undefined when there are not so many. */
function moduleAround({ buffer, byteOffset }: Uint8Array, before: number, length: number): Uint8Array | undefined {
  const start = byteOffset - before;
  return start >= 0 && start + length <= buffer.byteLength ? new Uint8Array(buffer, start, length) : undefined;
}

/** Runs a parser and turns its complaint into a coded error. */
export function wellFormed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    throw new CordonError(
      "invalid-component",
      `Cannot load the component: a core module in it is not valid WebAssembly (${thrown.message}); build it again`,
      { cause: thrown },
    );
  }
}
