import type { WitPrimitive } from "../../../shared/wit/wit.ts";
import { childrenOf, type Shape, type ValueType } from "../types/types.ts";

/** Bytes of a value, and how they are aligned, in a memory of 64-bit addresses. */
export interface Layout {
  readonly bytes: number;
  readonly alignment: number;
}

const PRIMITIVE_BYTES: Readonly<Record<WitPrimitive, number>> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s32: 4,
  u32: 4,
  s64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
  char: 4,
  string: 16,
  "error-context": 4,
};

const ELSEWHERE: Layout = { bytes: 16, alignment: 8 };
const HANDLE: Layout = { bytes: 4, alignment: 4 };

/**
 * How large values are at most (Canonical ABI, "Alignment" and "Element Size"): what validation bounds, whichever memory
 * they are in.
 */
export function layoutOf(shape: Shape): Layout {
  switch (shape.kind) {
    case "primitive": {
      const bytes = PRIMITIVE_BYTES[shape.primitive];
      return { bytes, alignment: Math.min(bytes, 8) };
    }
    case "record":
      return sequence(shape.fields.map(({ type }) => type));
    case "tuple":
      return sequence(shape.elements);
    case "list": {
      const { element, length } = shape;
      return length === undefined ? ELSEWHERE : { bytes: element.bytes * length, alignment: element.alignment };
    }
    case "map":
      return ELSEWHERE;
    case "flags":
      return scalar(shape.names.length <= 8 ? 1 : shape.names.length <= 16 ? 2 : 4);
    case "enum":
      return scalar(discriminantBytes(shape.names.length));
    case "variant":
      return choice(shape.cases.length, childrenOf(shape));
    case "option":
    case "result":
      return choice(2, childrenOf(shape));
    case "own":
    case "borrow":
    case "stream":
    case "future":
      return HANDLE;
  }
}

function scalar(bytes: number): Layout {
  return { bytes, alignment: bytes };
}

function discriminantBytes(cases: number): number {
  return cases <= 2 ** 8 ? 1 : cases <= 2 ** 16 ? 2 : 4;
}

function sequence(types: readonly ValueType[]): Layout {
  let bytes = 0;
  let alignment = 1;
  for (const type of types) {
    bytes = alignTo(bytes, type.alignment) + type.bytes;
    alignment = Math.max(alignment, type.alignment);
  }
  return { bytes: alignTo(bytes, alignment), alignment };
}

function choice(cases: number, payloads: readonly (ValueType | undefined)[]): Layout {
  const discriminant = discriminantBytes(cases);
  let bytes = 0;
  let payloadAlignment = 1;
  for (const payload of payloads) {
    bytes = Math.max(bytes, payload?.bytes ?? 0);
    payloadAlignment = Math.max(payloadAlignment, payload?.alignment ?? 1);
  }
  const alignment = Math.max(discriminant, payloadAlignment);
  return { bytes: alignTo(alignTo(discriminant, payloadAlignment) + bytes, alignment), alignment };
}

/** Sizes are below 2^59: no type has more than 10,000 parts of 2^28 bytes, nor lists more than 2^30. */
function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
