import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CordonError } from "../../shared/errors.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { parseWave } from "./parse-wave.ts";
import { anyType } from "./random-values.test.ts";

const u8: WitType = { kind: "u8" };
const s32: WitType = { kind: "s32" };
const f64: WitType = { kind: "f64" };
const text: WitType = { kind: "string" };
const char: WitType = { kind: "char" };
const option: WitType = { kind: "option", element: u8 };
const twice: WitType = { kind: "option", element: option };
const point: WitType = {
  kind: "record",
  fields: [
    { name: "must-have", type: u8 },
    { name: "optional", type: option },
  ],
};
const allOptional: WitType = {
  kind: "record",
  fields: [
    { name: "ok", type: option },
    { name: "twice", type: twice },
  ],
};
const shape: WitType = {
  kind: "variant",
  cases: [{ name: "empty" }, { name: "body", type: u8 }, { name: "err", type: text }],
};
const keywords: WitType = { kind: "enum", names: ["none", "ok", "not-found", "HTTP3-get"] };
const flags: WitType = { kind: "flags", names: ["read", "true", "x-1y"] };
const outcome: WitType = { kind: "result", ok: u8, err: text };

const READ: readonly (readonly [WitType, string, unknown])[] = [
  [{ kind: "bool" }, "true", true],
  [{ kind: "bool" }, " // a comment\n false // another", false],
  [u8, "255", 255],
  [s32, "-9", -9],
  [{ kind: "u64" }, "18446744073709551615", 18446744073709551615n],
  [f64, "6.022e+23", 6.022e23],
  [f64, "-0", -0],
  [f64, "inf", Number.POSITIVE_INFINITY],
  [f64, "-inf", Number.NEGATIVE_INFINITY],
  [f64, "nan", Number.NaN],
  [{ kind: "f32" }, "1.1", Math.fround(1.1)],
  [char, "'x'", "x"],
  [char, "'☃'", "☃"],
  [char, "'😀'", "😀"],
  [char, "'\"'", '"'],
  [char, String.raw`'\''`, "'"],
  [char, String.raw`'\u{0}'`, "\0"],
  [char, String.raw`'\u{10ffff}'`, "\u{10ffff}"],
  [text, '""', ""],
  [text, String.raw`"abc\t123\n\r\\\"\'"`, "abc\t123\n\r\\\"'"],
  [text, String.raw`"☃\u{2603}\u{002603}"`, "☃☃☃"],
  [text, '"""\n"""', ""],
  [text, '"""\nA single line\n"""', "A single line"],
  [text, '"""\r\n    one\r\n      two\r\n  """', "  one\n    two"],
  [text, String.raw`"""` + '\n  kept: \\r\n  three: ""\\""\n  """', 'kept: \r\nthree: """"'],
  [text, '"""\n\nlines\n\n"""', "\nlines\n"],
  [{ kind: "tuple", elements: [text, u8] }, '("abc", 123,)', ["abc", 123]],
  [{ kind: "list", element: s32 }, "[1, 2, 3]", [1, 2, 3]],
  [{ kind: "list", element: s32 }, "[]", []],
  [{ kind: "list", element: u8 }, "[1,]", Uint8Array.of(1)],
  [{ kind: "list", element: u8, length: 2 }, "[1, 2]", [1, 2]],
  [{ kind: "list", element: char }, "['a', 'b']", ["a", "b"]],
  [point, "{must-have: 1}", { mustHave: 1, optional: undefined }],
  [point, "{optional: none, %must-have: 1,}", { mustHave: 1, optional: undefined }],
  [point, "{must-have:1,optional:some(2)}", { mustHave: 1, optional: 2 }],
  [allOptional, "{:}", { ok: undefined, twice: { tag: "none" } }],
  [allOptional, "{ : }", { ok: undefined, twice: { tag: "none" } }],
  [allOptional, "{ok: 1, twice: some(none)}", { ok: 1, twice: { tag: "some", val: undefined } }],
  [shape, "empty", { tag: "empty" }],
  [shape, "%empty", { tag: "empty" }],
  [shape, "body(79)", { tag: "body", val: 79 }],
  [shape, '%err("oops")', { tag: "err", val: "oops" }],
  [keywords, "%none", "none"],
  [keywords, "HTTP3-get", "HTTP3-get"],
  [option, "none", undefined],
  [option, "some(1)", 1],
  [option, "1", 1],
  [twice, "none", { tag: "none" }],
  [twice, "some(none)", { tag: "some", val: undefined }],
  [twice, "some(some(1))", { tag: "some", val: 1 }],
  [twice, "some(1)", { tag: "some", val: 1 }],
  [{ kind: "option", element: keywords }, "none", undefined],
  [{ kind: "option", element: keywords }, "%none", "none"],
  [outcome, "ok(1)", { tag: "ok", val: 1 }],
  [outcome, "1", { tag: "ok", val: 1 }],
  [outcome, 'err("oops")', { tag: "err", val: "oops" }],
  [{ kind: "result" }, "ok", { tag: "ok" }],
  [{ kind: "result", err: text }, "ok", { tag: "ok" }],
  [flags, "{read, x-1y,}", { read: true, true: false, x1y: true }],
  [flags, "{true}", { read: false, true: true, x1y: false }],
  [flags, "{}", { read: false, true: false, x1y: false }],
  [
    { kind: "map", key: text, value: u8 },
    '[("a", 1), ("b", 2)]',
    new Map([
      ["a", 1],
      ["b", 2],
    ]),
  ],
];

for (const [type, wave, expected] of READ) {
  test(`${type.kind} reads ${wave}`, () => assert.deepEqual(parseWave(wave, type), expected));
}

