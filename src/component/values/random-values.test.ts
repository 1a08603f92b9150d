import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { printType } from "../../shared/wit/print-wit.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { camelCase } from "../../shared/wit/naming.ts";
import { isTaggedOption } from "./shapes.ts";
import { anyText } from "../../../test/support/any-text.ts";

/** A WIT type with a value of it, in the canonical form that the parsers build. */
export interface TypedValue {
  readonly type: WitType;
  readonly value: unknown;
}

const LABELS = ["a", "b-c", "URL-get", "get-URL2", "x1y2-Z", "some", "none", "ok", "err", "true", "nan", "inf"];
const MORE_LABELS = ["type", "record", "to-string", "constructor", "tag", "val", "then", "length", "HTTP3", "a-1b"];

const labels: fc.Arbitrary<string[]> = fc.uniqueArray(fc.constantFrom(...LABELS, ...MORE_LABELS), {
  minLength: 1,
  maxLength: 4,
  selector: camelCase,
});

const primitive: fc.Arbitrary<WitType> = fc
  .constantFrom("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string")
  .map((kind) => ({ kind }));

function compound(element: fc.Arbitrary<WitType>): fc.Arbitrary<WitType> {
  const optional = fc.option(element, { nil: undefined });
  return fc.oneof(
    element.map((type): WitType => ({ kind: "list", element: type })),
    fc
      .tuple(element, fc.integer({ min: 1, max: 3 }))
      .map(([type, length]): WitType => ({ kind: "list", element: type, length })),
    element.map((type): WitType => ({ kind: "option", element: type })),
    element.map((type): WitType => ({ kind: "option", element: { kind: "option", element: type } })),
    fc.array(element, { minLength: 1, maxLength: 3 }).map((elements): WitType => ({ kind: "tuple", elements })),
    fc.tuple(optional, optional).map(([ok, err]): WitType => resultOf(ok, err)),
    fc.tuple(labels, fc.array(element, { minLength: 4, maxLength: 4 })).map(([names, types]): WitType => ({
      kind: "record",
      fields: names.map((name, index) => ({ name, type: types[index] ?? { kind: "bool" } })),
    })),
    fc.tuple(labels, fc.array(optional, { minLength: 4, maxLength: 4 })).map(([names, types]): WitType => ({
      kind: "variant",
      cases: names.map((name, index) => {
        const type = types[index];
        return type === undefined ? { name } : { name, type };
      }),
    })),
    labels.map((names): WitType => ({ kind: "enum", names })),
    labels.map((names): WitType => ({ kind: "flags", names })),
    fc
      .tuple(fc.constantFrom("string", "u64", "bool", "char", "s8"), element)
      .map(([kind, value]): WitType => ({ kind: "map", key: { kind } as WitType, value })),
  );
}

function resultOf(ok: WitType | undefined, err: WitType | undefined): WitType {
  return { kind: "result", ...(ok === undefined ? {} : { ok }), ...(err === undefined ? {} : { err }) };
}

/** Types without resources, streams and the like, nested up to four deep. */
export const anyType: fc.Arbitrary<WitType> = (() => {
  let level = primitive;
  for (let depth = 0; depth < 4; depth += 1) level = fc.oneof(primitive, compound(level));
  return level;
})();

const text = fc.oneof(
  anyText({ maxLength: 8 }),
  fc.constantFrom("", '"', "\\", '"""', "'", "\n", "\r\n", "\u001b[31m", "\u202e", "__proto__", "none", "😀"),
);

/** Values of a type, canonical: every key present, `list<u8>` a Uint8Array, `f32` exact. */
export function valueOf(type: WitType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "s8":
      return fc.integer({ min: -128, max: 127 });
    case "u8":
      return fc.integer({ min: 0, max: 255 });
    case "s16":
      return fc.integer({ min: -32_768, max: 32_767 });
    case "u16":
      return fc.integer({ min: 0, max: 65_535 });
    case "s32":
      return fc.integer();
    case "u32":
      return fc.integer({ min: 0, max: 2 ** 32 - 1 });
    case "s64":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "u64":
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "f32":
      return fc.float();
    case "f64":
      return fc.double();
    case "char":
      return anyText({ minLength: 1, maxLength: 1 });
    case "string":
      return text;
    case "list":
      return listOf(type);
    case "tuple":
      return fc.tuple(...type.elements.map(valueOf));
    case "record":
      return object(type.fields.map((field) => [camelCase(field.name), valueOf(field.type)]));
    case "flags":
      return object(type.names.map((name) => [camelCase(name), fc.boolean()]));
    case "enum":
      return fc.constantFrom(...type.names);
    case "option":
      return isTaggedOption(type)
        ? tagged([["none"], ["some", type.element]])
        : fc.option(valueOf(type.element), { nil: undefined });
    case "result":
      return tagged([
        ["ok", type.ok],
        ["err", type.err],
      ]);
    case "variant":
      return tagged(type.cases.map((item) => [item.name, item.type]));
    case "map":
      return fc
        .array(fc.tuple(valueOf(type.key), valueOf(type.value)), { maxLength: 3 })
        .map((pairs) => new Map(pairs));
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      break;
  }
  throw new Error(`no values of ${type.kind}`);
}

function listOf(type: WitType & { readonly kind: "list" }): fc.Arbitrary<unknown> {
  const { length } = type;
  const size = length === undefined ? { maxLength: 4 } : { minLength: length, maxLength: length };
  const elements = fc.array(valueOf(type.element), size);
  return type.element.kind === "u8" && length === undefined
    ? elements.map((bytes) => Uint8Array.from(bytes as number[]))
    : elements;
}

function object(members: readonly (readonly [string, fc.Arbitrary<unknown>])[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(...members.map(([, value]) => value))
    .map((values) => Object.fromEntries(members.map(([key], index) => [key, values[index]])));
}

function tagged(cases: readonly (readonly [tag: string, payload?: WitType | undefined])[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...cases.map(([tag, payload]) =>
      payload === undefined ? fc.constant({ tag }) : valueOf(payload).map((val) => ({ tag, val })),
    ),
  );
}

/** A type with a value of it. */
export const typedValue: fc.Arbitrary<TypedValue> = anyType.chain((type) =>
  valueOf(type).map((value) => ({ type, value })),
);

/** `-0` as `0` throughout: JSON text has no sign of zero. */
export function withoutNegativeZero(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [withoutNegativeZero(key), withoutNegativeZero(item)]));
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNegativeZero(item)]));
}

test("random types differ exactly when their text does", () => {
  fc.assert(
    fc.property(anyType, anyType, (left, right) => {
      assert.equal(printType(left) === printType(right), JSON.stringify(left) === JSON.stringify(right));
    }),
    { numRuns: 100 },
  );
});
