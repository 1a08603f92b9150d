import type { ByteReader } from "../../shared/byte-reader.ts";
import type { WitPrimitive } from "../../shared/wit/wit.ts";
import { readAlias, readExternName, readExternType } from "./externs.ts";
import { readCoreExternType, readRecursionGroup } from "./core-types.ts";
import type { Decoding } from "./decoding.ts";
import type {
  CaseDefinition,
  CoreTypeDefinition,
  Declaration,
  LabelledUse,
  ModuleDeclaration,
  TypeDefinition,
  ValueTypeDefinition,
  ValueTypeUse,
} from "./definitions.ts";

const PRIMITIVES: ReadonlyMap<number, WitPrimitive> = new Map([
  [0x7f, "bool"],
  [0x7e, "s8"],
  [0x7d, "u8"],
  [0x7c, "s16"],
  [0x7b, "u16"],
  [0x7a, "s32"],
  [0x79, "u32"],
  [0x78, "s64"],
  [0x77, "u64"],
  [0x76, "f32"],
  [0x75, "f64"],
  [0x74, "char"],
  [0x73, "string"],
  [0x64, "error-context"],
]);

/** Reads a type definition of a component, or of a component or instance type. */
export function readType(decoding: Decoding, reader: ByteReader): TypeDefinition {
  const start = reader.offset;
  const opcode = reader.u8();
  switch (opcode) {
    case 0x3f:
      return { sort: "resource", rep: readRepresentation(reader), destructor: readOptionalIndex(reader) };
    case 0x40:
    case 0x43:
      return {
        sort: "function",
        parameters: readLabelled(decoding, reader),
        result: readResult(reader),
        async: opcode === 0x43,
      };
    case 0x41:
      return { sort: "component", declarations: readDeclarations(decoding, reader, true) };
    case 0x42:
      return { sort: "instance", declarations: readDeclarations(decoding, reader, false) };
    default:
      return { sort: "value", type: readValueType(decoding, reader, opcode, start) };
  }
}

function readRepresentation(reader: ByteReader): "i32" | "i64" {
  const start = reader.offset;
  const code = reader.u8();
  if (code === 0x7f) return "i32";
  return code === 0x7e ? "i64" : reader.fail("a resource is represented by neither i32 nor i64", start);
}

function readOptionalIndex(reader: ByteReader): number | undefined {
  const start = reader.offset;
  const has = reader.u8();
  if (has > 0x01) reader.fail("an optional index is neither there nor left out", start);
  return has === 0x00 ? undefined : reader.u32();
}

function readValueType(decoding: Decoding, reader: ByteReader, opcode: number, start: number): ValueTypeDefinition {
  const primitive = PRIMITIVES.get(opcode);
  if (primitive !== undefined) return { kind: "primitive", primitive };
  switch (opcode) {
    case 0x72:
      return { kind: "record", fields: readLabelled(decoding, reader) };
    case 0x71:
      return { kind: "variant", cases: readCases(decoding, reader) };
    case 0x70:
      return { kind: "list", element: readUse(reader), length: undefined };
    case 0x6f: {
      const elements: ValueTypeUse[] = [];
      for (let left = decoding.elements(reader); left > 0; left -= 1) elements.push(readUse(reader));
      return { kind: "tuple", elements };
    }
    case 0x6e:
    case 0x6d: {
      const names: string[] = [];
      for (let left = decoding.elements(reader); left > 0; left -= 1) names.push(decoding.anyName(reader));
      return { kind: opcode === 0x6e ? "flags" : "enum", names };
    }
    case 0x6b:
      return { kind: "option", element: readUse(reader) };
    case 0x6a:
      return { kind: "result", ok: readOptionalUse(reader), err: readOptionalUse(reader) };
    case 0x69:
    case 0x68:
      return { kind: opcode === 0x69 ? "own" : "borrow", resource: reader.u32() };
    case 0x67:
      return { kind: "list", element: readUse(reader), length: reader.u32() };
    case 0x66:
    case 0x65:
      return { kind: opcode === 0x66 ? "stream" : "future", element: readOptionalUse(reader) };
    case 0x63:
      return { kind: "map", key: readUse(reader), value: readUse(reader) };
    default:
      return reader.fail(`the type 0x${opcode.toString(16)} is unknown`, start);
  }
}

