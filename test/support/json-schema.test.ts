import assert from "node:assert/strict";
import { test } from "node:test";
import { misfits, type Schema } from "./json-schema.ts";

const SCHEMA: Schema = {
  type: "object",
  properties: {
    status: { const: "ok" },
    count: { $ref: "#/$defs/count" },
    list: { type: "array", items: { enum: ["a", "b"] } },
  },
  required: ["status"],
  additionalProperties: false,
  $defs: { count: { type: "integer", minimum: 0, maximum: 9 } },
};

test("what does not fit is told with its place, and what fits is not", () => {
  const cases: readonly (readonly [unknown, readonly RegExp[]])[] = [
    [{ status: "ok" }, []],
    [{ status: "ok", count: 0, list: ["a", "b"] }, []],
    [{}, [/^\$: has no status$/]],
    [{ status: "no" }, [/^\$\.status: is not "ok"$/]],
    [{ status: "ok", other: 1 }, [/other is not in the schema/]],
    [{ status: "ok", count: 1.5 }, [/count: is no integer/]],
    [{ status: "ok", count: -1 }, [/is below 0/]],
    [{ status: "ok", count: 10 }, [/is above 9/]],
    [{ status: "ok", list: ["a", "c"] }, [/^\$\.list\[1\]: "c" is none of the enum$/]],
    [[], [/is no object/]],
    [null, [/is no object/]],
  ];
  for (const [value, problems] of cases) {
    const found = misfits(value, SCHEMA, SCHEMA);
    assert.equal(found.length, problems.length, JSON.stringify(value));
    for (const [index, problem] of problems.entries()) assert.match(found[index] ?? "", problem);
  }
});

test("alternatives, patterns, and schemas that cannot be read", () => {
  const either: Schema = { oneOf: [{ type: "string", pattern: "^a" }, { type: "number" }] };
  assert.deepEqual(misfits("ab", either, either), []);
  assert.equal(misfits("ba", either, either).length, 1);
  const both: Schema = { oneOf: [{ type: "number" }, { type: "integer" }] };
  assert.equal(misfits(1, both, both).length, 1);
  assert.deepEqual(misfits(1, { anyOf: both.oneOf ?? [] }, both), []);
  assert.throws(() => misfits(1, { multipleOf: 2 } as Schema, both), /does not know multipleOf/);
  assert.throws(() => misfits(1, { $ref: "#/$defs/none" }, both), /there is no/);
});
