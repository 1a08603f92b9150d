import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { isJson } from "./is-json.ts";

const check = (text: string): boolean => isJson(new TextEncoder().encode(text));

const SINGLE: readonly string[] = '{}[]:," \n\t\\/+-.0019eEuatrfn'.split("");
const SEVERAL: readonly string[] = [
  "true",
  "false",
  "null",
  '"a"',
  "\\u00e9",
  "\\uD83D",
  "1.5",
  "-0",
  "01",
  "é",
  "\u2028",
];
const ODD: readonly string[] = ["\u0000", "\u007f", '{"a":1}', "[1,2]", '"":', "//", "NaN"];
const PIECES: readonly string[] = [...SINGLE, ...SEVERAL, ...ODD];

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

/** What the platform says of it. */
function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("JSON texts", () => {
  test("whatever is written as JSON is JSON, with and without spaces", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(3), (value, indent) =>
        check(JSON.stringify(value, null, indent)),
      ),
    );
  });

  test("agrees with the platform's parser on texts that are nearly JSON", () => {
    const piece = fc.constantFrom(...PIECES);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        assert.equal(check(text), parses(text), text);
      }),
      { numRuns: 4000 },
    );
  });

  test("agrees with it on texts that were damaged in one place", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...SINGLE), (value, place, put) => {
        const text = JSON.stringify(value, null, 1);
        const at = place % text.length;
        for (const damaged of [text.slice(0, at) + put + text.slice(at), text.slice(0, at) + text.slice(at + 1)]) {
          assert.equal(check(damaged), parses(damaged), damaged);
        }
      }),
    );
  });

  test("nesting is bounded, and a deep text ends no stack", () => {
    assert.equal(check(nested(512)), true);
    assert.equal(check(nested(513)), false);
    assert.equal(check('{"a":'.repeat(400) + "1" + "}".repeat(400)), true);
    assert.equal(check(nested(1_000_000)), false);
    assert.equal(check("[".repeat(1_000_000)), false);
  });

  test("nothing, a byte order mark and a NUL are no JSON", () => {
    for (const text of [
      "",
      " ",
      "\uFEFF1",
      "\u00001",
      "1\u0000",
      '"\u0000"',
      '"\n"',
      "[1}",
      '{"a":1]',
      "[1,]",
      "{,}",
    ]) {
      assert.equal(check(text), false, JSON.stringify(text));
    }
  });
});

// Weakening: nobody is told of the progress, in one of the places that a text can be long in.
test("while a long text is checked, somebody is told of the progress, whatever it is made of, and can end it", () => {
  const long = 3 * 1024 * 1024;
  const texts = [
    " ".repeat(long) + "1",
    "1".repeat(long),
    `"${"x".repeat(long)}"`,
    `"${"\\u00e9".repeat(long / 6)}"`,
    `[${"0,".repeat(long / 2)}0]`,
    `{${'"":[],'.repeat(long / 6)}"":0}`,
  ];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    let told = 0;
    assert.equal(
      isJson(bytes, () => {
        told += 1;
      }),
      true,
    );
    assert.ok(told >= 2 && told <= 4, `${text.slice(0, 10)}: ${told}`);
    assert.throws(
      () =>
        isJson(bytes, () => {
          throw new Error("it is over");
        }),
      /it is over/,
    );
  }
});
