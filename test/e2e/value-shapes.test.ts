import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parseJsonArgument } from "../../src/component/values/from-json.ts";
import { parseWave } from "../../src/component/values/parse-wave.ts";
import { printWave } from "../../src/component/values/print-wave.ts";
import { toJson } from "../../src/component/values/to-json.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { camelCase } from "../../src/shared/wit/naming.ts";
import type { WitType } from "../../src/shared/wit/wit.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, worldGuest } from "../support/guests.ts";

// Functions of a real component return what they are given, so these tests show that the shapes of `shapes.ts` are what the engine
// takes and returns, and that both notations read and write them.

const u8: WitType = { kind: "u8" };
const text: WitType = { kind: "string" };
const option: WitType = { kind: "option", element: u8 };

const PAYLOAD_RECORD: WitType = {
  kind: "record",
  fields: [
    { name: "x-pos", type: { kind: "s32" } },
    { name: "URL-get", type: u8 },
    { name: "to-string", type: { kind: "option", element: text } },
    { name: "delete", type: { kind: "s64" } },
    { name: "twice", type: { kind: "option", element: option } },
    { name: "a-b-c1", type: { kind: "option", element: { kind: "result", err: u8 } } },
  ],
};

const PAYLOAD_VARIANT: WitType = {
  kind: "variant",
  cases: [
    { name: "none-at-all" },
    { name: "some-text", type: text },
    { name: "URL", type: PAYLOAD_RECORD },
    { name: "maybe", type: option },
    { name: "wide", type: { kind: "s64" } },
  ],
};

/** A function that returns its argument. */
interface Echo {
  readonly name: string;
  /** The parameter's and result's type in WIT, with the names of the interface. */
  readonly wit: string;
  readonly type: WitType;
  /** Values as WAVE. */
  readonly values: readonly string[];
}

const ECHOES: readonly Echo[] = [
  {
    name: "http-get",
    wit: "rec",
    type: PAYLOAD_RECORD,
    values: [
      '{x-pos: -1, URL-get: 255, to-string: some("a"), delete: -9223372036854775808, twice: some(none), a-b-c1: some(ok)}',
      "{x-pos: 0, URL-get: 0, delete: 9223372036854775807, twice: some(some(3)), a-b-c1: some(err(4))}",
      "{x-pos: 0, URL-get: 0, delete: 0}",
    ],
  },
  {
    name: "URL-get",
    wit: "var",
    type: PAYLOAD_VARIANT,
    values: [
      "none-at-all",
      'some-text("☃\\u{0}😀")',
      "URL({x-pos: 1, URL-get: 2, delete: 3})",
      "maybe(none)",
      "maybe(some(1))",
      "wide(-1)",
    ],
  },
  {
    name: "get-URL2",
    wit: "color",
    type: { kind: "enum", names: ["red", "dark-green", "URL2"] },
    values: ["red", "dark-green", "URL2"],
  },
  {
    name: "a-b-c1",
    wit: "perms",
    type: { kind: "flags", names: ["can-read", "w", "URL-x"] },
    values: ["{}", "{URL-x}", "{can-read, w, URL-x}"],
  },
  {
    name: "x",
    wit: "option<option<u8>>",
    type: { kind: "option", element: option },
    values: ["none", "some(none)", "some(some(7))"],
  },
  { name: "delete", wit: "option<string>", type: { kind: "option", element: text }, values: ["none", 'some("")'] },
  {
    name: "nested-results",
    wit: "list<result<u8, string>>",
    type: { kind: "list", element: { kind: "result", ok: u8, err: text } },
    values: ['[ok(1), err("no")]', "[]"],
  },
  {
    name: "deep-options",
    wit: "list<option<option<bool>>>",
    type: { kind: "list", element: { kind: "option", element: { kind: "option", element: { kind: "bool" } } } },
    values: ["[none, some(none), some(some(true))]"],
  },
  { name: "l-u8", wit: "list<u8>", type: { kind: "list", element: u8 }, values: ["[]", "[0, 255]"] },
  {
    name: "l-s64",
    wit: "list<s64>",
    type: { kind: "list", element: { kind: "s64" } },
    values: ["[-9223372036854775808, 9223372036854775807]"],
  },
  {
    name: "l-f32",
    wit: "list<f32>",
    type: { kind: "list", element: { kind: "f32" } },
    values: ["[1.1, nan, -inf, 0]"],
  },
  {
    name: "l-char",
    wit: "list<char>",
    type: { kind: "list", element: { kind: "char" } },
    values: ["['a', '😀', '\\u{10ffff}']"],
  },
  {
    name: "tup",
    wit: "tuple<s8, u16, u32, f64, char, option<u8>>",
    type: {
      kind: "tuple",
      elements: [{ kind: "s8" }, { kind: "u16" }, { kind: "u32" }, { kind: "f64" }, { kind: "char" }, option],
    },
    values: ["(-128, 65535, 4294967295, 0.1, 'x', none)"],
  },
  {
    name: "mapped",
    wit: "map<string, u32>",
    type: { kind: "map", key: text, value: { kind: "u32" } },
    values: ['[("a", 1), ("__proto__", 4294967295)]'],
  },
];

