import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSchema } from "./check-schema.ts";
import { instanceProblem } from "./check-instance.ts";
import { compileSchema } from "./compile-schema.ts";
import { Patterns } from "./patterns.ts";

const patterns = await Patterns.load();

function isRight(schema: unknown, value: unknown): boolean {
  const index = checkSchema(schema, [], (path, message) => assert.fail(`${path.join(".")}: ${message}`));
  return instanceProblem(JSON.stringify(value), compileSchema(schema, index, patterns), patterns) === undefined;
}

/** A schema with values that match it, and values that do not. */
const ROWS: readonly (readonly [schema: unknown, right: readonly unknown[], wrong: readonly unknown[]])[] = [
  [true, [1, null], []],
  [false, [], [1, null]],
  [{ type: "integer" }, [1, 1.0, -0], [1.5, "1", null]],
  [{ type: ["string", "null"] }, ["", null], [0]],
  [{ minimum: 1, exclusiveMaximum: 3 }, [1, 2.9, "x"], [0, 3]],
  [{ multipleOf: 0.1 }, [0.3, 1], [0.35]],
  [{ pattern: "^a+$" }, ["aa", 5], ["ab", "a\n"]],
  [{ pattern: "\\u00e9|\\d" }, ["é", "7"], ["e"]],
  [{ pattern: "^a", allOf: [{ pattern: "b$" }] }, ["ab"], ["a", "b"]],
  [{ not: { pattern: "x" } }, ["a"], ["ax"]],
  [{ minLength: 1, maxLength: 1 }, ["é", "\u{1f600}"], ["", "ab"]],
  [{ format: "date-time" }, ["2026-11-30T23:20:00Z", 5], ["2026-11-31T00:00:00Z"]],
  [{ format: "ipv4" }, ["127.0.0.1"], ["127.0.0.256"]],
  [
    { properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false },
    [{ a: "" }],
    [{}, { a: 1 }, { a: "", b: 1 }],
  ],
  [{ properties: JSON.parse('{"__proto__":{"type":"string"}}') as unknown }, [{}], [JSON.parse('{"__proto__":1}')]],
  [{ required: ["constructor"] }, [{ constructor: 1 }], [{}]],
  [{ propertyNames: { pattern: "^x-" } }, [{ "x-a": 1 }], [{ a: 1 }]],
  [{ dependentRequired: { a: ["b"] } }, [{ a: 1, b: 2 }, {}], [{ a: 1 }]],
  [{ dependentSchemas: { a: { required: ["b"] } } }, [{ b: 1 }], [{ a: 1 }]],
  [{ prefixItems: [{ type: "number" }], items: { type: "string" } }, [[1, "a"], []], [["a"], [1, 2]]],
  [{ prefixItems: [true], items: false }, [[1]], [[1, 2]]],
  [{ contains: { const: 1 }, maxContains: 1 }, [[1, 2]], [[2], [1, 1]]],
  [{ uniqueItems: true }, [[1, "1"]], [[{ a: 1 }, { a: 1 }]]],
  [{ enum: [{ a: [1] }, null] }, [{ a: [1] }, null], [{ a: [2] }, 0]],
  [{ const: { a: 1 } }, [{ a: 1 }], [{ a: 1, b: 1 }]],
  [{ oneOf: [{ type: "number" }, { minimum: 5 }] }, [1, "x"], [6]],
  [{ anyOf: [{ type: "string" }, { type: "null" }] }, ["", null], [1]],
  [
    JSON.parse('{"if":{"type":"string"},"then":{"minLength":2},"else":{"type":"null"}}') as unknown,
    ["ab", null],
    ["a", 1],
  ],
  [{ allOf: [{ properties: { a: true } }], unevaluatedProperties: false }, [{ a: 1 }], [{ b: 1 }]],
  [{ $ref: "#/$defs/a~1b%25", $defs: { "a/b%": { type: "null" } } }, [null], [1]],
  [{ $ref: "#x", $defs: { one: { $anchor: "x", type: "null" } } }, [null], [1]],
  [
    { properties: { next: { $ref: "#" } }, additionalProperties: false },
    [{ next: { next: {} } }],
    [{ next: { a: 1 } }],
  ],
  [
    { $id: "https://example.com/x", $schema: "https://json-schema.org/draft/2020-12/schema", title: "t", type: "null" },
    [null],
    [1],
  ],
];

test("values are held against schemas as JSON Schema 2020-12 has it", () => {
  for (const [schema, right, wrong] of ROWS) {
    for (const value of right)
      assert.ok(isRight(schema, value), `${JSON.stringify(value)} by ${JSON.stringify(schema)}`);
    for (const value of wrong)
      assert.ok(!isRight(schema, value), `${JSON.stringify(value)} by ${JSON.stringify(schema)}`);
  }
});

test("what is wrong is told by its place, on one line and cut", () => {
  const schema = { properties: { a: { prefixItems: [{ const: `x${"y".repeat(1_000)}\u001b[31m` }] } } };
  const index = checkSchema(schema, [], () => assert.fail());
  const problem = instanceProblem('{"a": [1]}', compileSchema(schema, index, patterns), patterns) ?? "";
  assert.match(problem, /^at \/a\/0 it does not match: Instance does not match "xyyy/u);
  assert.ok(problem.length < 500 && !/[\u0000-\u001f]/u.test(problem));
});
