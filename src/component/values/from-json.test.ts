import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CordonError } from "../../shared/errors.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { parseJsonArgument } from "./from-json.ts";
import { anyType, typedValue } from "./random-values.test.ts";

const u8: WitType = { kind: "u8" };
const u64: WitType = { kind: "u64" };
const text: WitType = { kind: "string" };
const option: WitType = { kind: "option", element: u8 };
const point: WitType = {
  kind: "record",
  fields: [
    { name: "x-pos", type: { kind: "s32" } },
    { name: "label", type: { kind: "option", element: text } },
  ],
};
const shape: WitType = {
  kind: "variant",
  cases: [{ name: "empty" }, { name: "circle", type: u8 }, { name: "tag", type: text }],
};
const flags: WitType = { kind: "flags", names: ["can-read", "w"] };

const READ: readonly (readonly [WitType, string, unknown])[] = [
  [{ kind: "bool" }, "true", true],
  [u8, "255", 255],
  [u8, "1e2", 100],
  [{ kind: "s32" }, "-0", 0],
  [u64, "18446744073709551615", 18446744073709551615n],
  [u64, '"18446744073709551615"', 18446744073709551615n],
  [{ kind: "s64" }, "-9223372036854775808", -9223372036854775808n],
  [{ kind: "s64" }, "9007199254740993", 9007199254740993n],
  [{ kind: "f64" }, "9007199254740993", 9007199254740992],
  [{ kind: "f64" }, '"-inf"', Number.NEGATIVE_INFINITY],
  [{ kind: "f64" }, '"nan"', Number.NaN],
  [{ kind: "f64" }, "-0", -0],
  [{ kind: "f32" }, "1.1", Math.fround(1.1)],
  [{ kind: "char" }, '"😀"', "😀"],
  [text, '"\\u0041"', "A"],
  [{ kind: "list", element: u8 }, "[1, 2]", Uint8Array.of(1, 2)],
  [{ kind: "list", element: u8, length: 2 }, "[1, 2]", [1, 2]],
  [{ kind: "list", element: u64 }, '[1, "2"]', [1n, 2n]],
  [{ kind: "tuple", elements: [u8, text] }, '[1, "a"]', [1, "a"]],
  [point, '{"x-pos": 1, "label": "a"}', { xPos: 1, label: "a" }],
  [point, '{"xPos": 1}', { xPos: 1, label: undefined }],
  [point, '{"xPos": 1, "label": null}', { xPos: 1, label: undefined }],
  [option, "null", undefined],
  [option, "1", 1],
  [{ kind: "option", element: option }, '{"some": 1}', { tag: "some", val: 1 }],
  [{ kind: "option", element: option }, '{"some": null}', { tag: "some", val: undefined }],
  [{ kind: "option", element: option }, '{"none": null}', { tag: "none" }],
  [{ kind: "option", element: option }, "null", { tag: "none" }],
  [{ kind: "option", element: option }, '{"tag": "some", "val": 1}', { tag: "some", val: 1 }],
  [{ kind: "option", element: { kind: "option", element: option } }, '{"some": {"some": 1}}', { tag: "some", val: 1 }],
  [{ kind: "option", element: { kind: "option", element: option } }, '{"some": {"none": null}}', { tag: "none" }],
  [{ kind: "option", element: { kind: "option", element: option } }, '{"none": null}', undefined],
  [{ kind: "result", ok: u8 }, '{"ok": 1}', { tag: "ok", val: 1 }],
  [{ kind: "result", ok: u8 }, '{"err": null}', { tag: "err" }],
  [{ kind: "result", ok: u8 }, '"err"', { tag: "err" }],
  [{ kind: "result", err: text }, '{"tag": "err", "val": "no"}', { tag: "err", val: "no" }],
  [shape, '"empty"', { tag: "empty" }],
  [shape, '{"empty": null}', { tag: "empty" }],
  [shape, '{"circle": 1}', { tag: "circle", val: 1 }],
  [shape, '{"tag": "circle", "val": 1}', { tag: "circle", val: 1 }],
  [shape, '{"tag": "empty"}', { tag: "tag", val: "empty" }],
  [flags, '["w"]', { canRead: false, w: true }],
  [flags, '{"can-read": true}', { canRead: true, w: false }],
  [flags, '{"canRead": true}', { canRead: true, w: false }],
  [{ kind: "enum", names: ["red"] }, '"red"', "red"],
  [{ kind: "map", key: text, value: u8 }, '[["a", 1]]', new Map([["a", 1]])],
  [{ kind: "map", key: text, value: u8 }, '{"__proto__": 1}', new Map([["__proto__", 1]])],
];

