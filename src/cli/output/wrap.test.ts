import assert from "node:assert/strict";
import { test } from "node:test";
import { wrapped } from "./wrap.ts";

test("text is broken at spaces, and each line fits beside its margin", () => {
  const text = "let skills read PATH and all below it";
  assert.deepEqual(wrapped(text, 24, 2), ["  let skills read PATH", "  and all below it"]);
  assert.deepEqual(wrapped(text, 24, 4, 0), ["let skills read PATH and", "    all below it"]);
  assert.deepEqual(wrapped(text, 80, 2), [`  ${text}`]);
  assert.deepEqual(wrapped("", 80), [""]);
});

test("a word that is wider than a line stays whole, and a margin leaves some room however narrow the terminal", () => {
  const name = "acme:a-package-with-a-long-name/interface@1.0.0";
  assert.deepEqual(wrapped(`a ${name} b`, 20), ["a", name, "b"]);
  assert.deepEqual(wrapped("one two three four five", 4, 2), ["  one two three four", "  five"]);
});

test("characters of two columns count as two", () => {
  assert.deepEqual(wrapped("日本日本日 日本日本日", 20), ["日本日本日", "日本日本日"]);
});
