import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { escapeInvisible, quoteText } from "./quote-text.ts";
import { anyText } from "../../../test/support/any-text.ts";

test("invisible characters become escapes, visible ones stay", () => {
  assert.equal(escapeInvisible("a\u001b[31mb"), "a\\u{1b}[31mb");
  assert.equal(escapeInvisible("\t\r\n"), "\\t\\r\\n");
  assert.equal(escapeInvisible("a\u202eb\u2028c\u{e0041}"), "a\\u{202e}b\\u{2028}c\\u{e0041}");
  assert.equal(escapeInvisible("\ud800"), "\\u{d800}");
  assert.equal(escapeInvisible("Grüße, 世界 😀"), "Grüße, 世界 😀");
});

test("a quoted text names its quotes and backslashes", () => {
  assert.equal(quoteText('a "b" \\ c'), String.raw`"a \"b\" \\ c"`);
});

test("a text that is too long is cut, never inside a character", () => {
  assert.equal(quoteText("abcdef", 3), '"abc"…');
  assert.equal(quoteText("ab😀", 3), '"ab"…');
  assert.equal(quoteText("abc", 3), '"abc"');
});

test("different texts have different literals", () => {
  fc.assert(
    fc.property(anyText(), anyText(), (left, right) => {
      assert.equal(quoteText(left) === quoteText(right), left === right);
    }),
  );
});
