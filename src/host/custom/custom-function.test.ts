import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { CustomGrant } from "../../policy/grants.ts";
import { checkCustom, customResource } from "./custom-function.ts";

const FN = { capability: "cap", checked: { name: "amount", index: 1 } };

function allowed(grant: CustomGrant, value: unknown): boolean {
  return checkCustom(FN, { cap: grant }, ["first", value]).allowed;
}

test("what is not granted is denied, also under names that every object has", () => {
  for (const capability of ["cap", "constructor", "__proto__", "toString", "hasOwnProperty", ""]) {
    const decision = checkCustom({ capability, checked: undefined }, { other: { kind: "boolean", value: true } }, []);
    assert.equal(decision.allowed, false, capability);
  }
  assert.equal(allowed({ kind: "boolean", value: false }, 1), false);
});

test("a grant of true allows every value", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => assert.ok(allowed({ kind: "boolean", value: true }, value))),
    {
      numRuns: 50,
    },
  );
});

test("a range allows the numbers within it, both ends included, and nothing else", () => {
  const range: CustomGrant = { kind: "numeric", minimum: -2, maximum: 100 };
  for (const value of [-2, -0, 0, 0.5, 100, -2n, 100n]) assert.ok(allowed(range, value), String(value));
  const outside = [-2.000001, 100.0001, 101n, -3n, 2n ** 64n, Infinity, -Infinity, Number.NaN];
  for (const value of [...outside, "50", "", true, null, undefined, [50], { valueOf: () => 50 }, new Date(50)]) {
    assert.equal(allowed(range, value), false, String(value));
  }
});

test("64-bit numbers are compared exactly", () => {
  const range: CustomGrant = { kind: "numeric", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
  assert.ok(allowed(range, BigInt(Number.MAX_SAFE_INTEGER)));
  assert.equal(allowed(range, BigInt(Number.MAX_SAFE_INTEGER) + 1n), false);
});

test("texts are compared by code units", () => {
  assert.ok(allowed({ kind: "string", value: "a@b.c" }, "a@b.c"));
  const list: CustomGrant = { kind: "string-list", values: ["a", "caf\u00e9", ""] };
  for (const value of ["a", "caf\u00e9", ""]) assert.ok(allowed(list, value));
  for (const value of ["A", "a ", "cafe\u0301", "a\0", ["a"], ["a", "b"], undefined, 0, { toString: () => "a" }]) {
    assert.equal(allowed(list, value), false);
    assert.equal(allowed({ kind: "string", value: "a@b.c" }, value), false);
  }
  assert.equal(allowed({ kind: "string-list", values: [] }, ""), false);
});

test("a parameter that is not there satisfies nothing", () => {
  const granted = { cap: { kind: "string-list", values: ["undefined"] } } as const;
  assert.equal(checkCustom(FN, granted, []).allowed, false);
});

test("what an event shows is bounded and has no object's text in it", () => {
  assert.equal(customResource(FN, ["x", 7n]), "cap amount=7");
  assert.equal(customResource(FN, ["x", 'a"\n']), String.raw`cap amount="a\"\n"`);
  assert.equal(customResource(FN, ["x", { toString: () => assert.fail() }]), "cap amount=...");
  assert.ok(customResource(FN, ["x", "y".repeat(1_000_000)]).length < 300);
  assert.equal(customResource({ capability: "cap", checked: undefined }, ["x"]), "cap");
});
