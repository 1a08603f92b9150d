import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CordonError } from "../../shared/errors.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { parseJsonArgument } from "./from-json.ts";
import { typedValue, withoutNegativeZero } from "./random-values.test.ts";
import { toJson } from "./to-json.ts";
import type { JsonValue } from "./to-json.ts";

const u8: WitType = { kind: "u8" };
const text: WitType = { kind: "string" };
const option: WitType = { kind: "option", element: u8 };

const WRITTEN: readonly (readonly [WitType, unknown, JsonValue])[] = [
  [{ kind: "u64" }, 2n ** 64n - 1n, "18446744073709551615"],
  [{ kind: "list", element: { kind: "s64" } }, BigInt64Array.of(-1n), ["-1"]],
  [{ kind: "list", element: u8 }, Uint8Array.of(1, 2), [1, 2]],
  [{ kind: "f64" }, Number.NaN, "nan"],
  [{ kind: "f64" }, Number.NEGATIVE_INFINITY, "-inf"],
  [{ kind: "f32" }, Math.fround(1.1), 1.1],
  [
    {
      kind: "record",
      fields: [
        { name: "x-pos", type: u8 },
        { name: "note", type: { kind: "option", element: text } },
      ],
    },
    { xPos: 1, note: undefined },
    { "x-pos": 1, note: null },
  ],
  [{ kind: "flags", names: ["can-read", "w"] }, { canRead: true, w: false }, ["can-read"]],
  [{ kind: "option", element: option }, { tag: "some", val: undefined }, { some: null }],
  [{ kind: "option", element: option }, { tag: "none" }, { none: null }],
  [{ kind: "result" }, { tag: "ok", val: undefined }, { ok: null }],
  [{ kind: "variant", cases: [{ name: "a" }] }, { tag: "a" }, "a"],
  [{ kind: "variant", cases: [{ name: "a-b", type: u8 }] }, { tag: "a-b", val: 1 }, { "a-b": 1 }],
  [{ kind: "map", key: text, value: u8 }, new Map([["a", 1]]), [["a", 1]]],
];

for (const [type, value, expected] of WRITTEN) {
  test(`${type.kind} as ${JSON.stringify(expected)}`, () => assert.deepEqual(toJson(value, type), expected));
}

test("a case named __proto__ is only a key", () => {
  const json = toJson({ tag: "__proto__", val: 1 }, { kind: "variant", cases: [{ name: "__proto__", type: u8 }] });
  assert.equal(JSON.stringify(json), '{"__proto__":1}');
});

test("a handle cannot be written", () => {
  assert.throws(
    () => toJson({}, { kind: "own", resource: "r" }),
    (error) => error instanceof CordonError && error.code === "unsupported",
  );
});

test("random values come back from their JSON text, except for the sign of zero", () => {
  fc.assert(
    fc.property(typedValue, ({ type, value }) => {
      const json = JSON.stringify(toJson(value, type));
      assert.deepEqual(withoutNegativeZero(parseJsonArgument(json, type)), withoutNegativeZero(value));
    }),
    { numRuns: 500 },
  );
});
