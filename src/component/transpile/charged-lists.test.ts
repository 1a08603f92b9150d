import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith } from "../../../test/support/errors.ts";
import { withChargedLists } from "./charged-lists.ts";

/** A list of booleans, as the transpiler has it lifted. */
const BOOLEANS = `
    var len1 = dataView(memory0).getUint32(ret + 4, true);
    var base1 = dataView(memory0).getUint32(ret + 0, true);
    if (base1 % 1 !== 0) throw new TypeError(\`list pointer [\${base1}] is not aligned to 1\`);
    var result1 = [];
    for (let i = 0; i < len1; i++) {
      const base = base1 + i * 1;
      var bool0 = dataView(memory0).getUint8(base + 0, true);
      result1.push(bool0 == 0 ? false : (bool0 == 1 ? true : throwInvalidBool()));
    }
    return result1;
`;

function chargeOf(glue: string): number {
  const [, charge = ""] = /_chargeList\(len\d+, (\d+), base\d+, \d+, memory0\);/.exec(withChargedLists(glue)) ?? [];
  return Number(charge);
}

/** The charge of a list whose elements are made by other lines. */
const made = (lines: string): number => chargeOf(BOOLEANS.replace(/result1\.push\([^\n]*/, lines));

test("a list is charged before the first of its elements is made", () => {
  const glue = withChargedLists(BOOLEANS);
  const [charge, list] = ["_chargeList(len1, ", "var result1 = [];"].map((text) => glue.indexOf(text));
  assert.ok(charge !== undefined && list !== undefined && charge > 0 && charge < list);
  assert.equal(glue.match(/_chargeList\(/g)?.length, 1);
});

test("lists within lists are charged each", () => {
  const inner = BOOLEANS.split("\n")
    .slice(1, -2)
    .map((line) => `  ${line}`.replaceAll("ret", "base"));
  const nested = `
    var result2 = [];
    for (let i = 0; i < len2; i++) {
      const base = base2 + i * 8;
${inner.join("\n").replaceAll(/^ {2}return.*$/gm, "")}
      result2.push(result1);
    }
`;
  const glue = withChargedLists(nested);
  assert.equal(glue.match(/_chargeList\(/g)?.length, 2);
  assert.match(glue, /\n {4}_chargeList\(len2, \d+, base2, 8, memory0\);\n {4}var result2/);
  assert.match(glue, /\n {6}_chargeList\(len1, \d+, base1, 1, memory0\);\n {6}var result1/);
});

test("what elements are made of counts: members, their names, texts of cases, and of cases the largest", () => {
  const plain = made("result1.push(1);");
  const one = made("result1.push({\n        a: 1,\n      });");
  const long = made("result1.push({\n        aLongerName: 1,\n      });");
  assert.ok(plain < one && one < long && plain < made("result1.push([1, 2]);"));
  const variant = (texts: readonly string[]): number =>
    made(
      `let v;\n      switch (x) {\n${texts.map((text, n) => `        case ${n}: {\n          v = '${text}';\n          break;\n        }`).join("\n")}\n      }`,
    );
  assert.equal(variant(["a", "bbbb"]), variant(["bbbb"]));
  assert.ok(variant(["a"]) < variant(["bbbb"]));
});

test("arguments of host functions are charged more than results", () => {
  const trampoline = `
  const _trampoline3 = function(arg0, arg1) {${BOOLEANS}  }
  _trampoline3.fnName = 't:t/t#f';
`;
  assert.ok(chargeOf(trampoline) > 2 * chargeOf(BOOLEANS));
  const after = withChargedLists(`${trampoline}${BOOLEANS}`);
  assert.equal(Number(/.*_chargeList\(len1, (\d+)/s.exec(after)?.[1]), chargeOf(BOOLEANS));
});

test("glue that makes lists in another way is refused", async () => {
  await failsWith("host", /makes lists in a way/, () => withChargedLists(BOOLEANS.replace("i++", "i += 1")));
  await failsWith("host", /makes lists in a way/, () =>
    withChargedLists("function _liftFlatList(meta) { return []; }"),
  );
  assert.equal(withChargedLists("return 1;"), "return 1;");
});
