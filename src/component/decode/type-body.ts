import { ByteReader } from "../../shared/byte-reader.ts";
import { quoteText } from "../../shared/quote-text.ts";
import { skipCoreType } from "./core-type.ts";
import type { Decoding } from "./decoding.ts";
import { MAX_QUOTED } from "./decoding.ts";
import type { BodyType, Entity, Instance, TypeEntity } from "./entities.ts";
import { Frame, missing, named } from "./entities.ts";
import { addUnique, append, readAlias, readExternName } from "./extern.ts";
import { readFunctionType, readValueType, readValueTypeUse } from "./value-type.ts";

/** What the imports or exports of a body are bound to; what is not bound is taken as declared. */
export interface Bindings {
  /** Arguments of an instantiation, for imports. */
  readonly imports?: ReadonlyMap<string, Entity>;
  /** Exports of an actual instance, whose types stand for the declared ones. */
  readonly exports?: ReadonlyMap<string, Entity>;
}

/** Reads one type definition of a component, component type or instance type. */
export function readType(decoding: Decoding, frame: Frame, reader: ByteReader): TypeEntity {
  const start = reader.offset;
  const opcode = reader.peek();
  switch (opcode) {
    case 0x40:
    case 0x43:
      reader.u8();
      return readFunctionType(decoding, frame, reader, opcode === 0x43);
    case 0x41:
      reader.u8();
      return readBodyType(decoding, frame, reader, "component");
    case 0x42:
      reader.u8();
      return readBodyType(decoding, frame, reader, "instance");
    case 0x3e:
    case 0x3f:
      return reader.fail("a resource type is defined inside another type", start);
    default:
      return readValueType(decoding, frame, reader);
  }
}

function readBodyType(decoding: Decoding, frame: Frame, reader: ByteReader, sort: BodyType["sort"]): BodyType {
  const type: BodyType = { sort, start: reader.offset, scope: frame, memo: undefined };
  // The first time around, evaluating checks the body and finds its end; after that it waits until it is needed.
  let end = decoding.walked.get(type.start);
  if (end === undefined) {
    evaluateBodyType(decoding, type, {}, reader.end);
    end = decoding.walked.get(type.start) ?? reader.fail("a type was not read");
  }
  reader.skip(end - reader.offset);
  return type;
}

/** What an instance type describes, or what instantiating a component of a component type gives. */
export function evaluateBodyType(decoding: Decoding, type: BodyType, bindings: Bindings, limit?: number): Instance {
  const isBound = bindings.imports !== undefined || bindings.exports !== undefined;
  if (!isBound && type.memo !== undefined) return type.memo;
  const before = decoding.resourcesMade;
  const end = limit ?? decoding.walked.get(type.start);
  const reader = new ByteReader(decoding.bytes, type.start, end);
  const frame = new Frame(type.scope, !decoding.walked.has(type.start));
  decoding.nested(() => {
    for (let left = decoding.elements(reader); left > 0; left -= 1) {
      readDeclaration(decoding, frame, reader, type, bindings);
    }
  });
  if (frame.first) decoding.walked.set(type.start, reader.offset);
  const instance = { exports: frame.exports };
  if (!isBound && before === decoding.resourcesMade) type.memo = instance;
  return instance;
}

function readDeclaration(
  decoding: Decoding,
  frame: Frame,
  reader: ByteReader,
  type: BodyType,
  bindings: Bindings,
): void {
  const start = reader.offset;
  const form = reader.u8();
  switch (form) {
    case 0x00:
      frame.coreTypes += skipCoreType(decoding, reader);
      break;
    case 0x01:
      append(decoding, frame, { sort: "type", type: readType(decoding, frame, reader) });
      break;
    case 0x02:
      readAlias(decoding, frame, reader);
      break;
    case 0x03:
      if (type.sort !== "component") reader.fail("an instance type has an import", start);
      readImport(decoding, frame, reader, bindings.imports);
      break;
    case 0x04: {
      const name = readExternName(decoding, reader);
      const entity = named(readExternType(decoding, frame, reader, lookUp(bindings.exports, name, reader)), name);
      if (frame.first) decoding.count("externs");
      addUnique(frame.exports, name, entity, reader);
      append(decoding, frame, entity);
      break;
    }
    default:
      reader.fail("a declaration of a type has an unknown form", start);
  }
}

