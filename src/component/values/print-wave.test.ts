import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CordonError } from "../../shared/errors.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { parseWave } from "./parse-wave.ts";
import { printWave } from "./print-wave.ts";
import { typedValue } from "./random-values.test.ts";

const u8: WitType = { kind: "u8" };
const text: WitType = { kind: "string" };
const option: WitType = { kind: "option", element: u8 };
const point: WitType = {
  kind: "record",
  fields: [
    { name: "x-pos", type: { kind: "s32" } },
    { name: "note", type: { kind: "option", element: text } },
  ],
};

const WRITTEN: readonly (readonly [WitType, unknown, string])[] = [
  [{ kind: "f64" }, Number.NaN, "nan"],
  [{ kind: "f64" }, Number.NEGATIVE_INFINITY, "-inf"],
  [{ kind: "f64" }, -0, "-0"],
  [{ kind: "f32" }, Math.fround(1.1), "1.1"],
  [{ kind: "char" }, "'", String.raw`'\''`],
  [{ kind: "char" }, '"', "'\"'"],
  [text, 'a "b"\n', String.raw`"a \"b\"\n"`],
  [text, "\u001b[31m\u202e\u0085", String.raw`"\u{1b}[31m\u{202e}\u{85}"`],
  [{ kind: "list", element: { kind: "u16" } }, Uint16Array.of(1, 2), "[1, 2]"],
  [{ kind: "tuple", elements: [u8, text] }, [1, "a"], '(1, "a")'],
  [point, { xPos: 1, note: "n" }, '{x-pos: 1, note: some("n")}'],
  [point, { xPos: 1 }, "{x-pos: 1}"],
  [{ kind: "record", fields: [{ name: "a", type: option }] }, {}, "{:}"],
  [{ kind: "variant", cases: [{ name: "err", type: u8 }] }, { tag: "err", val: 1 }, "%err(1)"],
  [{ kind: "enum", names: ["none"] }, "none", "%none"],
  [{ kind: "option", element: option }, { tag: "some", val: undefined }, "some(none)"],
  [{ kind: "result", err: text }, { tag: "ok" }, "ok"],
  [{ kind: "flags", names: ["can-read", "w"] }, { canRead: true }, "{can-read}"],
  [{ kind: "flags", names: ["w"] }, {}, "{}"],
  [{ kind: "map", key: text, value: u8 }, new Map([["a", 1]]), '[("a", 1)]'],
];

for (const [type, value, expected] of WRITTEN) {
  test(`prints ${expected}`, () => assert.equal(printWave(value, type), expected));
}

test("with indent, long values are broken and short ones stay on their line", () => {
  const list: WitType = { kind: "list", element: point };
  const points = Array.from({ length: 4 }, (_, index) => ({ xPos: index, note: "a note of some length" }));
  assert.equal(
    printWave(points, list, { indent: true }),
    `[\n${points.map(({ xPos }) => `  {x-pos: ${xPos}, note: some("a note of some length")}`).join(",\n")}\n]`,
  );
  const bytes = printWave(new Uint8Array(100), { kind: "list", element: u8 }, { indent: true }).split("\n");
  assert.ok(bytes.length < 10 && bytes.every((line) => line.length <= 101));
  assert.equal(printWave(points[0], point, { indent: true }), '{x-pos: 0, note: some("a note of some length")}');
});

function unsupported(error: unknown): boolean {
  return error instanceof CordonError && error.code === "unsupported";
}

test("what has no WAVE form is refused", () => {
  assert.throws(() => printWave({}, { kind: "own", resource: "r" }), unsupported);
  assert.throws(() => printWave("a b", { kind: "enum", names: ["a b"] }), unsupported);
  assert.throws(() => printWave(256, u8), unsupported);
});

test("random values come back from their text, which has nothing invisible", () => {
  fc.assert(
    fc.property(typedValue, fc.boolean(), ({ type, value }, indent) => {
      const wave = printWave(value, type, { indent });
      assert.deepEqual(parseWave(wave, type), value);
      assert.doesNotMatch(indent ? wave.replaceAll("\n", "") : wave, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 500 },
  );
});
