import assert from "node:assert/strict";
import { test } from "node:test";
import { contentTypeOf } from "./content-type.ts";

const MIB = 1024 * 1024;

for (const [name, body, json] of [
  ["an object", '{"a": 1}', true],
  ["a number", "5", true],
  ["a string", '"x"', true],
  ["nothing", "", false],
  ["text", "hello", false],
  ["an object cut short", '{"a": 1', false],
  ["deep nesting", "[".repeat(100_000), false],
  ["a large array", ` [${" ".repeat(MIB)}] `, true],
  ["a large object", `{"a": "${"x".repeat(MIB)}"}\n`, true],
  ["large text", "x".repeat(MIB + 1), false],
  ["large text in brackets that do not match", `[${"x".repeat(MIB)}}`, false],
] as const) {
  test(`${name} is ${json ? "JSON" : "text"}`, () => {
    assert.equal(contentTypeOf(body), json ? "application/json" : "text/plain; charset=utf-8");
  });
}