for (const [type, json, expected] of READ) {
  test(`${type.kind} reads ${json}`, () => assert.deepEqual(parseJsonArgument(json, type), expected));
}

const REFUSED: readonly (readonly [WitType, string, RegExp])[] = [
  [u8, "256", /value: expected u8, found number 256$/],
  [u8, '"1"', /expected u8, found string "1"/],
  [u64, "1e19", /expected u64/],
  [u64, "18446744073709551616", /found number 18446744073709551616/],
  [u64, '"01"', /found string "01"/],
  [{ kind: "f64" }, "1e999", /out of range/],
  [{ kind: "f32" }, "1e39", /out of range/],
  [{ kind: "f64" }, '"NaN"', /found string/],
  [text, '"\\ud800"', /lone surrogate/],
  [{ kind: "char" }, '"ab"', /one Unicode scalar value/],
  [{ kind: "list", element: u8 }, "[1, 300]", /value\[1\]: expected u8/],
  [{ kind: "tuple", elements: [u8] }, "[1, 2]", /an array of 2/],
  [point, "{}", /value\.x-pos: expected s32, found no such key/],
  [point, '{"xpos": 1}', /unknown key "xpos", did you mean "xPos"\?/],
  [point, '{"x-pos": 1, "__proto__": {"label": "a"}}', /unknown key "__proto__"/],
  [point, '{"x-pos": 1, "xPos": 1}', /twice/],
  [shape, '"circle"', /without its payload/],
  [shape, '{"empty": 1}', /without a payload/],
  [shape, '{"sqare": 1}', /unknown case/],
  [shape, '{"circle": 1, "empty": null}', /instead of/],
  [shape, "[]", /instead of/],
  [{ kind: "option", element: option }, "1", /expected option<option<u8>>/],
  [flags, '["x"]', /the flag string "x"/],
  [flags, '{"w": 1}', /for a flag/],
  [flags, '{"w": null}', /for a flag/],
  [{ kind: "own", resource: "r" }, "1", /cannot be passed/],
  [u8, "World", /not valid JSON/],
  [u8, "", /end of JSON/],
  [u8, "[".repeat(200_000), /Cannot read the value as JSON/],
  [u8, `${"[".repeat(200_000)}${"]".repeat(200_000)}`, /Cannot read the value as JSON/],
  [text, "\u001b[2J", /u\{1b\}/],
];

for (const [type, json, message] of REFUSED) {
  test(`${type.kind} refuses ${json.slice(0, 40)}`, () => {
    assert.throws(
      () => parseJsonArgument(json, type),
      (error) => {
        assert.ok(error instanceof CordonError);
        assert.equal(error.code, "usage");
        assert.match(error.message, message);
        // oxlint-disable-next-line no-control-regex
        assert.doesNotMatch(error.message, /[\u0000-\u001f]/);
        return true;
      },
    );
  });
}

test("reading never touches a prototype", () => {
  parseJsonArgument('{"x-pos": 1}', point);
  assert.throws(() => parseJsonArgument('{"x-pos": 1, "constructor": {"prototype": {"x": 1}}}', point), CordonError);
  assert.equal(Reflect.get({}, "x"), undefined);
});

test("any JSON for any type is a value or a usage error", () => {
  fc.assert(
    fc.property(anyType, fc.json(), (type, json) => {
      try {
        parseJsonArgument(json, type);
      } catch (error) {
        assert.ok(error instanceof CordonError && error.code === "usage");
      }
    }),
    { numRuns: 300 },
  );
});

test("a value's tags are also read as the engine spells them", () => {
  fc.assert(
    fc.property(
      typedValue.filter(({ type }) => type.kind === "result"),
      ({ type, value }) => {
        const { tag } = value as { readonly tag: string };
        const payload = type.kind === "result" ? (tag === "ok" ? type.ok : type.err) : undefined;
        if (payload === undefined) assert.deepEqual(parseJsonArgument(JSON.stringify({ tag }), type), { tag });
      },
    ),
    { numRuns: 50 },
  );
});
