import { ByteReader } from "../../shared/byte-reader.ts";
import { readImports } from "./import-section.ts";
import { type Section, SECTION } from "./module-sections.ts";
import { readMemoryType } from "./memory-type.ts";
import { readTable } from "./table-section.ts";
import { readTypes, type TypeSection } from "./type-section.ts";

/** The index spaces of a core module, as far as hardening needs them. */
export interface ModuleShape {
  readonly types: TypeSection;
  readonly importedFunctions: number;
  /** The types of the functions that it defines. */
  readonly functionTypes: Uint32Array;
  /** The types of all functions and tags, imported ones first. */
  readonly allFunctionTypes: Uint32Array;
  readonly tagTypes: readonly number[];
  readonly importedGlobals: number;
  readonly globals: number;
  /** Whether addresses are 64 bits wide, of each memory and table. */
  readonly memory64: readonly boolean[];
  readonly table64: readonly boolean[];
  /** Whether threads could share it, of each memory. */
  readonly shared: readonly boolean[];
}

/**
 * Reads what a module has of everything.
 *
 * @throws MalformedError
 */
export function readShape(sections: readonly Section[]): ModuleShape {
  const content = (id: number): Uint8Array =>
    sections.find((section) => section.id === id)?.content ?? Uint8Array.of(0);
  const { imports } = readImports(content(SECTION.import));
  const imported = (kind: string): number => imports.filter((one) => one.kind === kind).length;
  const wide = (kind: string): boolean[] =>
    imports.filter((one) => one.kind === kind).map(({ address64 }) => address64 === true);

  const functions = new ByteReader(content(SECTION.function));
  const functionTypes = new Uint32Array(functions.count());
  for (let index = 0; index < functionTypes.length; index += 1) functionTypes[index] = functions.u32();
  if (functions.remaining > 0) functions.fail("bytes after the last function");

  const typesOf = (kind: string): number[] => imports.filter((one) => one.kind === kind).map(({ type }) => type ?? 0);
  const importedTypes = typesOf("function");
  const allFunctionTypes = new Uint32Array(importedTypes.length + functionTypes.length);
  allFunctionTypes.set(importedTypes);
  allFunctionTypes.set(functionTypes, importedTypes.length);

  const tags = new ByteReader(content(SECTION.tag));
  const ownTags = Array.from({ length: tags.count() }, () => {
    tags.u8();
    return tags.u32();
  });

  const types = readTypes(content(SECTION.type));
  for (const index of [...importedTypes, ...typesOf("tag"), ...ownTags]) {
    if (index >= types.count) tags.fail(`there is no type ${index}`);
  }

  const memories = new ByteReader(content(SECTION.memory));
  const ownMemories = Array.from({ length: memories.count() }, () => readMemoryType(memories));
  const tables = new ByteReader(content(SECTION.table));
  const ownTables = Array.from({ length: tables.count() }, () => readTable(tables).address64);

  return {
    types,
    importedFunctions: imported("function"),
    functionTypes,
    allFunctionTypes,
    tagTypes: [...typesOf("tag"), ...ownTags],
    importedGlobals: imported("global"),
    globals: imported("global") + new ByteReader(content(SECTION.global)).count(),
    memory64: [...wide("memory"), ...ownMemories.map(({ address64 }) => address64)],
    table64: [...wide("table"), ...ownTables],
    shared: [
      ...imports.filter(({ kind }) => kind === "memory").map(({ shared }) => shared === true),
      ...ownMemories.map(({ shared }) => shared),
    ],
  };
}
