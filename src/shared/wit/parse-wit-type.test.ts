import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { failsWith } from "../../../test/support/errors.ts";
import { isLabel, parseFunctionType } from "./parse-wit-type.ts";
import { printFunctionType } from "./print-wit.ts";
import type { WitField, WitFunction, WitType } from "./wit.ts";
import { anyText } from "../../../test/support/any-text.ts";

const LABELS = ["a", "b-c", "URL-get", "get-URL2", "x1y2-Z", "type", "record", "u8", "result", "a-1b", "HTTP3"];
const label = fc.constantFrom(...LABELS);
const labels = fc.uniqueArray(label, { minLength: 1, maxLength: 4 });

const primitive: fc.Arbitrary<WitType> = fc
  .constantFrom("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string")
  .map((kind) => ({ kind }));

/** A name that is a word of WIT's own among them. */
const RESOURCES: ReadonlySet<string> = new Set(["thing", "other-thing", "stream"]);
const handle: fc.Arbitrary<WitType> = fc
  .tuple(fc.constantFrom("own" as const, "borrow" as const), fc.constantFrom(...RESOURCES))
  .map(([kind, resource]) => ({ kind, resource }));

function compound(element: fc.Arbitrary<WitType>): fc.Arbitrary<WitType> {
  const optional = fc.option(element, { nil: undefined });
  const four = fc.array(element, { minLength: 4, maxLength: 4 });
  return fc.oneof(
    element.map((one): WitType => ({ kind: "list", element: one })),
    fc
      .tuple(element, fc.integer({ min: 1, max: 0xffff_ffff }))
      .map(([one, length]): WitType => ({ kind: "list", element: one, length })),
    element.map((one): WitType => ({ kind: "option", element: one })),
    handle,
    fc
      .tuple(fc.constantFrom("stream" as const, "future" as const), optional)
      .map(([kind, one]): WitType => ({ kind, ...(one === undefined ? {} : { element: one }) })),
    fc.array(element, { minLength: 1, maxLength: 3 }).map((elements): WitType => ({ kind: "tuple", elements })),
    fc.tuple(optional, optional).map(([ok, err]): WitType => ({
      kind: "result",
      ...(ok === undefined ? {} : { ok }),
      ...(err === undefined ? {} : { err }),
    })),
    fc.tuple(labels, four).map(([names, types]): WitType => ({ kind: "record", fields: fields(names, types) })),
    fc.tuple(labels, fc.array(optional, { minLength: 4, maxLength: 4 })).map(([names, types]): WitType => ({
      kind: "variant",
      cases: names.map((name, index) => {
        const payload = types[index];
        return payload === undefined ? { name } : { name, type: payload };
      }),
    })),
    labels.map((names): WitType => ({ kind: "enum", names })),
    labels.map((names): WitType => ({ kind: "flags", names })),
  );
}

function fields(names: readonly string[], types: readonly WitType[]): readonly WitField[] {
  return names.map((name, index) => ({ name, type: types[index] ?? { kind: "bool" } }));
}

const anyType: fc.Arbitrary<WitType> = (() => {
  let level = primitive;
  for (let depth = 0; depth < 4; depth += 1) level = fc.oneof(primitive, compound(level));
  return level;
})();

const anyFunction: fc.Arbitrary<WitFunction> = fc
  .tuple(
    labels,
    fc.array(anyType, { minLength: 4, maxLength: 4 }),
    fc.option(anyType, { nil: undefined }),
    fc.boolean(),
  )
  .map(([names, types, result, async]) => ({
    name: "f",
    parameters: fields(names, types),
    async,
    ...(result === undefined ? {} : { result }),
  }));

test("what is printed is read back as the same type", () => {
  fc.assert(
    fc.property(anyFunction, (fn) => {
      assert.deepEqual(parseFunctionType(printFunctionType(fn), "f", RESOURCES), fn);
    }),
    { numRuns: 300 },
  );
});

