import type { ByteReader } from "../../shared/byte-reader.ts";
import { quoteText } from "../../shared/quote-text.ts";
import type { Decoding } from "./decoding.ts";
import { MAX_QUOTED } from "./decoding.ts";
import type { Entity, Frame, Sort } from "./entities.ts";
import { missing } from "./entities.ts";

/** A core sort has no entity at the component level, except for modules. */
export type AnySort = Sort | "core-type" | "core-instance" | "core-item";

/**
 * Reads the name of an import or export. Names come bare, or with attributes: a version suffix, or the interface that a
 * plainly named instance implements. Attributes are passed over; linking goes by the name alone.
 */
export function readExternName(decoding: Decoding, reader: ByteReader): string {
  const start = reader.offset;
  const form = reader.u8();
  if (form > 0x02) reader.fail("an import or export name has an unknown form", start);
  const name = decoding.name(reader);
  if (form === 0x02) {
    for (let left = decoding.elements(reader); left > 0; left -= 1) {
      if (reader.u8() > 0x02) reader.fail("an attribute of a name is unknown", reader.offset - 1);
      decoding.name(reader);
    }
  }
  return name;
}

/** Reads the sort of an index. */
function readSort(reader: ByteReader): AnySort {
  const start = reader.offset;
  switch (reader.u8()) {
    case 0x00:
      return readCoreSort(reader);
    case 0x01:
      return "function";
    case 0x02:
      return "value";
    case 0x03:
      return "type";
    case 0x04:
      return "component";
    case 0x05:
      return "instance";
    default:
      return reader.fail("a sort is unknown", start);
  }
}

/** Reads a sort of core WebAssembly. */
export function readCoreSort(reader: ByteReader): AnySort {
  const start = reader.offset;
  switch (reader.u8()) {
    case 0x00: // function
    case 0x01: // table
    case 0x02: // memory
    case 0x03: // global
    case 0x04: // tag
      return "core-item";
    case 0x10:
      return "core-type";
    case 0x11:
      return "module";
    case 0x12:
      return "core-instance";
    default:
      return reader.fail("a core sort is unknown", start);
  }
}

/** Reads a sort and an index, and returns what they name; core sorts other than modules cannot stand here. */
export function readSortedIndex(frame: Frame, reader: ByteReader): Entity {
  const start = reader.offset;
  const sort = componentSort(readSort(reader), reader, start);
  return frame.at(sort, reader.u32(), reader);
}

/** Adds a named entity to a set of imports or exports, where each name stands once. */
export function addUnique(target: Map<string, Entity>, name: string, entity: Entity, reader: ByteReader): void {
  if (target.has(name)) reader.fail(`the name ${quoteText(name, MAX_QUOTED)} is imported, exported or passed twice`);
  target.set(name, entity);
}

/** Reads an alias and appends what it names to the frame. */
export function readAlias(decoding: Decoding, frame: Frame, reader: ByteReader): void {
  const start = reader.offset;
  const sort = readSort(reader);
  switch (reader.u8()) {
    case 0x00: {
      const index = reader.u32();
      const instance = frame.instances[index] ?? missing(reader, "instance", index);
      const name = decoding.name(reader);
      const entity =
        instance.exports.get(name) ?? reader.fail(`instance ${index} does not export ${quoteText(name, MAX_QUOTED)}`);
      if (entity.sort !== sort) reader.fail(`an alias of a ${sort} names a ${entity.sort}`, start);
      append(decoding, frame, entity);
      break;
    }
    case 0x01: {
      const index = reader.u32();
      if (index >= frame.coreInstances) missing(reader, "core instance", index);
      decoding.anyName(reader);
      if (sort !== "core-item") reader.fail("an alias of a core export does not have a core sort", start);
      break;
    }
    case 0x02:
      readOuterAlias(decoding, frame, reader, sort, start);
      break;
    default:
      reader.fail("an alias has an unknown target", start);
  }
}

function readOuterAlias(decoding: Decoding, frame: Frame, reader: ByteReader, sort: AnySort, start: number): void {
  const outer = frame.outer(reader.u32(), reader);
  const index = reader.u32();
  if (sort === "core-type") {
    if (index >= outer.coreTypes) missing(reader, "core type", index);
    frame.coreTypes += 1;
  } else if (sort === "type" || sort === "module" || sort === "component") {
    append(decoding, frame, outer.at(sort, index, reader));
  } else {
    reader.fail(`an outer alias cannot be of a ${sort}`, start);
  }
}

/** Appends an entity to its index space and counts it among the definitions. */
export function append(decoding: Decoding, frame: Frame, entity: Entity): void {
  frame.push(entity);
  if (!frame.first) return;
  if (entity.sort === "function") decoding.count("functions");
  else if (entity.sort === "type") decoding.count("types");
  else if (entity.sort === "instance") decoding.count("instances");
}

function componentSort(sort: AnySort, reader: ByteReader, start: number): Sort {
  if (sort === "core-type" || sort === "core-instance" || sort === "core-item") {
    return reader.fail("a definition of core WebAssembly stands where one of a component has to", start);
  }
  return sort;
}
