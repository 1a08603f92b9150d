import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonText } from "./json-output.ts";
import { neutralised, neutralisedLine } from "./terminal.ts";
import { anyText } from "../../../test/support/any-text.ts";

const text = anyText({ maxLength: 40 });

/** What drives a terminal: controls, and what reorders the text around it. */
const DRIVES = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

test("text keeps its lines, tabs and emoji, and nothing that drives a terminal", () => {
  assert.equal(neutralised("a\tb\r\nc\nd 👩‍👧 é"), "a\tb\r\nc\nd 👩‍👧 é");
  assert.equal(neutralised("\u001b[31m\u009b\r\u202e\u007f"), String.raw`\u{1b}[31m\u{9b}\u{d}\u{202e}\u{7f}`);
  fc.assert(
    fc.property(text, (given) => assert.doesNotMatch(neutralised(given).replaceAll(/\r?\n|\t/g, ""), DRIVES)),
    { numRuns: 500 },
  );
});

test("a name stays on its line, and every character in it can be seen", () => {
  assert.equal(neutralisedLine("a\nb\u200b\tc"), String.raw`a\nb\u{200b}\tc`);
  fc.assert(
    fc.property(text, (given) => assert.doesNotMatch(neutralisedLine(given), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)),
    { numRuns: 500 },
  );
});

test("a JSON document means the same, and drives no terminal either", () => {
  assert.equal(jsonText({ a: "\u009b\u{e0001}" }), '{\n  "a": "\\u009b\\udb40\\udc01"\n}');
  fc.assert(
    fc.property(fc.dictionary(text, fc.array(text)), (given) => {
      const written = jsonText(given);
      assert.deepEqual(JSON.parse(written), JSON.parse(JSON.stringify(given)));
      assert.doesNotMatch(written.replaceAll("\n", ""), DRIVES);
    }),
    { numRuns: 200 },
  );
});
