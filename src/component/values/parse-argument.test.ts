import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CordonError } from "../../shared/errors.ts";
import type { WitFunction, WitType } from "../../shared/wit/wit.ts";
import { checkArguments } from "./check-value.ts";
import { parseArguments } from "./parse-argument.ts";
import { printWave } from "./print-wave.ts";
import { typedValue, withoutNegativeZero } from "./random-values.test.ts";
import { toJson } from "./to-json.ts";

const text: WitType = { kind: "string" };
const char: WitType = { kind: "char" };
const u8: WitType = { kind: "u8" };
const point: WitType = { kind: "record", fields: [{ name: "x", type: u8 }] };

function parseOne(type: WitType, word: string): unknown {
  const [value] = parseArguments({ name: "f", parameters: [{ name: "p", type }], async: false }, [word]);
  return value;
}

const READ: readonly (readonly [WitType, string, unknown])[] = [
  [text, "World", "World"],
  [text, "", ""],
  [text, "it's 'quoted' [or] {not}", "it's 'quoted' [or] {not}"],
  [text, "null", "null"],
  [text, ' "spaced"', ' "spaced"'],
  [text, '"World"', "World"],
  [text, String.raw`"\u{41}"`, "A"],
  [text, String.raw`"\u0041\/"`, "A/"],
  [char, "x", "x"],
  [char, "'", "'"],
  [char, '"', '"'],
  [char, "😀", "😀"],
  [char, String.raw`'\n'`, "\n"],
  [char, '"a"', "a"],
  [u8, "5", 5],
  [{ kind: "u64" }, '"5"', 5n],
  [point, "{x: 1}", { x: 1 }],
  [point, '{"x": 1}', { x: 1 }],
  [{ kind: "option", element: text }, '"none"', "none"],
  [{ kind: "option", element: text }, "none", undefined],
  [{ kind: "option", element: text }, "null", undefined],
];

for (const [type, word, expected] of READ) {
  test(`${type.kind} takes ${word}`, () => assert.deepEqual(parseOne(type, word), expected));
}

const REFUSED: readonly (readonly [WitType, string, RegExp])[] = [
  [text, '"unfinished', /Argument "p": Cannot read the value as WAVE: column 1/],
  [u8, "300", /as WAVE: column 1: expected u8, found "300"/],
  [point, '{"x": 300}', /as JSON: value\.x: expected u8, found number 300/],
  [point, "{x: 300}", /as WAVE: column 5: expected u8/],
  [{ kind: "list", element: u8 }, "[1, 300]", /as JSON: value\[1\]/],
  [{ kind: "option", element: text }, "World", /expected string, found "World", which is not between double quotes/],
  [text, "\ud800", /lone surrogate/],
];

for (const [type, word, message] of REFUSED) {
  test(`${type.kind} refuses ${JSON.stringify(word)}`, () => {
    assert.throws(
      () => parseOne(type, word),
      (error) => {
        assert.ok(error instanceof CordonError);
        assert.equal(error.code, "usage");
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test("a wrong number of words names the parameters and their types", () => {
  const fn: WitFunction = {
    name: "add",
    parameters: [
      { name: "a", type: u8 },
      { name: "b", type: text },
    ],
    async: false,
  };
  assert.throws(() => parseArguments(fn, ["1"]), {
    code: "usage",
    message: 'Cannot call "add": expected 2 arguments (a: u8, b: string), found 1 argument',
  });
  assert.deepEqual(parseArguments(fn, ["1", "x"]), [1, "x"]);
});

test("random values are read from both notations, and pass the check", () => {
  fc.assert(
    fc.property(typedValue, ({ type, value }) => {
      assert.deepEqual(parseOne(type, printWave(value, type)), value);
      // The text of a JSON string for a char such as `"` alone is one character and stands for itself.
      const fromJson = parseOne(type, JSON.stringify(toJson(value, type)));
      assert.deepEqual(withoutNegativeZero(fromJson), withoutNegativeZero(value));
      const fn: WitFunction = { name: "f", parameters: [{ name: "p", type }], async: false };
      assert.deepEqual(checkArguments(fn, [fromJson]), []);
    }),
    { numRuns: 200 },
  );
});