const REFUSED: readonly (readonly [WitType, string, RegExp])[] = [
  [u8, "256", /column 1: expected u8, found "256"$/],
  [u8, "1.0", /column 1: expected u8/],
  [u8, "01", /column 2: expected u8, found "1"/],
  [u8, "1 2", /column 3: expected u8, found "2"/],
  [u8, "", /column 1: expected u8, found the end of the text/],
  [u8, "\n\n  x", /line 3, column 3: expected u8, found "x"/],
  [u8, "0x1f", /column 2/],
  [f64, "1e999", /column 1: expected f64/],
  [f64, ".5", /a character that starts nothing, "\."/],
  [f64, "%inf", /expected f64/],
  [{ kind: "bool" }, "%true", /expected bool/],
  [char, "''", /an unfinished char/],
  [char, "'ab'", /one character between single quotes/],
  [char, "'\n'", /an unfinished char/],
  [char, "'a", /one character/],
  [char, '"a"', /expected char/],
  [text, '"', /an unfinished string/],
  [text, '"a\nb"', /an unfinished string/],
  [text, String.raw`"\u{d800}"`, /column 2: expected string, found an invalid escape/],
  [text, String.raw`"a\u{110000}"`, /column 3.*an invalid escape/],
  [text, String.raw`"\u{0000000}"`, /an invalid escape/],
  [text, String.raw`"\j"`, /an invalid escape/],
  [text, '"a\ud800"', /a lone surrogate/],
  [text, '""""""', /do not start their line|do not end their line/],
  [text, '""" """', /triple quotes/],
  [text, '"""extra\n"""', /do not end their line/],
  [text, '"""\nextra"""', /do not start their line/],
  [text, '"""\n', /an unfinished string/],
  [text, '"""\na\n  """', /line 2, column 1.*less indentation/],
  [text, '"""\na\\j\n"""', /line 2, column 2.*an invalid escape/],
  [text, '"""\n  """\n  """', /line 3/],
  [{ kind: "tuple", elements: [u8] }, "()", /0 elements/],
  [{ kind: "tuple", elements: [u8, u8] }, "(1)", /1 elements/],
  [{ kind: "tuple", elements: [u8] }, "(1, 2)", /column 5: expected 1 elements/],
  [{ kind: "list", element: u8 }, "[1 2]", /column 4: expected "," or "\]" of list<u8>/],
  [{ kind: "list", element: u8 }, "[,]", /column 2/],
  [{ kind: "list", element: u8 }, "[1", /the end of the text/],
  [{ kind: "list", element: u8, length: 2 }, "[1]", /1 elements/],
  [point, "{:}", /no field "must-have"/],
  [point, "{}", /written "\{:\}"/],
  [point, "{must-have: 1, must-have: 2}", /column 16.*twice/],
  [point, "{must-have: 1, optionl: 2}", /unknown field "optionl", did you mean "optional"/],
  [point, "{must-have 1}", /column 12: expected ":"/],
  [point, "{must-have: 1 optional: 2}", /expected "," or "\}"/],
  [shape, "body", /expected "\("/],
  [shape, "empty(1)", /a payload for "empty", which has none/],
  [shape, "bdy(1)", /did you mean "body"/],
  [shape, 'err("a")', /the keyword "err"; as a name it is written "%err"/],
  [keywords, "none", /written "%none"/],
  [keywords, "found", /expected enum/],
  [option, "some", /expected "\("/],
  [option, "none(1)", /column 5/],
  [twice, "1", /expected option<option<u8>>/],
  [outcome, "ok", /expected "\("/],
  [{ kind: "result" }, "ok(1)", /which has none/],
  [{ kind: "result", err: text }, "1", /expected result<_, string>/],
  [flags, "{read, read}", /twice/],
  [flags, "{reed}", /did you mean "read"/],
  [flags, "{read: true}", /column 6/],
  [{ kind: "own", resource: "r" }, "r", /cannot be passed/],
  [u8, "\u001b[2J", /found a character that starts nothing, "\\u\{1b\}"/],
];

for (const [type, wave, message] of REFUSED) {
  test(`${type.kind} refuses ${JSON.stringify(wave)}`, () => {
    assert.throws(
      () => parseWave(wave, type),
      (error) => {
        assert.ok(error instanceof CordonError);
        assert.equal(error.code, "usage");
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

test("deep text for a deep type is refused, not a fault", () => {
  let type: WitType = u8;
  for (let depth = 0; depth < 5_000; depth += 1) type = { kind: "list", element: type };
  assert.throws(() => parseWave("[".repeat(100_000), type), /nested too deeply/);
});

test("long strings and long whitespace are read", () => {
  const long = "a".repeat(2_000_000);
  assert.equal(parseWave(`"${long}"`, text), long);
  assert.equal(parseWave(`"""\n${long}\n"""`, text), long);
  assert.equal(parseWave(`${" // x\n".repeat(300_000)}1`, u8), 1);
});

test("any text for any type is a value or a usage error", () => {
  const pieces = fc.array(
    fc.constantFrom(
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      ":",
      ",",
      "a",
      "%",
      "some",
      "none",
      "ok",
      '"',
      '"""',
      "'",
      "\\",
      "\n",
      "-",
      "1",
      "e9",
      " ",
      "//",
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      anyType,
      fc.oneof(
        pieces.map((parts) => parts.join("")),
        fc.string(),
      ),
      (type, wave) => {
        try {
          parseWave(wave, type);
        } catch (error) {
          assert.ok(error instanceof CordonError && error.code === "usage");
        }
      },
    ),
    { numRuns: 500 },
  );
});
