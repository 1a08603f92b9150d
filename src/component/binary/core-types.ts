import type { ByteReader } from "../../shared/byte-reader.ts";
import type {
  AbstractHeap,
  CompositeType,
  CoreExternType,
  CoreField,
  CoreRecursionGroup,
  CoreSort,
  CoreSubtype,
  CoreValueType,
  GlobalType,
  Limits,
  MemoryType,
  NumericType,
  ReferenceType,
  TableType,
} from "./core-definitions.ts";
import type { Decoding } from "./decoding.ts";

const NUMERIC: ReadonlyMap<number, NumericType> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x7b, "v128"],
]);

const HEAPS: ReadonlyMap<number, AbstractHeap> = new Map([
  [0x74, "noexn"],
  [0x73, "nofunc"],
  [0x72, "noextern"],
  [0x71, "none"],
  [0x70, "func"],
  [0x6f, "extern"],
  [0x6e, "any"],
  [0x6d, "eq"],
  [0x6c, "i31"],
  [0x6b, "struct"],
  [0x6a, "array"],
  [0x69, "exn"],
]);

const GROUP = 0x4e;
const SUBTYPE = 0x50;
const FINAL_SUBTYPE = 0x4f;
const FUNCTION = 0x60;
const STRUCT = 0x5f;
const ARRAY = 0x5e;

/** The most of each that engines accept. */
const MAX_PARAMETERS = 1_000;
const MAX_FIELDS = 10_000;

/** Types without parts are one and the same object. */
const PLAIN: ReadonlyMap<number, CoreValueType> = new Map<number, CoreValueType>([
  ...NUMERIC,
  ...[...HEAPS].map(([code, heap]) => [code, { nullable: true, heap }] as const),
]);

/** Reads a value type (core specification 5.3.5). */
function readCoreValueType(reader: ByteReader): CoreValueType {
  const start = reader.offset;
  const code = reader.u8();
  const plain = PLAIN.get(code);
  if (plain !== undefined) return plain;
  if (code === 0x63 || code === 0x64) return { nullable: code === 0x63, heap: readHeap(reader) };
  return reader.fail("a core value type is unknown", start);
}

function readHeap(reader: ByteReader): AbstractHeap | number {
  const start = reader.offset;
  const value = reader.s33();
  if (value >= 0) return value;
  return HEAPS.get(value + 128) ?? reader.fail("a core heap type is unknown", start);
}

function readReferenceType(reader: ByteReader): ReferenceType {
  const start = reader.offset;
  const type = readCoreValueType(reader);
  return typeof type === "string" ? reader.fail("the type of a table is no reference", start) : type;
}

/** Reads a recursion group, or a single type, which is a group of one. */
export function readRecursionGroup(decoding: Decoding, reader: ByteReader): CoreRecursionGroup {
  const offset = reader.offset;
  if (reader.peek() !== GROUP) return { offset, types: [readSubtype(decoding, reader)] };
  reader.u8();
  const types: CoreSubtype[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) types.push(readSubtype(decoding, reader));
  return { offset, types };
}

function readSubtype(decoding: Decoding, reader: ByteReader): CoreSubtype {
  const form = reader.peek();
  if (form !== SUBTYPE && form !== FINAL_SUBTYPE) {
    return { final: true, supertype: undefined, composite: readComposite(decoding, reader) };
  }
  reader.u8();
  const start = reader.offset;
  const count = decoding.elements(reader);
  if (count > 1) reader.fail("a core type has more than one supertype", start);
  const supertype = count === 1 ? reader.u32() : undefined;
  return { final: form === FINAL_SUBTYPE, supertype, composite: readComposite(decoding, reader) };
}

function readComposite(decoding: Decoding, reader: ByteReader): CompositeType {
  const start = reader.offset;
  switch (reader.u8()) {
    case FUNCTION:
      return {
        kind: "func",
        parameters: readValueTypes(decoding, reader),
        results: readValueTypes(decoding, reader),
      };
    case STRUCT: {
      const fields: CoreField[] = [];
      const count = decoding.elements(reader);
      if (count > MAX_FIELDS) reader.fail(`a struct has more than ${MAX_FIELDS} fields`, start);
      for (let left = count; left > 0; left -= 1) fields.push(readField(reader));
      return { kind: "struct", fields };
    }
    case ARRAY:
      return { kind: "array", field: readField(reader) };
    default:
      return reader.fail("a core type has an unknown form", start);
  }
}

