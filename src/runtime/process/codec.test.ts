import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decode, encode, encodeUncopied } from "./codec.ts";
import { anyText } from "../../../test/support/any-text.ts";

const BUDGET = 1024 * 1024;

const scalars = fc.oneof(
  fc.constant(undefined),
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 64n) + 1n, max: 2n ** 64n - 1n }),
  anyText(),
  fc.string({ unit: fc.constantFrom("\ud800", "\udfff", "a", "\u00e9", "\u4e16") }),
  fc.uint8Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.uint16Array(),
);

const values = fc.letrec<{ readonly value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalars,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ maxLength: 4 }).filter((key) => key !== "__proto__"),
      tie("value"),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
    fc.array(fc.tuple(fc.string({ maxLength: 4 }), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;

test("what is written is read again", () => {
  fc.assert(
    fc.property(values, (value) => assert.deepEqual(decode(encode(value), BUDGET), value)),
    { numRuns: 300 },
  );
});

test("any bytes at all are read as plain data, or refused by a coded error", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    values.map((value) => Uint8Array.from(encode(value))),
  );
  fc.assert(
    fc.property(bytes, fc.nat(), fc.nat({ max: 255 }), (given, at, byte) => {
      const changed = Buffer.from(given);
      if (changed.length > 0) changed[at % changed.length] = byte;
      try {
        decode(changed, BUDGET);
      } catch (thrown) {
        assert.match(String(thrown), /^CordonError: Cannot read a message of a guest process/);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a value over the budget is refused before anything is made for it", () => {
  assert.throws(() => decode(encode("x".repeat(2_000)), 1_000), /larger than it may be/);
  assert.throws(() => decode(encode(Array.from({ length: 200 })), 1_000), /larger than it may be/);
  assert.throws(() => decode(encode(new Uint8Array(2_000)), 1_000), /larger than it may be/);
  // A count of members that cannot be there.
  assert.throws(() => decode(Buffer.from([11, 0xff, 0xff, 0xff, 0xff, 0x0f]), BUDGET), /ends too early/);
});

test("nothing but plain data comes of it", () => {
  const bytes = encode({ __prot__: 1 });
  const altered = Buffer.from(bytes.toString("latin1").replace("\u0008__prot__", "\u0009__proto__"), "latin1");
  assert.throws(() => decode(altered, BUDGET), /no record has/);
  const read = decode(encode({ constructor: 1, toString: 2 }), BUDGET) as object;
  assert.equal(Object.getPrototypeOf(read), Object.prototype);
  assert.deepEqual(Object.keys(read), ["constructor", "toString"]);
  let nested: unknown = 1;
  for (let depth = 0; depth < 300; depth++) nested = [nested];
  assert.throws(() => encode(nested), /nested too deeply/);
  assert.throws(
    () => decode(Buffer.concat([Buffer.alloc(600, Buffer.from([11, 1])), Buffer.from([0])]), BUDGET),
    /nested too deeply/,
  );
});

test("what is no plain data is not written", () => {
  for (const value of [
    () => 1,
    Symbol("s"),
    new Date(),
    new (class Own {})(),
    new DataView(new ArrayBuffer(1)),
    new Set(),
  ]) {
    assert.throws(() => encode([value]), TypeError);
  }
});

test("large lists that are not copied make the same message", () => {
  const large = new Uint8Array(200_000).map((_, index) => index);
  const value = { a: [large, new Float64Array(10_000).fill(1.5), "b"], c: large.subarray(7) };
  const parts = encodeUncopied(value);
  assert.ok(Buffer.concat(parts).equals(encode(value)));
  assert.ok(parts.some(({ buffer }) => buffer === large.buffer));
});
