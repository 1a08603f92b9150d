import assert from "node:assert/strict";
import { test } from "node:test";
import { CordonError } from "../errors.ts";
import { printFunctionType, printType } from "./print-wit.ts";
import type { WitType } from "./wit.ts";

const u8: WitType = { kind: "u8" };
const text: WitType = { kind: "string" };
const point: WitType = {
  kind: "record",
  name: "point",
  fields: [
    { name: "x", type: { kind: "s32" } },
    { name: "y", type: { kind: "s32" } },
  ],
};

function nested(depth: number): WitType {
  let type: WitType = u8;
  for (let level = 0; level < depth; level += 1) type = { kind: "option", element: type };
  return type;
}

const PRINTED: readonly (readonly [WitType, string])[] = [
  [{ kind: "error-context" }, "error-context"],
  [{ kind: "list", element: u8 }, "list<u8>"],
  [{ kind: "list", element: u8, length: 4 }, "list<u8, 4>"],
  [{ kind: "option", element: text }, "option<string>"],
  [{ kind: "result" }, "result"],
  [{ kind: "result", ok: u8 }, "result<u8>"],
  [{ kind: "result", err: text }, "result<_, string>"],
  [{ kind: "result", ok: u8, err: text }, "result<u8, string>"],
  [{ kind: "tuple", elements: [{ kind: "s32" }, text] }, "tuple<s32, string>"],
  [point, "record { x: s32, y: s32 }"],
  [{ kind: "variant", cases: [{ name: "none" }, { name: "some", type: text }] }, "variant { none, some(string) }"],
  [{ kind: "enum", names: ["a", "b"] }, "enum { a, b }"],
  [{ kind: "flags", names: ["r", "w"] }, "flags { r, w }"],
  [{ kind: "own", resource: "descriptor" }, "descriptor"],
  [{ kind: "borrow", resource: "descriptor" }, "borrow<descriptor>"],
  [{ kind: "stream", element: u8 }, "stream<u8>"],
  [{ kind: "stream" }, "stream"],
  [{ kind: "future" }, "future"],
  [{ kind: "map", key: text, value: { kind: "u32" } }, "map<string, u32>"],
  [{ kind: "list", element: point, name: "points" }, "list<record { x: s32, y: s32 }>"],
];

for (const [type, expected] of PRINTED) {
  test(`prints ${expected}`, () => assert.equal(printType(type), expected));
}

test("functions print with parameter names, without their own", () => {
  assert.equal(
    printFunctionType({
      name: "read-file",
      parameters: [{ name: "path", type: text }],
      result: { kind: "result", ok: text, err: text },
      async: false,
    }),
    "func(path: string) -> result<string, string>",
  );
  assert.equal(
    printFunctionType({
      name: "poll",
      parameters: [
        { name: "a", type: u8 },
        { name: "b", type: point },
      ],
      async: true,
    }),
    "async func(a: u8, b: record { x: s32, y: s32 })",
  );
});

test("with names, a named type prints as its name, at any depth", () => {
  assert.equal(printType(point, { names: true }), "point");
  assert.equal(printType({ kind: "list", element: point }, { names: true }), "list<point>");
  assert.equal(
    printFunctionType(
      { name: "f", parameters: [{ name: "p", type: point }], result: point, async: false },
      { names: true },
    ),
    "func(p: point) -> point",
  );
});

test("reserved words and names that are no identifiers cannot be mistaken for types", () => {
  assert.equal(printType({ kind: "own", resource: "u8" }), "%u8");
  assert.equal(printType({ kind: "own", resource: "list<u8>" }), '"list<u8>"');
  assert.equal(
    printType({ kind: "enum", names: ["record", "a, b", "\u001b[2J"] }),
    'enum { %record, "a, b", "\\u{1b}[2J" }',
  );
  assert.notEqual(printType({ kind: "enum", names: ["a, b"] }), printType({ kind: "enum", names: ["a", "b"] }));
});

test("the structural form is whole or refused", () => {
  assert.equal(printType(nested(99)).length, "option<>".length * 99 + 2);
  assert.throws(
    () => printType(nested(100)),
    (error) => error instanceof CordonError && error.code === "unsupported",
  );
  let wide: WitType = u8;
  for (let level = 0; level < 40; level += 1) wide = { kind: "tuple", elements: [wide, wide] };
  assert.throws(
    () => printType(wide),
    (error) => error instanceof CordonError && error.code === "unsupported",
  );
});

test("a bounded form is cut, however large the type", () => {
  let wide: WitType = u8;
  for (let level = 0; level < 90; level += 1) wide = { kind: "tuple", elements: [wide, wide] };
  const cut = printType(wide, { maxLength: 50 });
  assert.equal(cut.length, 50);
  assert.ok(cut.endsWith("…"));
  assert.equal(printType(wide, { names: true }).length, 1_000);
  assert.equal(printType(u8, { maxLength: 2 }), "u8");
  assert.match(printType(nested(5_000), { names: true }), /…/);
});