/** Reads the use of a value type: a primitive or an index, which is never negative. */
function readUse(reader: ByteReader): ValueTypeUse {
  const start = reader.offset;
  const primitive = PRIMITIVES.get(reader.peek());
  if (primitive !== undefined) {
    reader.u8();
    return primitive;
  }
  const index = reader.s33();
  return index < 0 ? reader.fail("a value type is unknown", start) : index;
}

function readOptionalUse(reader: ByteReader): ValueTypeUse | undefined {
  const start = reader.offset;
  const has = reader.u8();
  if (has > 0x01) reader.fail("an optional type is neither there nor left out", start);
  return has === 0x00 ? undefined : readUse(reader);
}

/** Reads the result of a function, which is one type or none. */
export function readResult(reader: ByteReader): ValueTypeUse | undefined {
  const start = reader.offset;
  const form = reader.u8();
  if (form === 0x00) return readUse(reader);
  if (form !== 0x01 || reader.u8() !== 0x00) reader.fail("the results of a function have an unknown form", start);
  return undefined;
}

function readLabelled(decoding: Decoding, reader: ByteReader): readonly LabelledUse[] {
  const labelled: LabelledUse[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    const name = decoding.anyName(reader);
    labelled.push({ name, type: readUse(reader) });
  }
  return labelled;
}

function readCases(decoding: Decoding, reader: ByteReader): readonly CaseDefinition[] {
  const cases: CaseDefinition[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    const name = decoding.anyName(reader);
    cases.push({ name, type: readOptionalUse(reader) });
    if (reader.u8() !== 0x00) reader.fail("a variant case does not end in a zero", reader.offset - 1);
  }
  return cases;
}

function readDeclarations(decoding: Decoding, reader: ByteReader, imports: boolean): readonly Declaration[] {
  return decoding.nested(() => {
    const declarations: Declaration[] = [];
    for (let left = decoding.elements(reader); left > 0; left -= 1) {
      declarations.push(readDeclaration(decoding, reader, imports));
    }
    return declarations;
  });
}

function readDeclaration(decoding: Decoding, reader: ByteReader, imports: boolean): Declaration {
  const offset = reader.offset;
  const form = reader.u8();
  switch (form) {
    case 0x00:
      return { offset, kind: "core-type", type: readCoreType(decoding, reader) };
    case 0x01:
      return { offset, kind: "type", type: readType(decoding, reader) };
    case 0x02:
      return { offset, kind: "alias", target: readAlias(decoding, reader) };
    case 0x03:
      if (!imports) reader.fail("an instance type has an import", offset);
      return { offset, kind: "import", name: readExternName(decoding, reader), type: readExternType(reader) };
    case 0x04:
      return { offset, kind: "export-type", name: readExternName(decoding, reader), type: readExternType(reader) };
    default:
      return reader.fail("a declaration of a type has an unknown form", offset);
  }
}

/** Reads a core type of a component, which can be a module's. */
export function readCoreType(decoding: Decoding, reader: ByteReader): CoreTypeDefinition {
  const opcode = reader.peek();
  if (opcode === 0x50) {
    reader.u8();
    const declarations: ModuleDeclaration[] = [];
    for (let left = decoding.elements(reader); left > 0; left -= 1) {
      declarations.push(readModuleDeclaration(decoding, reader));
    }
    return { sort: "module", declarations };
  }
  if (opcode === 0x00) {
    // At this level 0x50 is a module type, so a subtype that is not final is distinguished by a zero before it.
    reader.u8();
    if (reader.peek() !== 0x50) reader.fail("a core type has an unknown form");
  }
  return { sort: "group", group: readRecursionGroup(decoding, reader) };
}

function readModuleDeclaration(decoding: Decoding, reader: ByteReader): ModuleDeclaration {
  const offset = reader.offset;
  switch (reader.u8()) {
    case 0x00: {
      const module = decoding.anyName(reader);
      return { offset, kind: "import", module, name: decoding.anyName(reader), type: readCoreExternType(reader) };
    }
    case 0x01:
      return { offset, kind: "type", group: readRecursionGroup(decoding, reader) };
    case 0x02:
      if (reader.u8() !== 0x10 || reader.u8() !== 0x01) {
        reader.fail("an alias of a module type is not of an outer type", offset);
      }
      return { offset, kind: "outer-type", count: reader.u32(), index: reader.u32() };
    case 0x03:
      return { offset, kind: "export", name: decoding.anyName(reader), type: readCoreExternType(reader) };
    default:
      return reader.fail("a declaration of a module type has an unknown form", offset);
  }
}
