import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CordonError } from "../../shared/errors.ts";
import type { WitFunction, WitType } from "../../shared/wit/wit.ts";
import { checkArguments, normalizeArguments } from "./check-value.ts";
import { typedValue } from "./random-values.test.ts";

function taking(...types: readonly WitType[]): WitFunction {
  return { name: "f", parameters: types.map((type, index) => ({ name: `p${index}`, type })), async: false };
}

function accepts(type: WitType, value: unknown): void {
  assert.deepEqual(checkArguments(taking(type), [value]), []);
}

function refuses(type: WitType, value: unknown, path: string, expected: string, found: RegExp): void {
  const problems = checkArguments(taking(type), [value]);
  assert.equal(problems.length, 1, JSON.stringify(problems));
  assert.equal(problems[0]?.path, path);
  assert.equal(problems[0]?.expected, expected);
  assert.match(problems[0]?.found ?? "", found);
}

const u8: WitType = { kind: "u8" };
const u64: WitType = { kind: "u64" };
const text: WitType = { kind: "string" };
const point: WitType = {
  kind: "record",
  fields: [
    { name: "x-pos", type: { kind: "s32" } },
    { name: "to-string", type: { kind: "option", element: text } },
  ],
};
const POINT = "record { x-pos: s32, to-string: option<string> }";
const shape: WitType = { kind: "variant", cases: [{ name: "none-at-all" }, { name: "circle", type: u8 }] };
const SHAPE = "variant { none-at-all, circle(u8) }";
const flags: WitType = { kind: "flags", names: ["can-read", "w"] };

test("integers are checked against their range", () => {
  accepts(u8, 0);
  accepts(u8, 255);
  accepts({ kind: "s8" }, -128);
  accepts({ kind: "u32" }, 4_294_967_295);
  accepts(u64, 2n ** 64n - 1n);
  accepts({ kind: "s64" }, -(2n ** 63n));
  refuses(u8, 256, "p0", "u8", /^number 256$/);
  refuses(u8, 1.5, "p0", "u8", /^number 1.5$/);
  refuses(u8, Number.NaN, "p0", "u8", /^number NaN$/);
  refuses(u8, "1", "p0", "u8", /^string "1"$/);
  refuses(u8, 1n, "p0", "u8", /^bigint 1$/);
  refuses(u64, 2n ** 64n, "p0", "u64", /^bigint 18446744073709551616$/);
  refuses(u64, 10n ** 500n, "p0", "u64", /^a bigint of more than 80 bits$/);
  refuses(u64, 5, "p0", "u64", /^number 5$/);
});

test("text is one scalar value for char and well-formed for string", () => {
  accepts({ kind: "char" }, "😀");
  accepts(text, "");
  refuses({ kind: "char" }, "ab", "p0", "char", /not one Unicode scalar value/);
  refuses({ kind: "char" }, "", "p0", "char", /not one/);
  refuses({ kind: "char" }, "\ud800", "p0", "char", /not one/);
  refuses(text, "a\udc00", "p0", "string", /lone surrogate/);
  refuses(text, "\u001b[2J\udc00", "p0", "string", /^string "\\u\{1b\}\[2J/);
});

test("floats are numbers, also the special ones", () => {
  for (const value of [0.1, Number.NaN, Number.POSITIVE_INFINITY]) accepts({ kind: "f32" }, value);
  refuses({ kind: "f64" }, "0.1", "p0", "f64", /string/);
});

test("a list takes arrays, and the typed array of its elements", () => {
  const list: WitType = { kind: "list", element: u8 };
  accepts(list, [1, 2]);
  accepts(list, Buffer.from("hi"));
  accepts({ kind: "list", element: u64 }, new BigUint64Array(2));
  refuses(list, new Int8Array(1), "p0", "list<u8>", /Int8Array/);
  refuses(list, new DataView(new ArrayBuffer(1)), "p0", "list<u8>", /object/);
  refuses(list, "ab", "p0", "list<u8>", /string/);
  refuses(list, [1, 300], "p0[1]", "u8", /300/);
  // oxlint-disable-next-line no-sparse-arrays
  refuses(list, [1, , 2], "p0[1]", "u8", /a hole/);
  refuses({ kind: "list", element: u8, length: 2 }, [1], "p0", "list<u8, 2>", /array of 1/);
  refuses({ kind: "list", element: u8, length: 2 }, new Uint8Array(3), "p0", "list<u8, 2>", /Uint8Array of 3/);
  const moved = new Uint8Array(2);
  moved.buffer.transfer();
  refuses(list, moved, "p0", "list<u8>", /Uint8Array/);
  const shrunk = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 8 }), 4, 4);
  shrunk.buffer.resize(4);
  refuses(list, shrunk, "p0", "list<u8>", /Uint8Array/);
});

