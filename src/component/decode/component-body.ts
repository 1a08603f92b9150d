import { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import { readCanon } from "./canon.ts";
import { skipCoreType, skipValueType } from "./core-type.ts";
import { readCoreModule, readCustomSection } from "./custom-section.ts";
import type { Decoding } from "./decoding.ts";
import type { Component, Entity, Instance, TypeEntity } from "./entities.ts";
import { Frame, missing, named } from "./entities.ts";
import { addUnique, append, readAlias, readCoreSort, readExternName, readSortedIndex } from "./extern.ts";
import { evaluateBodyType, readExternType, readImport, readType } from "./type-body.ts";

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/**
 * Evaluates a component's body between two offsets. Imports are bound to `args`, or, without, to what they are declared
 * as; what the body imports and exports is in the frame it returns.
 */
export function evaluateComponent(
  decoding: Decoding,
  start: number,
  end: number,
  scope: Frame | undefined,
  args: ReadonlyMap<string, Entity> | undefined,
): Frame {
  const reader = new ByteReader(decoding.bytes, start, end);
  const frame = new Frame(scope, !decoding.walked.has(start));
  for (const byte of PREAMBLE) {
    if (reader.u8() !== byte) reader.fail("the preamble is not a component's", start);
  }
  decoding.nested(() => {
    while (reader.remaining > 0) {
      decoding.charge(1);
      const id = reader.u8();
      const section = reader.sub(reader.u32());
      readSection(decoding, frame, section, id, args);
      if (section.remaining > 0) section.fail("a section goes on after its end");
    }
  });
  decoding.walked.set(start, end);
  return frame;
}

function readSection(
  decoding: Decoding,
  frame: Frame,
  section: ByteReader,
  id: number,
  args: ReadonlyMap<string, Entity> | undefined,
): void {
  switch (id) {
    case 0:
      if (frame.first) readCustomSection(decoding, section);
      section.skip(section.remaining);
      break;
    case 1:
      if (frame.first) readCoreModule(decoding, section);
      frame.modules += 1;
      section.skip(section.remaining);
      break;
    case 2:
      each(decoding, section, () => readCoreInstance(decoding, frame, section));
      break;
    case 3:
      each(decoding, section, () => (frame.coreTypes += skipCoreType(decoding, section)));
      break;
    case 4:
      readNested(decoding, frame, section);
      break;
    case 5:
      each(decoding, section, () => {
        append(decoding, frame, { sort: "instance", instance: readInstance(decoding, frame, section) });
      });
      break;
    case 6:
      each(decoding, section, () => readAlias(decoding, frame, section));
      break;
    case 7:
      each(decoding, section, () =>
        append(decoding, frame, { sort: "type", type: readDefinition(decoding, frame, section) }),
      );
      break;
    case 8:
      each(decoding, section, () => {
        const type = readCanon(decoding, frame, section);
        if (type !== undefined) append(decoding, frame, { sort: "function", type });
      });
      break;
    case 9:
      readStart(frame, section);
      break;
    case 10:
      each(decoding, section, () => readImport(decoding, frame, section, args));
      break;
    case 11:
      each(decoding, section, () => readExport(decoding, frame, section));
      break;
    case 12:
      throw unsupportedValues(section);
    default:
      section.fail(`the section ${id} is unknown`);
  }
}

function each(decoding: Decoding, reader: ByteReader, read: () => void): void {
  for (let left = decoding.elements(reader); left > 0; left -= 1) read();
}

function readCoreInstance(decoding: Decoding, frame: Frame, reader: ByteReader): void {
  const start = reader.offset;
  const form = reader.u8();
  if (form > 0x01) reader.fail("a core instance has an unknown form", start);
  if (form === 0x00) {
    const index = reader.u32();
    if (index >= frame.modules) missing(reader, "core module", index);
  }
  each(decoding, reader, () => {
    decoding.anyName(reader);
    const sort = readCoreSort(reader);
    const index = reader.u32();
    if (form === 0x00 && sort !== "core-instance")
      reader.fail("an argument of a core module is not an instance", start);
    if (sort === "core-instance" && index >= frame.coreInstances) missing(reader, "core instance", index);
  });
  frame.coreInstances += 1;
  if (frame.first) decoding.count("coreInstances");
}

function readNested(decoding: Decoding, frame: Frame, section: ByteReader): void {
  const start = section.offset;
  if (!decoding.walked.has(start)) {
    decoding.count("components");
    // Walked once as it stands, so that what is never instantiated is checked too.
    evaluateComponent(decoding, start, section.end, frame, undefined);
  }
  const component: Component = { from: "bytes", start, end: section.end, scope: frame, memo: undefined };
  frame.push({ sort: "component", component });
  section.skip(section.remaining);
}

function readInstance(decoding: Decoding, frame: Frame, reader: ByteReader): Instance {
  const start = reader.offset;
  const form = reader.u8();
  const members = new Map<string, Entity>();
  if (form === 0x00) {
    const index = reader.u32();
    const component = frame.components[index] ?? missing(reader, "component", index);
    each(decoding, reader, () => {
      const name = decoding.name(reader);
      addUnique(members, name, readSortedIndex(frame, reader), reader);
    });
    return instantiate(decoding, component, members);
  }
  if (form !== 0x01) reader.fail("an instance has an unknown form", start);
  each(decoding, reader, () => {
    const name = readExternName(decoding, reader);
    addUnique(members, name, named(readSortedIndex(frame, reader), name), reader);
  });
  return { exports: members };
}

function instantiate(decoding: Decoding, component: Component, args: ReadonlyMap<string, Entity>): Instance {
  if (component.from === "type") return evaluateBodyType(decoding, component.type, { imports: args });
  if (args.size === 0 && component.memo !== undefined) return component.memo;
  const before = decoding.resourcesMade;
  const { exports } = evaluateComponent(decoding, component.start, component.end, component.scope, args);
  const instance = { exports };
  if (args.size === 0 && before === decoding.resourcesMade) component.memo = instance;
  return instance;
}

function readDefinition(decoding: Decoding, frame: Frame, reader: ByteReader): TypeEntity {
  const opcode = reader.peek();
  if (opcode !== 0x3e && opcode !== 0x3f) return readType(decoding, frame, reader);
  reader.u8();
  skipValueType(reader);
  if (opcode === 0x3e) reader.u32();
  const start = reader.offset;
  const hasFunction = reader.u8();
  if (hasFunction > 0x01) reader.fail("an optional index is neither there nor left out", start);
  if (hasFunction === 0x01) reader.u32();
  decoding.resourcesMade += 1;
  return { sort: "resource", resource: { name: undefined }, name: undefined };
}

function readStart(frame: Frame, reader: ByteReader): void {
  const index = reader.u32();
  if (index >= frame.functions.length) missing(reader, "function", index);
  if (reader.u32() > 0 || reader.u32() > 0) throw unsupportedValues(reader);
}

function readExport(decoding: Decoding, frame: Frame, reader: ByteReader): void {
  const start = reader.offset;
  const name = readExternName(decoding, reader);
  const definition = readSortedIndex(frame, reader);
  const isAscribed = reader.u8();
  if (isAscribed > 0x01) reader.fail("an export's type is neither there nor left out", start);
  const ascribed = isAscribed === 0x01 ? readExternType(decoding, frame, reader, undefined) : definition;
  if (ascribed.sort !== definition.sort) reader.fail(`a ${definition.sort} is exported as a ${ascribed.sort}`, start);
  const entity = named(ascribed, name);
  if (frame.first) decoding.count("externs");
  addUnique(frame.exports, name, entity, reader);
  append(decoding, frame, entity);
}

function unsupportedValues(reader: ByteReader): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot decode the component: it defines component-level values, at byte ${reader.offset}; components without them are supported.`,
  );
}
