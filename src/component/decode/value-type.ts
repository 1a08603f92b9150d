import type { ByteReader } from "../../shared/byte-reader.ts";
import { quoteText } from "../../shared/quote-text.ts";
import type { WitPrimitive } from "../../shared/wit.ts";
import type { Decoding } from "./decoding.ts";
import { MAX_QUOTED } from "./decoding.ts";
import type { Frame, FunctionType, LabelledCase, LabelledType, ResourceType, Shape, ValueType } from "./entities.ts";

const PRIMITIVE_CODES: readonly (readonly [code: number, kind: WitPrimitive])[] = [
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
];

const PRIMITIVES: ReadonlyMap<number, ValueType> = new Map(
  PRIMITIVE_CODES.map(([code, kind]) => [
    code,
    { sort: "value", shape: { kind: "primitive", primitive: kind }, name: undefined, depth: 1 },
  ]),
);

/** Reads a `valtype`: a primitive, or the index of a value type defined earlier. */
export function readValueTypeUse(frame: Frame, reader: ByteReader): ValueType {
  const start = reader.offset;
  const primitive = PRIMITIVES.get(reader.peek());
  if (primitive !== undefined) {
    reader.u8();
    return primitive;
  }
  const index = reader.s33();
  if (index < 0) reader.fail("a value type is unknown", start);
  const type = frame.type(index, reader);
  return type.sort === "value" ? type : reader.fail(`type ${index} is used as a value type but is none`, start);
}

/** Reads an optional value type: a zero, or a one and the type. */
function readOptional(frame: Frame, reader: ByteReader): ValueType | undefined {
  const start = reader.offset;
  const present = reader.u8();
  if (present > 0x01) reader.fail("an optional type is neither there nor left out", start);
  return present === 0x01 ? readValueTypeUse(frame, reader) : undefined;
}

/** Reads a function's result: a type, or none. */
export function readResult(frame: Frame, reader: ByteReader): ValueType | undefined {
  const start = reader.offset;
  const form = reader.u8();
  if (form === 0x00) return readValueTypeUse(frame, reader);
  if (form !== 0x01 || reader.u8() !== 0x00) reader.fail("a function's results have an unknown form", start);
  return undefined;
}

/** Reads the rest of a function type, after its opcode. */
export function readFunctionType(decoding: Decoding, frame: Frame, reader: ByteReader, async: boolean): FunctionType {
  const parameters = readLabelled(decoding, frame, reader);
  return { sort: "function", parameters, result: readResult(frame, reader), async };
}

/**
 * Reads a `defvaltype`
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#type-definitions).
 */
export function readValueType(decoding: Decoding, frame: Frame, reader: ByteReader): ValueType {
  const start = reader.offset;
  const opcode = reader.u8();
  const primitive = PRIMITIVES.get(opcode);
  if (primitive !== undefined) return primitive;
  const shape = readShape(decoding, frame, reader, opcode, start);
  const depth = depthOf(shape);
  decoding.checkTypeDepth(depth);
  return { sort: "value", shape, name: undefined, depth };
}

function readShape(decoding: Decoding, frame: Frame, reader: ByteReader, opcode: number, start: number): Shape {
  switch (opcode) {
    case 0x72: {
      const fields = readLabelled(decoding, frame, reader);
      return fields.length === 0 ? reader.fail("a record has no fields", start) : { kind: "record", fields };
    }
    case 0x71:
      return { kind: "variant", cases: readCases(decoding, frame, reader) };
    case 0x70:
      return { kind: "list", element: readValueTypeUse(frame, reader), length: undefined };
    case 0x67:
      return readFixedLengthList(frame, reader);
    case 0x6f:
      return { kind: "tuple", elements: readElements(decoding, frame, reader) };
    case 0x6e:
      return { kind: "flags", names: readLabels(decoding, reader) };
    case 0x6d:
      return { kind: "enum", names: readLabels(decoding, reader) };
    case 0x6b:
      return { kind: "option", element: readValueTypeUse(frame, reader) };
    case 0x6a:
      return { kind: "result", ok: readOptional(frame, reader), err: readOptional(frame, reader) };
    case 0x69:
      return { kind: "own", resource: readResourceUse(frame, reader) };
    case 0x68:
      return { kind: "borrow", resource: readResourceUse(frame, reader) };
    case 0x66:
      return { kind: "stream", element: readOptional(frame, reader) };
    case 0x65:
      return { kind: "future", element: readOptional(frame, reader) };
    case 0x63:
      return { kind: "map", key: readValueTypeUse(frame, reader), value: readValueTypeUse(frame, reader) };
    default:
      return reader.fail(`the type form 0x${opcode.toString(16)} is unknown`, start);
  }
}