test("a record takes its own camelCase keys and no others", () => {
  accepts(point, { xPos: 1 });
  accepts(point, { xPos: 1, toString: "a" });
  accepts(point, { xPos: 1, toString: undefined });
  refuses(point, {}, "p0.x-pos", "s32", /no such key/);
  refuses(point, Object.create({ xPos: 1 }) as unknown, "p0", POINT, /an object/);
  refuses(point, new Date(), "p0", POINT, /an object/);
  refuses(point, { xPos: 1, xpso: 1 }, "p0", POINT, /unknown key "xpso", did you mean "xPos"\?/);
  refuses(point, { xPos: 1, ["__proto__"]: 1 }, "p0", POINT, /unknown key "__proto__"/);
  const kebab = checkArguments(taking(point), [{ "x-pos": 1 }]);
  assert.deepEqual(
    kebab.map(({ found }) => found),
    ['the unknown key "x-pos", did you mean "xPos"?', "no such key"],
  );
});

test("variants, results and enums know their cases", () => {
  accepts(shape, { tag: "none-at-all" });
  accepts(shape, { tag: "none-at-all", val: undefined });
  accepts(shape, { tag: "circle", val: 1 });
  refuses(shape, "none-at-all", "p0", SHAPE, /instead of \{ tag, val \}/);
  refuses(shape, { tag: "circel", val: 1 }, "p0", SHAPE, /did you mean "circle"/);
  refuses(shape, { tag: "circle" }, "p0.circle", "u8", /undefined/);
  refuses(shape, { tag: "none-at-all", val: 1 }, "p0.none-at-all", SHAPE, /without a payload/);
  refuses(shape, { tag: "circle", val: 1, extra: 1 }, "p0", SHAPE, /unknown key "extra"/);
  refuses(shape, { tag: 1 }, "p0", SHAPE, /tag is no string/);
  accepts({ kind: "result", ok: u8 }, { tag: "err" });
  refuses({ kind: "result", ok: u8 }, { tag: "ok", val: 256 }, "p0.ok", "u8", /256/);
  accepts({ kind: "enum", names: ["red", "green"] }, "red");
  refuses({ kind: "enum", names: ["red", "green"] }, "gren", "p0", "enum { red, green }", /did you mean "green"/);
});

test("options are undefined or null, and tagged where undefined would be ambiguous", () => {
  const option: WitType = { kind: "option", element: u8 };
  const twice: WitType = { kind: "option", element: option };
  const thrice: WitType = { kind: "option", element: twice };
  for (const value of [undefined, null, 1]) accepts(option, value);
  for (const value of [{ tag: "none" }, { tag: "some" }, { tag: "some", val: 1 }]) accepts(twice, value);
  for (const value of [undefined, { tag: "none" }, { tag: "some", val: 1 }]) accepts(thrice, value);
  refuses(twice, undefined, "p0", "option<option<u8>>", /undefined/);
  refuses(twice, 1, "p0", "option<option<u8>>", /number 1/);
  refuses(option, "1", "p0", "u8", /string/);
});

test("flags are an object of booleans", () => {
  accepts(flags, {});
  accepts(flags, { canRead: true, w: false });
  refuses(flags, { canRead: 1 }, "p0.can-read", "bool", /number 1/);
  refuses(flags, ["w"], "p0", "flags { can-read, w }", /array/);
});

test("a map is a Map", () => {
  const map: WitType = { kind: "map", key: text, value: u8 };
  accepts(map, new Map([["a", 1]]));
  refuses(map, { a: 1 }, "p0", "map<string, u8>", /instead of a Map/);
  refuses(map, new Map([["a", 300]]), "p0[0].value", "u8", /300/);
});

test("handles cannot be passed, but an option of one can be absent", () => {
  const handle: WitType = { kind: "own", resource: "descriptor" };
  refuses(handle, {}, "p0", "descriptor", /cannot be passed/);
  refuses({ kind: "stream" }, [], "p0", "stream", /cannot be passed/);
  accepts({ kind: "option", element: handle }, undefined);
});

test("fields that JavaScript cannot tell apart are refused", () => {
  const twins: WitType = {
    kind: "record",
    fields: [
      { name: "a-1b", type: u8 },
      { name: "a1b", type: u8 },
    ],
  };
  refuses(twins, { a1b: 1 }, "p0", "record { a-1b: u8, a1b: u8 }", /cannot tell apart: "a-1b" and "a1b"/);
});

test("a wrong number of arguments is one problem that names the parameters", () => {
  const fn: WitFunction = {
    name: "f",
    parameters: [
      { name: "path", type: text },
      { name: "size", type: u8 },
    ],
    async: false,
  };
  assert.deepEqual(checkArguments(fn, ["a"]), [
    { path: "arguments", expected: "2 arguments (path: string, size: u8)", found: "1 argument" },
  ]);
  assert.deepEqual(checkArguments(taking(), []), []);
  assert.equal(checkArguments(taking(), [1])[0]?.expected, "no arguments ()");
});

test("all problems are reported, up to twenty", () => {
  const fn = taking(u8, text, { kind: "list", element: u8 });
  assert.deepEqual(
    checkArguments(fn, [-1, 0, [1, 999, "x"]]).map(({ path }) => path),
    ["p0", "p1", "p2[1]", "p2[2]"],
  );
  assert.equal(checkArguments(fn, [-1, 0, Array.from({ length: 1000 }, () => -1)]).length, 20);
  const sparse: unknown[] = [];
  sparse.length = 4_000_000_000;
  assert.equal(checkArguments(fn, [0, "", sparse]).length, 20);
});

