import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonicalName, isLabel, isVersion, parseName } from "./names.ts";

describe("isLabel", () => {
  for (const label of ["a", "A", "a1", "a-1", "B1-C-2", "a11-B11-123-ABC-abc", "then", "constructor", "a-1b"]) {
    test(`takes ${label}`, () => assert.ok(isLabel(label)));
  }
  for (const text of ["", "-", "a-", "-a", "a--b", "1", "1a", "aB", "Ab", "A1b", "a_b", "a.b", "é", "a b", "a-1aB"]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.ok(!isLabel(text)));
  }

  test("takes no longer for a name that fails at its end", () => {
    // Words of digits are of either case: a pattern that tries both for each of them would never end.
    assert.ok(!isLabel(`a${"-1".repeat(2_000)}!`));
  });
});

describe("parseName", () => {
  for (const [name, parsed] of [
    ["a-b", { kind: "label" }],
    ["[constructor]a", { kind: "constructor", resource: "a" }],
    ["[method]a.b-c", { kind: "method", resource: "a", label: "b-c" }],
    ["[static]a.b", { kind: "static", resource: "a", label: "b" }],
    ["wasi:io/streams@0.2.0", { kind: "interface", version: "0.2.0" }],
    ["ns-1-a:b-1-c/D-2", { kind: "interface", version: undefined }],
  ] as const) {
    test(`knows the parts of ${name}`, () => assert.deepEqual(parseName(name), parsed));
  }
  for (const name of [
    "[method]a",
    "[method]a.b.c",
    "[method]a.",
    "[method].a",
    "[static]a",
    "[constructor]",
    "[constructor]a.b",
    "[get]a",
    "[other]a",
    "[",
    "a:b",
    "a:b/",
    "a:/c",
    ":b/c",
    "A:b/c",
    "a:B/c",
    "a:b:c/d",
    "a:b/c/d",
    "a/b:c",
    "a:b@1/c",
  ]) {
    test(`refuses ${name}`, () => assert.equal(parseName(name), undefined));
  }
});

describe("canonicalName", () => {
  for (const [one, other] of [
    ["a-B", "A-b"],
    ["[method]a.b", "[static]A.b"],
    ["[method]a.a", "a"],
    ["a:b/c@1.0.0", "a:b/C@1.0.0"],
  ] as const) {
    test(`does not tell ${one} from ${other}`, () => assert.equal(canonical(one), canonical(other)));
  }
  for (const [one, other] of [
    ["a", "[constructor]a"],
    ["a1", "a-1"],
    ["[method]a.b", "[method]a.c"],
    ["a:b/c@1.0.0", "a:b/c@1.0.1"],
    ["a:b/c", "a:b/c@1.0.0"],
  ] as const) {
    test(`tells ${one} from ${other}`, () => assert.notEqual(canonical(one), canonical(other)));
  }
});

describe("isVersion", () => {
  for (const [version, suffix] of [
    ["1.2.3", undefined],
    ["0.0.1-rc.1+build.05", undefined],
    ["1", ".2.3"],
    ["0.2", ".3"],
    ["0.0.1", "+b"],
    ["1.0.0-rc1", "+x"],
    [undefined, undefined],
  ] as const) {
    test(`takes ${version} ${suffix}`, () => assert.ok(isVersion(version, suffix)));
  }
  for (const [version, suffix] of [
    ["1.2", undefined],
    ["01.2.3", undefined],
    ["1.2.3-01", undefined],
    ["1.2.3-", undefined],
    ["1.2.3+", undefined],
    ["99999999999999999999.0.0", undefined],
    ["1.2", ".3"],
    ["0", ".2.3"],
    ["1.2.3", ""],
    [undefined, ".1"],
  ] as const) {
    test(`refuses ${version} ${suffix}`, () => assert.ok(!isVersion(version, suffix)));
  }
});

function canonical(name: string): string {
  const parsed = parseName(name);
  assert.ok(parsed !== undefined, name);
  return canonicalName(name, parsed);
}