/** Reads an import of a component or component type, and appends what it is bound to or declared as. */
export function readImport(
  decoding: Decoding,
  frame: Frame,
  reader: ByteReader,
  bound: ReadonlyMap<string, Entity> | undefined,
): void {
  const name = readExternName(decoding, reader);
  const actual = lookUp(bound, name, reader);
  const declared = readExternType(decoding, frame, reader, actual);
  if (frame.first) decoding.count("externs");
  // An argument keeps the name it has outside; the import's own is often one that a toolchain made up.
  const entity = actual === undefined ? named(declared, name) : declared;
  addUnique(frame.imports, name, entity, reader);
  append(decoding, frame, entity);
}

function lookUp(bound: ReadonlyMap<string, Entity> | undefined, name: string, reader: ByteReader): Entity | undefined {
  if (bound === undefined) return undefined;
  return bound.get(name) ?? reader.fail(`an instantiation does not provide ${quoteText(name, MAX_QUOTED)}`);
}

/**
 * Reads the type of an import or export and returns an entity of it. Given an actual entity, types and resources are
 * the actual ones; functions and instances keep their declared form, said in terms of them.
 */
export function readExternType(
  decoding: Decoding,
  frame: Frame,
  reader: ByteReader,
  actual: Entity | undefined,
): Entity {
  const start = reader.offset;
  const entity = readDeclared(decoding, frame, reader, actual);
  if (actual !== undefined && actual.sort !== entity.sort) {
    reader.fail(`a ${actual.sort} stands where a ${entity.sort} is declared`, start);
  }
  return entity;
}

function readDeclared(decoding: Decoding, frame: Frame, reader: ByteReader, actual: Entity | undefined): Entity {
  const start = reader.offset;
  switch (reader.u8()) {
    case 0x00: {
      if (reader.u8() !== 0x11) reader.fail("an import or export is of a core definition other than a module", start);
      const index = reader.u32();
      if (index >= frame.coreTypes) missing(reader, "core type", index);
      return { sort: "module" };
    }
    case 0x01: {
      const type = frame.type(reader.u32(), reader);
      return type.sort === "function" ? { sort: type.sort, type } : reader.fail("a function's type is not one", start);
    }
    case 0x02:
      return readValueExtern(frame, reader);
    case 0x03:
      return { sort: "type", type: readTypeBound(decoding, frame, reader, actual) };
    case 0x04: {
      const type = bodyType(frame, reader, "component", start);
      return { sort: "component", component: { from: "type", type } };
    }
    case 0x05: {
      const type = bodyType(frame, reader, "instance", start);
      const bindings = actual?.sort === "instance" ? { exports: actual.instance.exports } : {};
      return { sort: "instance", instance: evaluateBodyType(decoding, type, bindings) };
    }
    default:
      return reader.fail("an import or export has an unknown kind", start);
  }
}

function readValueExtern(frame: Frame, reader: ByteReader): Entity {
  readValueTypeUse(frame, reader);
  return { sort: "value" };
}

function readTypeBound(decoding: Decoding, frame: Frame, reader: ByteReader, actual: Entity | undefined): TypeEntity {
  const start = reader.offset;
  const bound = reader.u8();
  if (bound > 0x01) reader.fail("a type bound is unknown", start);
  const actualType = actual?.sort === "type" ? actual.type : undefined;
  if (bound === 0x00) {
    const declared = frame.type(reader.u32(), reader);
    if (actualType !== undefined && actualType.sort !== declared.sort) {
      reader.fail(`a type of sort ${actualType.sort} stands where one of sort ${declared.sort} is declared`, start);
    }
    return actualType ?? declared;
  }
  if (actualType !== undefined) {
    return actualType.sort === "resource"
      ? actualType
      : reader.fail("a resource is declared where another type is given", start);
  }
  decoding.resourcesMade += 1;
  return { sort: "resource", resource: { name: undefined }, name: undefined };
}

function bodyType(frame: Frame, reader: ByteReader, sort: BodyType["sort"], start: number): BodyType {
  const type = frame.type(reader.u32(), reader);
  return type.sort === sort ? type : reader.fail(`the type of an ${sort} is not an ${sort} type`, start);
}