test("getters, proxies and cycles never run or throw", () => {
  let ran = 0;
  const trap = (): never => {
    ran += 1;
    throw new Error("ran");
  };
  const hostile = new Proxy(
    {},
    { get: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap },
  );
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  const getter = Object.defineProperty({ xPos: 1 }, "toString", { get: trap, enumerable: true });
  const list = Object.defineProperty([1, 2], "1", { get: trap });
  const onProxy = Object.create(hostile) as unknown;
  const types: readonly WitType[] = [
    u8,
    text,
    point,
    shape,
    flags,
    { kind: "list", element: u8 },
    { kind: "map", key: text, value: u8 },
  ];
  for (const type of types) {
    for (const value of [hostile, revoked.proxy, getter, list, onProxy, Symbol("s"), trap]) {
      assert.ok(checkArguments(taking(type), [value]).length > 0);
    }
  }
  assert.ok(checkArguments(taking(u8), hostile as unknown as unknown[]).length > 0);
  assert.ok(checkArguments(taking(u8), Object.defineProperty([0], "0", { get: trap })).length > 0);
  assert.equal(ran, 0);
});

test("types and values that nest too deeply are refused", () => {
  let type: WitType = u8;
  let value: unknown = 1;
  for (let depth = 0; depth < 5_000; depth += 1) {
    type = { kind: "list", element: type };
    value = [value];
  }
  assert.match(checkArguments(taking(type), [value])[0]?.found ?? "", /too deeply/);
});

test("normalizing copies, completes and widens", () => {
  const bytes = Uint8Array.of(1, 2);
  const given = { "x-pos": 5 };
  const fn = taking(
    u64,
    { kind: "s64" },
    point,
    flags,
    { kind: "list", element: u8 },
    { kind: "list", element: u8 },
    { kind: "option", element: u8 },
  );
  const values: unknown[] = normalizeArguments(fn, [7, -7n, given, { "can-read": true }, bytes, [3], null]);
  const expected: unknown[] = [
    7n,
    -7n,
    { xPos: 5, toString: undefined },
    { canRead: true, w: false },
    Uint8Array.of(1, 2),
    Uint8Array.of(3),
    undefined,
  ];
  assert.deepEqual(values, expected);
  assert.ok(Object.hasOwn(values[2] as object, "toString"));
  assert.notEqual(values[4], bytes);
});

function attempt(value: unknown): () => unknown {
  return () => normalizeArguments(taking(u64, point), [value, { xPos: 1, "x-pos": 2 }]);
}

test("normalizing refuses what is not of its type, with everything on one line", () => {
  assert.throws(attempt(2 ** 60), (error) => {
    assert.ok(error instanceof CordonError);
    assert.equal(error.code, "usage");
    assert.equal(
      error.message,
      `Cannot call "f": p0: expected u64, found number ${2 ** 60}; p1: expected ${POINT}, found the key "x-pos" twice, in two spellings`,
    );
    return true;
  });
  assert.throws(attempt(-1), /expected u64, found number -1/);
});

test("random values of random types are accepted and copied as they are", () => {
  fc.assert(
    fc.property(typedValue, ({ type, value }) => {
      assert.deepEqual(checkArguments(taking(type), [value]), []);
      assert.deepEqual(normalizeArguments(taking(type), [value]), [value]);
    }),
    { numRuns: 300 },
  );
});

/** The value with the `at`-th leaf (counted depth first) replaced by something of no WIT type. */
function mutate(value: unknown, at: number): unknown {
  let seen = -1;
  const visit = (part: unknown): unknown => {
    if (Array.isArray(part) && part.length > 0) return part.map(visit);
    if (part instanceof Map && part.size > 0) return new Map([...part].map(([key, item]) => [key, visit(item)]));
    if (typeof part === "object" && part !== null && !ArrayBuffer.isView(part) && Object.keys(part).length > 0) {
      return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, visit(item)]));
    }
    seen += 1;
    return seen === at ? Symbol("of no type") : part;
  };
  const whole = visit(value);
  return seen < at ? Symbol("of no type") : whole;
}

test("random values with one part spoiled are refused", () => {
  fc.assert(
    fc.property(typedValue, fc.nat({ max: 6 }), ({ type, value }, at) => {
      const spoiled = mutate(value, at);
      assert.equal(checkArguments(taking(type), [spoiled]).length, 1);
      assert.throws(() => normalizeArguments(taking(type), [spoiled]), CordonError);
    }),
    { numRuns: 300 },
  );
});

test("anything at all is checked without an exception", () => {
  fc.assert(
    fc.property(
      typedValue,
      fc.anything({ withBigInt: true, withMap: true, withTypedArray: true }),
      ({ type }, value) => {
        assert.ok(Array.isArray(checkArguments(taking(type), [value])));
      },
    ),
    { numRuns: 300 },
  );
});
