import { skipExpression } from "../../hardening/read/constant-expression.ts";
import { SECTION } from "../../hardening/read/module-sections.ts";
import type { ByteReader } from "../../shared/byte-reader.ts";
import type {
  CoreImportDefinition,
  CoreModuleBinary,
  CoreModuleExport,
  CoreRecursionGroup,
  GlobalType,
  MemoryType,
  TableType,
} from "./core-definitions.ts";
import {
  readCoreExternType,
  readCoreSort,
  readGlobalType,
  readMemoryType,
  readRecursionGroup,
  readTableType,
  readTagType,
} from "./core-types.ts";
import { readCustomSection } from "./custom-section.ts";
import type { Decoding } from "./decoding.ts";

const CORE_PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** The order of the sections, which is not that of their ids. */
const ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.tag,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];

/** A table with an initializer begins with these. */
const WITH_INITIALIZER = 0x40;

/**
 * Reads what the type of a core module depends on, and its custom sections. Code, elements and data are passed over: the
 * engine validates them when it compiles the module.
 */
export function readCoreModule(decoding: Decoding, module: ByteReader): CoreModuleBinary {
  decoding.count("coreModules");
  const index = decoding.modules.push({ offset: module.offset, size: module.remaining }) - 1;
  const start = module.offset;
  for (const byte of CORE_PREAMBLE) {
    if (module.u8() !== byte) module.fail("the preamble is not a core module's", start);
  }
  const sections = splitSections(decoding, module);
  const types: CoreRecursionGroup[] = [];
  const imports: CoreImportDefinition[] = [];
  const tables: TableType[] = [];
  const memories: MemoryType[] = [];
  const globals: GlobalType[] = [];
  const tags: number[] = [];
  const exports: CoreModuleExport[] = [];
  each(decoding, sections.get(SECTION.type), (reader) => types.push(readRecursionGroup(decoding, reader)));
  each(decoding, sections.get(SECTION.import), (reader) => {
    const offset = reader.offset;
    const module = decoding.anyName(reader);
    imports.push({ offset, module, name: decoding.anyName(reader), type: readCoreExternType(reader) });
  });
  const functions = readFunctions(sections.get(SECTION.function));
  each(decoding, sections.get(SECTION.table), (reader) => tables.push(readTable(reader)));
  each(decoding, sections.get(SECTION.memory), (reader) => memories.push(readMemoryType(reader)));
  each(decoding, sections.get(SECTION.tag), (reader) => tags.push(readTagType(reader)));
  each(decoding, sections.get(SECTION.global), (reader) => {
    globals.push(readGlobalType(reader));
    skipExpression(reader);
  });
  each(decoding, sections.get(SECTION.export), (reader) => {
    const offset = reader.offset;
    const name = decoding.anyName(reader);
    exports.push({ offset, name, sort: readCoreSort(reader), index: reader.u32() });
  });
  return { index, types, imports, functions, tables, memories, globals, tags, exports };
}

function splitSections(decoding: Decoding, module: ByteReader): ReadonlyMap<number, ByteReader> {
  const sections = new Map<number, ByteReader>();
  let last = -1;
  while (module.remaining > 0) {
    decoding.charge(1);
    const start = module.offset;
    const id = module.u8();
    const section = module.sub(module.u32());
    if (id === SECTION.custom) {
      readCustomSection(decoding, section);
      continue;
    }
    const order = ORDER.indexOf(id);
    if (order < 0) module.fail(`the core section ${id} is unknown`, start);
    if (order <= last) module.fail(`the core section ${id} is out of order, or there twice`, start);
    last = order;
    sections.set(id, section);
  }
  return sections;
}

/** Reads a vector that is a whole section. */
function each(decoding: Decoding, section: ByteReader | undefined, read: (reader: ByteReader) => void): void {
  if (section === undefined) return;
  for (let left = decoding.elements(section); left > 0; left -= 1) read(section);
  if (section.remaining > 0) section.fail("a core section goes on after its end");
}

/** Of functions there may be a hundred thousand, so they are not charged like what has parts. */
function readFunctions(section: ByteReader | undefined): Uint32Array {
  const functions = new Uint32Array(section?.count() ?? 0);
  if (section === undefined) return functions;
  for (let index = 0; index < functions.length; index += 1) functions[index] = section.u32();
  if (section.remaining > 0) section.fail("a core section goes on after its end");
  return functions;
}

function readTable(reader: ByteReader): TableType {
  if (reader.peek() !== WITH_INITIALIZER) return readTableType(reader);
  reader.u8();
  const start = reader.offset;
  if (reader.u8() !== 0x00) reader.fail("a table with an initializer has an unknown form", start);
  const type = readTableType(reader);
  skipExpression(reader);
  return type;
}
