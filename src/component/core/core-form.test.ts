import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../../../test/support/wasm-tools.ts";
import { failsWith } from "../../../test/support/errors.ts";
import type { CoreModuleShape } from "../../shared/plan/core-module.ts";
import { coreForm } from "./core-form.ts";
import { outlineOf } from "./outline.ts";

const formOf = async (text: string): Promise<CoreModuleShape> => coreForm(outlineOf(await parse(text)));

const YIELD = '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))';
const MEMORY = '(memory (export "memory") 1)';
const START = '(func (export "_start"))';
const JSON_EXPORTS = `${MEMORY}
  (func (export "alloc") (param i32) (result i32) i32.const 0)
  (func (export "execute") (param i32 i32) (result i32) i32.const 0)`;

/** Where a form is run as it is: what it is run as, its memory, and whether it is initialized. */
const core = (form: string, memory: number | undefined, initializes = false): unknown => ({
  form,
  memory,
  initializes,
});

describe("the form of a core module", () => {
  const forms: readonly (readonly [string, string, unknown])[] = [
    ["a program", `${YIELD} ${MEMORY} ${START}`, core("command", 0)],
    ["a program that imports nothing", `${MEMORY} ${START}`, core("command", 0)],
    ["a program without memory", START, core("command", undefined)],
    ["a program without memory whose imports need none", `${YIELD} ${START}`, core("command", undefined)],
    ["a program with an import of another module", `(import "env" "x" (func)) ${MEMORY} ${START}`, core("command", 0)],
    ["a program whose memory is its second", `(memory 1) ${MEMORY} ${START}`, core("command", 1)],
    ["a program that has an initializer too", `${MEMORY} ${START} (func (export "_initialize"))`, core("command", 0)],
    ["a library with _initialize", `${YIELD} ${MEMORY} (func (export "_initialize"))`, core("reactor", 0, true)],
    ["a library without", `${YIELD} ${MEMORY}`, core("reactor", 0)],
    ["a program that carries WIT", `(@custom "component-type" "") ${START}`, core("command", undefined)],
    ["a JSON module", JSON_EXPORTS, core("json", 0)],
    [
      "a JSON module with imports and _initialize",
      `(import "vak" "log" (func (param i32 i32 i32))) (import "env" "abort" (func)) (func (export "_initialize")) ${JSON_EXPORTS}`,
      core("json", 0, true),
    ],
    ["a JSON module that imports preview 1 too", `${YIELD} ${JSON_EXPORTS}`, core("json", 0)],
    [
      "a library with functions of the same names",
      `${YIELD} ${MEMORY} (func (export "alloc")) (func (export "execute"))`,
      core("reactor", 0),
    ],
    ["a program with functions of the same names", `${START} ${JSON_EXPORTS}`, core("command", 0)],
  ];
  for (const [what, fields, expected] of forms) {
    test(what, async () => {
      const form = await formOf(`(module ${fields})`);
      const { form: runAs, memory, initializes } = form;
      assert.deepEqual({ form: runAs, memory, initializes }, expected);
    });
  }

  test("its imports are those of the module, in its order", async () => {
    const form = await formOf(`(module
      (import "env" "f" (func (param i32 i64) (result f32 f64)))
      (import "constructor" "__proto__" (global i32))
      (import "env" "f" (memory 1)) ${YIELD} ${MEMORY} ${START})`);
    assert.deepEqual(form.imports, [
      { module: "env", name: "f", kind: "function", type: "(i32, i64) -> (f32, f64)" },
      { module: "constructor", name: "__proto__", kind: "global" },
      { module: "env", name: "f", kind: "memory" },
      { module: "wasi_snapshot_preview1", name: "sched_yield", kind: "function", type: "() -> i32" },
    ]);
    assert.equal(form.memory, 1);
  });

  const refused: readonly (readonly [string, string, "unsupported" | "invalid-component", RegExp])[] = [
    ["one that carries WIT", '(@custom "component-type:guest" "")', "unsupported", /wasm-tools component new/],
    ["nothing known", '(func (export "add"))', "invalid-component", /core WebAssembly module, not a component/],
    ["nothing", "", "invalid-component", /wasm32-wasip1/],
    [
      "preview 0",
      `(import "wasi_unstable" "sched_yield" (func (result i32))) ${MEMORY} ${START}`,
      "unsupported",
      /imports wasi_unstable, which preceded/,
    ],
    [
      "no memory, with imports that need one",
      `(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32))) ${START}`,
      "unsupported",
      /does not export its memory/,
    ],
    ["a memory that is a function", `${START} (func (export "memory"))`, "unsupported", /does not export its memory/],
    ["64-bit memory", `${YIELD} (memory (export "memory") i64 1) ${START}`, "unsupported", /64-bit addresses/],
    ["shared memory", `${YIELD} (memory (export "memory") 1 1 shared) ${START}`, "unsupported", /shared memory/],
    [
      "a start with parameters",
      `${MEMORY} (func (export "_start") (param i32))`,
      "unsupported",
      /_start is \(i32\) -> \(\), not \(\) -> \(\)/,
    ],
    ["garbage-collected types", `(type (struct)) ${MEMORY} ${START}`, "unsupported", /garbage-collected/],
    [
      "a JSON module of other types",
      `(import "vak" "log" (func (param i32)))
       (memory (export "memory") i64 1) (func (export "alloc")) (func (export "_initialize") (param i32))
       (func (export "execute") (param v128 externref) (result i64) i64.const 0)`,
      "unsupported",
      /64-bit addresses, its export alloc is \(\) -> \(\), not \(i32\) -> i32, its export execute is \(v128, externref\) -> i64, .*; docs/,
    ],
    ["half a JSON module", '(import "vak" "log" (func (param i32 i32 i32)))', "unsupported", /export alloc is missing/],
  ];
  for (const [what, fields, code, message] of refused) {
    test(`${what} is refused`, async () => {
      await failsWith(code, message, formOf(`(module ${fields})`));
    });
  }
});
