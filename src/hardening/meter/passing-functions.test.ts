import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse, print } from "../../../test/support/wasm-tools.ts";
import { hardenedImports, makeGuard } from "../../../test/support/guard.ts";
import { compare } from "../../../test/support/hardening-differential.ts";
import { hardenModule } from "../harden-module.ts";

async function hardenedText(fields: string): Promise<string> {
  return print(hardenModule(await parse(`(module ${fields})`), { meter: true }).bytes);
}

/** What `f` gives, and the units it took. */
async function run(fields: string, ...parameters: readonly unknown[]): Promise<readonly [unknown, number]> {
  const hardened = hardenModule(await parse(`(module ${fields})`), { meter: true });
  const guard = makeGuard();
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(new Uint8Array(hardened.bytes)),
    hardenedImports(hardened, guard),
  );
  guard.track(exports);
  const before = guard.fuel;
  const value = (exports["f"] as (...parameters: readonly unknown[]) => unknown)(...parameters);
  return [value, before - guard.fuel];
}

const RESULTS: readonly (readonly [type: string, value: string])[] = [
  ["i64", "i64.const 7"],
  ["f32", "f32.const 7"],
  ["f64", "f64.const 7"],
  ["v128", "v128.const i32x4 1 2 3 4"],
  ["funcref", "ref.null func"],
  ["externref", "ref.null extern"],
];

/** Calls itself twice until its parameter is zero; the rest of its body comes after that. */
const TWICE = (rest: string, { result = "i32", locals = "" } = {}): string => `
  (func $twice (param $n i32) (result ${result}) ${locals}
    (if (local.get $n) (then
      (drop (call $twice (i32.sub (local.get $n) (i32.const 1))))
      (drop (call $twice (i32.sub (local.get $n) (i32.const 1))))))
    ${rest})
  (func (export "f") (param i32) (result ${result}) (call $twice (i32.const 6)))`;

/** Whether a function of the module, by its name, takes and gives the counter. */
async function isPassing(fields: string, name: string): Promise<boolean> {
  const line = (await hardenedText(fields)).split("\n").find((one) => one.includes(`(func $${name} `)) ?? "";
  assert.notEqual(line, "");
  const results = /\(result ([^)]*)\)/.exec(line)?.[1] ?? "";
  const parameters = line.match(/\(param [^)]*\)/g) ?? [];
  return parameters.at(-1)?.endsWith("i32)") === true && results.endsWith("i32") && parameters.length === 2;
}

