import { ByteReader } from "../../shared/byte-reader.ts";
import { skipExpression } from "../read/constant-expression.ts";
import { readElements } from "../read/element-section.ts";
import { MAX_NAME_BYTES, readImports } from "../read/import-section.ts";
import { type Section, SECTION, wellFormed } from "../read/module-sections.ts";
import { skipValueType } from "../read/type-section.ts";

/**
 * What the engine makes on the JavaScript heap for each instance of a module, in bytes, before any of its code runs: measured with
 * instances of 20,000 of each, and rounded up.
 */
const BYTES = {
  instance: 4_096,
  /** The object by which JavaScript calls it. */
  exportedFunction: 400,
  exported: 128,
  /** A function of JavaScript's gets a reference of its own. How many may suspend the guest is bounded by the size of the plan. */
  importedFunction: 128,
  imported: 24,
  function: 24,
  table: 256,
  tag: 32,
  global: 16,
  /** One that may hold a reference to a function, which is made for it. */
  referenceGlobal: 96,
  elementSegment: 16,
  /** Where it begins, and how long it is. */
  dataSegment: 16,
  /** The reference that is made for a function in a table. */
  element: 72,
  tableEntry: 8,
  /** Names become strings of two bytes a character. */
  nameByte: 2,
} as const;

const FUNCTION_KIND = 0x00;

/** Value types from here to 0x7f are numbers and vectors. */
const FIRST_NUMBER = 0x7b;

/**
 * What one instance of a module takes of the JavaScript heap of the thread that makes it, in bytes.
 *
 * @param tableEntries How many entries the tables that it defines can have together.
 * @throws CordonError `invalid-component` when a section is malformed.
 */
export function instanceHeapBytes(sections: readonly Section[], tableEntries: number): number {
  return sections.reduce(
    (total, section) => total + wellFormed(() => sectionBytes(section)),
    BYTES.instance + tableEntries * BYTES.tableEntry,
  );
}

function sectionBytes({ id, content }: Section): number {
  switch (id) {
    case SECTION.import:
      return importBytes(content);
    case SECTION.export:
      return exportBytes(new ByteReader(content));
    case SECTION.function:
      return counted(content) * BYTES.function;
    case SECTION.table:
      return counted(content) * BYTES.table;
    case SECTION.tag:
      return counted(content) * BYTES.tag;
    case SECTION.global:
      return globalBytes(new ByteReader(content));
    case SECTION.element:
      return elementBytes(new ByteReader(content));
    case SECTION.data:
      return counted(content) * BYTES.dataSegment;
    default:
      return 0;
  }
}

function counted(content: Uint8Array): number {
  return new ByteReader(content).count();
}

function importBytes(content: Uint8Array): number {
  let bytes = 0;
  for (const { kind, names } of readImports(content).imports) {
    bytes += kind === "function" ? BYTES.importedFunction : BYTES.imported;
    bytes += (names[1] - names[0]) * BYTES.nameByte;
  }
  return bytes;
}

function exportBytes(reader: ByteReader): number {
  let bytes = 0;
  for (let left = reader.count(); left > 0; left -= 1) {
    const start = reader.offset;
    reader.name(MAX_NAME_BYTES);
    bytes += (reader.offset - start) * BYTES.nameByte;
    bytes += reader.u8() === FUNCTION_KIND ? BYTES.exportedFunction : BYTES.exported;
    reader.u32();
  }
  return bytes;
}

function globalBytes(reader: ByteReader): number {
  let bytes = 0;
  for (let left = reader.count(); left > 0; left -= 1) {
    bytes += reader.peek() >= FIRST_NUMBER ? BYTES.global : BYTES.referenceGlobal;
    skipValueType(reader);
    reader.u8();
    skipExpression(reader);
  }
  return bytes;
}

function elementBytes(reader: ByteReader): number {
  let elements = 0;
  const count = reader.count();
  for (let left = count; left > 0; left -= 1) {
    readElements(reader, {
      offset: skipExpression,
      element: (inner) => {
        elements += 1;
        skipExpression(inner);
      },
      index: () => {
        elements += 1;
      },
    });
  }
  return count * BYTES.elementSegment + elements * BYTES.element;
}