test("white space between any two tokens changes nothing", () => {
  fc.assert(
    fc.property(anyFunction, (fn) => {
      const text = printFunctionType(fn).replaceAll(/->|[(){}<>,:]/g, "\n\t $& ");
      assert.deepEqual(parseFunctionType(text, "f", RESOURCES), fn);
    }),
    { numRuns: 100 },
  );
});

test("any text is read or refused with a usage error on one line, and what is read prints to what reads the same", () => {
  const piece = fc.constantFrom(
    "func",
    "(",
    ")",
    "<",
    ">",
    "{",
    "}",
    ",",
    ":",
    "->",
    "_",
    " ",
    "a",
    "list",
    "u8",
    "3",
    "%",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        anyText(),
        fc.array(piece).map((all) => `func(${all.join("")}`),
      ),
      (text) => {
        let fn: WitFunction;
        try {
          fn = parseFunctionType(text, "f", RESOURCES);
        } catch (thrown) {
          assert.ok(thrown instanceof Error && "code" in thrown && thrown.code === "usage");
          assert.doesNotMatch(thrown.message, /[\p{Cc}\p{Zl}\p{Zp}]/u);
          return;
        }
        assert.deepEqual(parseFunctionType(printFunctionType(fn), "f", RESOURCES), fn);
      },
    ),
    { numRuns: 500 },
  );
});

test("trailing commas, escaped names and names that are keywords are read", () => {
  assert.equal(
    printFunctionType(parseFunctionType("func(%type: u8, from: record { u8: u8, },) -> tuple<u8,>", "f")),
    "func(%type: u8, %from: record { %u8: u8 }) -> tuple<u8>",
  );
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["", /expected "func" at character 1, found the end/],
  ["func", /expected "\(" at character 5, found the end/],
  ["func(to: strng)", /expected a type \(did you mean string\?\) at character 10, found "strng"/],
  ["func(to: descriptor)", /expected a type at character 10/],
  ["func() -> map<string, u8>", /expected a type/],
  ["func() -> stream<>", /expected a type/],
  ["func(a: borrow<descriptor>)", /expected a resource that is declared/],
  ["func(a: own)", /expected "<"/],
  ["func() ->", /expected a type at character 10, found the end/],
  ["func() -> string extra", /expected the end at character 18, found "extra"/],
  ["func(a: u8 b: u8)", /expected "," at character 12/],
  ["func(a: u8, A: u8)", /the name A stands twice in the parameters/],
  ["func(aB: u8)", /expected a name at character 6/],
  ["func(a: enum { x, x })", /the name x stands twice in the enum/],
  ["func(a: record {})", /a record has to have at least one member/],
  ["func(a: tuple<>)", /a tuple has to have at least one member/],
  ["func(a: result<_>)", /expected "," at character 17/],
  ["func(a: list<u8, 0>)", /expected a length from 1/],
  ["func(a: list<u8, 4294967296>)", /expected a length from 1/],
  [`func(a: flags { ${Array.from({ length: 33 }, (_, index) => `f${index}`).join(", ")} })`, /more than 32 flags/],
  ["func(a: u8); drop", /expected .* at character 12, found ";"/],
  ['func("a": u8)', /at character 6/],
  [`func(a: ${"option<".repeat(100)}u8${">".repeat(100)})`, /nested deeper than 100/],
  [`func(a: ${"option<".repeat(5_000)}`, /longer than 16384/],
  ["func(\u001b[2J: u8)", /found "\\u\{1b\}"/],
];

for (const [text, message] of REFUSED) {
  test(`refuses ${JSON.stringify(text.slice(0, 60))}`, async () => {
    await failsWith("usage", message, () => parseFunctionType(text, "f", RESOURCES));
  });
}

test("names are labels of WIT and nothing else", () => {
  for (const name of LABELS) assert.ok(isLabel(name), name);
  for (const name of ["", "A-b-", "-a", "a--b", "aB", "1a", "a_b", "a.b", "__proto__", "a\n", "é"]) {
    assert.ok(!isLabel(name), name);
  }
});