describe("functions that are handed the counter", () => {
  test("are those that their module calls by name alone", async () => {
    const body = `(param $n f64) (if (f64.gt (local.get $n) (f64.const 0)) (then (call $r (f64.sub (local.get $n) (f64.const 1)))))`;
    const caller = `(func (export "f") (call $r (f64.const 5)))`;
    const itself = `(func $r ${body})`;
    assert.equal(await isPassing(`${itself} ${caller}`, "r"), true);
    assert.equal(await isPassing(`(export "r" (func $r)) ${itself}`, "r"), true);
    const others: Readonly<Record<string, string>> = {
      "in a table": `(table funcref (elem $r)) ${itself} ${caller}`,
      "referred to": `(elem declare func $r) ${itself} ${caller} (func (drop (ref.func $r)))`,
      "called last, too": `${itself} ${caller} (func (return_call $r (f64.const 1)))`,
      "in a module that catches exceptions": `${itself} ${caller} (func (block $b (try_table (catch_all $b))))`,
      "with a loop": `(func $r ${body} (loop)) ${caller}`,
    };
    for (const [what, fields] of Object.entries(others)) assert.equal(await isPassing(fields, "r"), false, what);
  });

  const CASES: Readonly<Record<string, string>> = {
    "results of each type": RESULTS.map(
      ([result, value], index) => `
        (func $r${index} (param i32) (result ${result})
          (if (local.get 0) (then (drop (call $r${index} (i32.sub (local.get 0) (i32.const 1))))))
          (${value}))
        (func (export "f${index}") (drop (call $r${index} (i32.const 5))))`,
    ).join(""),
    "locals of several types, the first of which moves": TWICE(
      `(local.set $a (i64.add (local.get $a) (i64.const 3))) (local.set $c (f64.const 2)) (local.set $b (i32.const 9))
       (local.set $a (i64.add (local.get $a) (i64.extend_i32_u (local.get $b))))
       (i32.add (i32.wrap_i64 (local.get $a)) (i32.trunc_f64_s (local.get $c)))`,
      { locals: "(local $a i64) (local $b i32) (local $c f64)" },
    ),
    "many locals of one type": TWICE(
      `(local.set 1 (i32.const 1)) (local.set 2 (i32.const 2)) (local.set 40 (i32.const 40)) (local.tee 1 (i32.add (local.get 1) (i32.add (local.get 2) (local.get 40))))`,
      { locals: `(local ${"i32 ".repeat(40)})` },
    ),
    returns: TWICE(`(if (i32.eq (local.get $n) (i32.const 3)) (then (return (i32.const 5)))) (i32.const 1)`),
    "branches to its label": TWICE(
      `(br_if 0 (i32.const 4) (i32.eq (local.get $n) (i32.const 2))) (drop)
       (block (result i32) (br_table 0 1 0 (i32.const 8) (i32.const 1)) (unreachable))`,
    ),
    "dead code that calls, returns and branches": TWICE(
      `(if (i32.eq (local.get $n) (i32.const 9)) (then
         (unreachable) (i64.const 1) (drop) (call $twice) (drop) (i32.const 3) (return)
         (br 1 (i32.const 3)) (br_if 1 (unreachable)) (drop) (br_table 1 1)))
       (i32.const 1)`,
    ),
    "dead code after a return": TWICE(
      `(return (i32.const 2)) (call $twice) (local.set $a) (local.get $a) (return) (i32.const 1)`,
      { locals: "(local $a i32)" },
    ),
    "calls of the host in between": `(import "fuzz" "log" (func $log (param i32))) ${TWICE(
      `(call $log (local.get $n)) (if (local.get $n) (then (drop (call $twice (i32.const 0)))))
       (call $log (i32.const 1)) (i32.const 1)`,
    )}`,
    "the host last, and then a return": `(import "fuzz" "log" (func $log (param i32) (result i32))) ${TWICE(
      "(if (local.get $n) (then (return (call $log (i32.const 1))))) (call $log (i32.const 2))",
    )}`,
    "memory that grows and is filled": `(memory 1 9) ${TWICE(
      "(drop (memory.grow (i32.const 1))) (memory.fill (i32.const 0) (local.get $n) (i32.const 9)) (i32.load (i32.const 0))",
    )}`,
    "no result": `(global $sum (mut i32) (i32.const 0)) (func $r (param i32) (local i32)
        (local.set 1 (i32.mul (local.get 0) (i32.const 3))) (global.set $sum (i32.add (global.get $sum) (local.get 1)))
        (if (i32.eqz (local.get 0)) (then (return))) (call $r (i32.sub (local.get 0) (i32.const 1))) (br 0))
      (func (export "f") (param i32) (result i32) (call $r (i32.const 20)) (global.get $sum))`,
    "exported, and called by others too": `(func $fib (export "f") (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
        (then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func (export "g") (result i32) (call $fib (i32.const 9)))`,
    "called from a loop, and from what works on the global": `${TWICE("(i32.const 1)")}
      (func (export "loops") (result i32) (local i32 i32) (loop $l (local.set 1 (i32.add (local.get 1) (call $twice (i32.const 2))))
        (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5)))) (local.get 1))
      (func (export "once") (result i32) (call $twice (i32.const 1)))`,
  };
  for (const [what, fields] of Object.entries(CASES)) {
    test(`do the same: ${what}`, async () => assert.equal(compare(await parse(`(module ${fields})`)), "same"));
  }

  test("give back what is left, however deep they go", async () => {
    const fields = TWICE("(i32.const 1)");
    const [value, fuel] = await run(fields, 0);
    assert.equal(value, 1);
    // 127 of them ran, 63 of which called others.
    assert.ok(fuel > 63 * 10 && fuel < 63 * 20, `${fuel}`);
    assert.deepEqual(await run(fields, 0), [value, fuel]);
  });

  test("lose nothing to an exception that is caught", async () => {
    const [, fuel] = await run(
      `(tag $e) (func $deep (param i32) (if (i32.eqz (local.get 0)) (then (throw $e)))
         (call $deep (i32.sub (local.get 0) (i32.const 1))) (drop (i32.const 1)))
       (func (export "f") (result i32) (local i32)
         (loop $again
           (block $caught (try_table (catch $e $caught) (call $deep (i32.const 1000))))
           (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 50))))
         (local.get 0))`,
    );
    assert.ok(fuel > 50 * 1000 * 5, `${fuel}`);
  });

  // Weakening: a function that throws is charged by those who call it, who keep the counter in a local.
  test("lose nothing to a small function that throws", async () => {
    const loop = "(loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))";
    const [, fuel] = await run(
      `(tag $e) (func $throw (throw $e)) (func $work (param i32) ${loop} (call $throw))
       (func (export "f") (result i32) (local i32)
         (loop $again
           (block $caught (try_table (catch $e $caught) (call $work (i32.const 1000))))
           (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 50))))
         (local.get 0))`,
    );
    assert.ok(fuel > 50 * 1000 * 3, `${fuel}`);
  });

  // Weakening: what code refers to is exported under another index all the same.
  test("stay what they are where they are referred to, for which being exported is enough", async () => {
    const fields = `(table 1 funcref) (type $t (func (param i32) (result i32)))
      (func $r (export "r") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.add (i32.const 2) (call $r (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
      (func (export "f") (result i32) (table.set (i32.const 0) (ref.func $r))
        (i32.add (call $r (i32.const 3)) (call_indirect (type $t) (i32.const 4) (i32.const 0))))`;
    assert.equal((await run(fields))[0], 14);
    assert.equal(compare(await parse(`(module ${fields})`)), "same");
  });

  test("may have names that are none: engines do not read them", async () => {
    const module = await parse(`(module ${TWICE("(i32.const 1)", { locals: "(local i32)" })})`);
    // A section named "name", with names of locals that end too early.
    const cut = [0, 9, 4, ...Buffer.from("name"), 2, 2, 5, 0];
    assert.equal(compare(Uint8Array.of(...module, ...cut)), "same");
  });

  test("keep the names of their locals", async () => {
    const text = await hardenedText(
      TWICE("(local.set $first (i32.const 1)) (local.set $second (i64.const 1)) (local.get $first)", {
        locals: "(local $first i32) (local $second i64)",
      }),
    );
    assert.match(text, /local\.set \$first/);
    assert.match(text, /local\.set \$second/);
    assert.match(text, /\(local \$second i64\) \(local \$first i32\)/);
  });
});
