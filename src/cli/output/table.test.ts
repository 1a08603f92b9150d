import assert from "node:assert/strict";
import { test } from "node:test";
import { table } from "./table.ts";

test("columns are as wide as their widest cell, and lines end where their text does", () => {
  assert.deepEqual(
    table([
      ["a", "b", "c"],
      ["long", "", "x"],
      ["é", "y", ""],
    ]),
    ["a     b  c", "long     x", "é     y"],
  );
  assert.deepEqual(table([]), []);
});

test("characters of two columns count as two, and those of several code points as one", () => {
  assert.deepEqual(
    table([
      ["日本", "|"],
      ["👩‍👧", "|"],
      ["e\u0301e\u0301", "|"],
      ["abcd", "|"],
    ]),
    ["日本  |", "👩‍👧    |", "e\u0301e\u0301    |", "abcd  |"],
  );
});

test("a last cell that is too wide is broken beside the others, or put below them where there is no room", () => {
  const rows = [
    ["  files", "--dir", "one:a/b, two:c/d, three:e/f"],
    ["  time", "--clock", "x"],
  ];
  assert.deepEqual(table(rows, { width: 42 }), [
    "  files  --dir    one:a/b, two:c/d,",
    "                  three:e/f",
    "  time   --clock  x",
  ]);
  assert.deepEqual(table(rows, { width: 34 }), [
    "  files  --dir",
    "      one:a/b, two:c/d, three:e/f",
    "  time   --clock  x",
  ]);
});

test("a word that has no room beside the others is put below them", () => {
  const rows = [["  read files", "--allow-fs-read[=PATH]", "sandbox:skill/filesystem-read"]];
  assert.deepEqual(table(rows, { width: 60 }), [
    "  read files  --allow-fs-read[=PATH]",
    "      sandbox:skill/filesystem-read",
  ]);
  assert.equal(table(rows, { width: 80 }).length, 1);
});