function readValueTypes(decoding: Decoding, reader: ByteReader): readonly CoreValueType[] {
  const start = reader.offset;
  const count = decoding.elements(reader);
  if (count > MAX_PARAMETERS) reader.fail(`more than ${MAX_PARAMETERS} parameters or results`, start);
  const types: CoreValueType[] = [];
  for (let left = count; left > 0; left -= 1) types.push(readCoreValueType(reader));
  return types;
}

function readField(reader: ByteReader): CoreField {
  const code = reader.peek();
  let type: CoreField["type"];
  if (code === 0x78 || code === 0x77) {
    reader.u8();
    type = code === 0x78 ? "i8" : "i16";
  } else {
    type = readCoreValueType(reader);
  }
  return { type, mutable: readMutable(reader) };
}

function readMutable(reader: ByteReader): boolean {
  const start = reader.offset;
  const flag = reader.u8();
  return flag > 1 ? reader.fail("a core type is neither mutable nor constant", start) : flag === 1;
}

/** The sort that a byte stands for. */
export function readCoreSort(reader: ByteReader): CoreSort {
  const start = reader.offset;
  return CORE_SORTS[reader.u8()] ?? reader.fail("a core sort is unknown", start);
}

const CORE_SORTS: readonly CoreSort[] = ["function", "table", "memory", "global", "tag"];

/** Reads what a core module imports, or a module type exports (core specification 5.5.5). */
export function readCoreExternType(reader: ByteReader): CoreExternType {
  const sort = readCoreSort(reader);
  switch (sort) {
    case "function":
      return { kind: sort, type: reader.u32() };
    case "table":
      return readTableType(reader);
    case "memory":
      return readMemoryType(reader);
    case "global":
      return readGlobalType(reader);
    case "tag":
      return { kind: sort, type: readTagType(reader) };
  }
}

export function readTagType(reader: ByteReader): number {
  const start = reader.offset;
  if (reader.u8() !== 0x00) reader.fail("a tag has an unknown attribute", start);
  return reader.u32();
}

export function readTableType(reader: ByteReader): TableType {
  const element = readReferenceType(reader);
  const start = reader.offset;
  const flags = reader.u8();
  if ((flags & ~0x05) !== 0) reader.fail("the limits of a table have unknown flags", start);
  const limits = readLimits(reader, flags);
  const most = limits.address64 ? 2n ** 64n - 1n : 2n ** 32n - 1n;
  checkLimits(reader, start, limits, most, "table");
  return { kind: "table", element, limits };
}

export function readMemoryType(reader: ByteReader): MemoryType {
  const start = reader.offset;
  const flags = reader.u8();
  if ((flags & ~0x07) !== 0) reader.fail("the limits of a memory have unknown flags, or a page size", start);
  const limits = readLimits(reader, flags);
  checkLimits(reader, start, limits, limits.address64 ? 2n ** 48n : 2n ** 16n, "memory");
  const shared = (flags & 0x02) !== 0;
  if (shared && limits.maximum === undefined) reader.fail("a shared memory has no maximum", start);
  return { kind: "memory", limits, shared };
}

function readLimits(reader: ByteReader, flags: number): Limits {
  return {
    address64: (flags & 0x04) !== 0,
    minimum: reader.u64(),
    maximum: (flags & 0x01) === 0 ? undefined : reader.u64(),
  };
}

function checkLimits(reader: ByteReader, start: number, limits: Limits, most: bigint, what: string): void {
  const { minimum, maximum } = limits;
  if (minimum > most || (maximum ?? 0n) > most) reader.fail(`the size of a ${what} is over ${most}`, start);
  if (maximum !== undefined && minimum > maximum) reader.fail(`a ${what} is larger than its maximum`, start);
}

export function readGlobalType(reader: ByteReader): GlobalType {
  return { kind: "global", type: readCoreValueType(reader), mutable: readMutable(reader) };
}