function readFixedLengthList(frame: Frame, reader: ByteReader): Shape {
  const element = readValueTypeUse(frame, reader);
  const start = reader.offset;
  const length = reader.u32();
  return length === 0 ? reader.fail("a list has the fixed length 0", start) : { kind: "list", element, length };
}

function readElements(decoding: Decoding, frame: Frame, reader: ByteReader): readonly ValueType[] {
  const start = reader.offset;
  const elements: ValueType[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) elements.push(readValueTypeUse(frame, reader));
  return elements.length === 0 ? reader.fail("a tuple has no elements", start) : elements;
}

function readCases(decoding: Decoding, frame: Frame, reader: ByteReader): readonly LabelledCase[] {
  const start = reader.offset;
  const labels = new Set<string>();
  const cases: LabelledCase[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    const name = readLabel(decoding, reader, labels);
    cases.push({ name, type: readOptional(frame, reader) });
    if (reader.u8() !== 0x00) reader.fail("a variant case does not end in a zero", reader.offset - 1);
  }
  return cases.length === 0 ? reader.fail("a variant has no cases", start) : cases;
}

function readLabelled(decoding: Decoding, frame: Frame, reader: ByteReader): readonly LabelledType[] {
  const labels = new Set<string>();
  const labelled: LabelledType[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    const name = readLabel(decoding, reader, labels);
    labelled.push({ name, type: readValueTypeUse(frame, reader) });
  }
  return labelled;
}

function readLabels(decoding: Decoding, reader: ByteReader): readonly string[] {
  const start = reader.offset;
  const labels = new Set<string>();
  for (let left = decoding.elements(reader); left > 0; left -= 1) readLabel(decoding, reader, labels);
  return labels.size === 0 ? reader.fail("flags or an enum have no names", start) : [...labels];
}

function readLabel(decoding: Decoding, reader: ByteReader, seen: Set<string>): string {
  const start = reader.offset;
  const label = decoding.name(reader);
  if (seen.has(label)) reader.fail(`the name ${quoteText(label, MAX_QUOTED)} occurs twice in one type`, start);
  seen.add(label);
  return label;
}

function readResourceUse(frame: Frame, reader: ByteReader): ResourceType {
  const start = reader.offset;
  const index = reader.u32();
  const type = frame.type(index, reader);
  return type.sort === "resource" ? type : reader.fail(`type ${index} is used as a resource but is none`, start);
}

function depthOf(shape: Shape): number {
  return 1 + deepest(childrenOf(shape));
}

function childrenOf(shape: Shape): readonly (ValueType | undefined)[] {
  switch (shape.kind) {
    case "record":
      return shape.fields.map((field) => field.type);
    case "variant":
      return shape.cases.map(({ type }) => type);
    case "tuple":
      return shape.elements;
    case "list":
    case "option":
    case "stream":
    case "future":
      return [shape.element];
    case "result":
      return [shape.ok, shape.err];
    case "map":
      return [shape.key, shape.value];
    case "primitive":
    case "flags":
    case "enum":
    case "own":
    case "borrow":
      break;
  }
  return [];
}

function deepest(types: readonly (ValueType | undefined)[]): number {
  return types.reduce((depth, type) => Math.max(depth, type?.depth ?? 0), 0);
}
