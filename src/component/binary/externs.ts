import type { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import { readCoreSort } from "./core-types.ts";
import type { Decoding } from "./decoding.ts";
import type { AliasTarget, ExternName, ExternType, Sort } from "./definitions.ts";

const CORE_TYPE = 0x10;
const CORE_MODULE = 0x11;

/** The component sorts by their byte; 0 stands before those of core WebAssembly, 2 is that of values. */
const SORTS: Readonly<Record<number, Sort>> = { 1: "function", 3: "type", 4: "component", 5: "instance" };

/** Reads the name of an import or export, bare or with attributes. */
export function readExternName(decoding: Decoding, reader: ByteReader): ExternName {
  const start = reader.offset;
  const form = reader.u8();
  if (form > 0x02) reader.fail("an import or export name has an unknown form", start);
  const name = decoding.name(reader);
  if (form !== 0x02) return { name };
  const attributes: { implements?: string; versionSuffix?: string; externalId?: string } = {};
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    const at = reader.offset;
    const attribute = ATTRIBUTES[reader.u8()] ?? reader.fail("an attribute of a name is unknown", at);
    if (attributes[attribute] !== undefined) reader.fail("an attribute of a name is there twice", at);
    attributes[attribute] = decoding.anyName(reader);
  }
  return { name, ...attributes };
}

const ATTRIBUTES = ["implements", "versionSuffix", "externalId"] as const;

/** Reads the sort of what a component can import, export and pass. */
export function readSort(reader: ByteReader): Sort {
  const start = reader.offset;
  const byte = reader.u8();
  if (byte === 0x00) {
    return reader.u8() === CORE_MODULE
      ? "module"
      : reader.fail("a core definition stands where only a module can", start);
  }
  if (byte === 0x02) throw unsupportedValues(start);
  return SORTS[byte] ?? reader.fail("a sort is unknown", start);
}

/** Reads the type that an import or export is declared to have. */
export function readExternType(reader: ByteReader): ExternType {
  const sort = readSort(reader);
  if (sort !== "type") return { sort, type: reader.u32() };
  const start = reader.offset;
  const bound = reader.u8();
  if (bound > 0x01) reader.fail("a type bound is unknown", start);
  return bound === 0x00 ? { sort, bound: "equal", type: reader.u32() } : { sort, bound: "resource" };
}

/** Reads an alias. Its sort stands before it is known what kind of target that is the sort of. */
export function readAlias(decoding: Decoding, reader: ByteReader): AliasTarget {
  const start = reader.offset;
  const sortReader = reader.sub(reader.peek() === 0x00 ? 2 : 1);
  switch (reader.u8()) {
    case 0x00:
      return { from: "export", sort: readSort(sortReader), instance: reader.u32(), name: decoding.anyName(reader) };
    case 0x01: {
      if (sortReader.u8() !== 0x00) reader.fail("an alias of a core export does not have a core sort", start);
      return {
        from: "core-export",
        sort: readCoreSort(sortReader),
        instance: reader.u32(),
        name: decoding.anyName(reader),
      };
    }
    case 0x02:
      return { from: "outer", sort: readOuterSort(sortReader, start), count: reader.u32(), index: reader.u32() };
    default:
      return reader.fail("an alias has an unknown target", start);
  }
}

function readOuterSort(reader: ByteReader, start: number): "type" | "component" | "module" | "core-type" {
  switch (reader.u8()) {
    case 0x00: {
      const core = reader.u8();
      if (core === CORE_TYPE) return "core-type";
      return core === CORE_MODULE ? "module" : reader.fail("an outer alias cannot be of this core sort", start);
    }
    case 0x03:
      return "type";
    case 0x04:
      return "component";
    default:
      return reader.fail("an outer alias is not of a type, module or component", start);
  }
}

export function unsupportedValues(offset: number): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot decode the component: it defines component-level values, at byte ${offset}; components without them are supported.`,
  );
}