const WIT = `package test:echo;
interface shapes {
  record rec {
    x-pos: s32, URL-get: u8, to-string: option<string>, delete: s64, twice: option<option<u8>>,
    a-b-c1: option<result<_, u8>>,
  }
  variant var { none-at-all, some-text(string), URL(rec), maybe(option<u8>), wide(s64) }
  enum color { red, dark-green, URL2 }
  flags perms { can-read, w, URL-x }
  resource my-URL-thing { constructor(); }
${ECHOES.map(({ name, wit }) => `  ${name}: func(value: ${wit}) -> ${wit};`).join("\n")}
  outcome: func(value: result<u8, var>) -> result<u8, var>;
  bare-outcome: func(value: result) -> result;
}
world echo { export shapes; }
`;

const SCRIPT = `const echo = (value) => value;
const outcome = (value) => { if (value.tag === "err") throw value.val; return value.val; };
class MyUrlThing {}
export const shapes = {
  MyUrlThing, outcome, bareOutcome: outcome,
  ${ECHOES.map(({ name }) => `${camelCase(name)}: echo`).join(", ")}
};
`;

let sandbox: Sandbox | undefined;

before(async () => {
  sandbox = await Sandbox.open(await worldGuest("echo", SCRIPT, WIT), { cache: TEST_CACHE });
});

after(() => sandbox?.close());

async function call(name: string, value: unknown): Promise<unknown> {
  return (await sandbox?.call(`test:echo/shapes#${name}`, [value]))?.value;
}

for (const { name, type, values } of ECHOES) {
  for (const wave of values) {
    test(`${name} echoes ${wave}`, async () => {
      const value = parseWave(wave, type);
      const returned = await call(name, value);
      // What comes back passes the same check, and means the same in both notations.
      assert.deepEqual(await call(name, returned), returned);
      assert.equal(printWave(returned, type), wave);
      assert.deepEqual(toJson(returned, type), toJson(value, type));
      assert.deepEqual(await call(name, parseJsonArgument(JSON.stringify(toJson(value, type)), type)), returned);
    });
  }
}

test("numeric lists come back as typed arrays, others as arrays", async () => {
  assert.ok((await call("l-u8", [1])) instanceof Uint8Array);
  assert.ok((await call("l-f32", [1])) instanceof Float32Array);
  assert.ok((await call("l-s64", [1n])) instanceof BigInt64Array);
  assert.deepEqual(await call("l-f32", [-0]), Float32Array.of(-0));
  assert.ok(Array.isArray(await call("l-char", ["a"])));
});

test("a result at the top returns the payload of ok; that of err is in the error", async () => {
  assert.equal(await call("outcome", { tag: "ok", val: 5 }), 5);
  const failed = await failsWith("guest-error", /./u, () =>
    call("outcome", { tag: "err", val: { tag: "some-text", val: "no" } }),
  );
  assert.deepEqual(failed.payload, { tag: "some-text", val: "no" });
  assert.equal(await call("bare-outcome", { tag: "ok" }), undefined);
  await failsWith("guest-error", /./u, () => call("bare-outcome", { tag: "err" }));
});

test("values out of range are refused before they are lowered", async () => {
  await failsWith("usage", /./u, () => call("tup", [200, 1, 1, 0, "x", 1]));
  await failsWith("usage", /./u, () => call("tup", [1, 70_000, 1, 0, "x", 1]));
  await failsWith("usage", /./u, () => call("tup", [1, 1, -1, 0, "x", 1]));
  await failsWith("usage", /./u, () => call("tup", [1, 1, 1, 0, "xyz", 1]));
});
