import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { failsWith } from "../../../test/support/errors.ts";
import { coreForm } from "./core-form.ts";
import { outlineOf } from "./outline.ts";

const formOf = async (text: string): Promise<unknown> => coreForm(outlineOf(await parse(text)));

const YIELD = '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))';
const MEMORY = '(memory (export "memory") 1)';
const START = '(func (export "_start"))';
const JSON_EXPORTS = `${MEMORY}
  (func (export "alloc") (param i32) (result i32) i32.const 0)
  (func (export "execute") (param i32 i32) (result i32) i32.const 0)`;

describe("the form of a core module", () => {
  const forms: readonly (readonly [string, string, unknown])[] = [
    ["a program", `${YIELD} ${MEMORY} ${START}`, { kind: "component", adapter: "command" }],
    ["a program that imports nothing", `${MEMORY} ${START}`, { kind: "component", adapter: "command" }],
    [
      "a library with _initialize",
      `${YIELD} ${MEMORY} (func (export "_initialize"))`,
      { kind: "component", adapter: "reactor" },
    ],
    ["a library without", `${YIELD} ${MEMORY}`, { kind: "component", adapter: "reactor" }],
    ["one that carries WIT", '(@custom "component-type:guest" "")', { kind: "component", adapter: "reactor" }],
    ["a program that carries WIT", `(@custom "component-type" "") ${START}`, { kind: "component", adapter: "command" }],
    ["a JSON module", JSON_EXPORTS, { kind: "json-abi" }],
    [
      "a JSON module with an import and _initialize",
      `(import "vak" "log" (func (param i32 i32 i32))) (func (export "_initialize")) ${JSON_EXPORTS}`,
      { kind: "json-abi" },
    ],
  ];
  for (const [what, fields, form] of forms) {
    test(what, async () => assert.deepEqual(await formOf(`(module ${fields})`), form));
  }

  const refused: readonly (readonly [string, string, "unsupported" | "invalid-component", RegExp])[] = [
    ["nothing known", '(func (export "add"))', "invalid-component", /core WebAssembly module, not a component/],
    ["nothing", "", "invalid-component", /wasm32-wasip1/],
    [
      "preview 0",
      `(import "wasi_unstable" "sched_yield" (func (result i32))) ${MEMORY} ${START}`,
      "unsupported",
      /imports wasi_unstable, which preceded/,
    ],
    [
      "an import of another module",
      `${YIELD} (import "env" "x" (func)) (import "\\u{202e}" "x" (func)) ${MEMORY} ${START}`,
      "unsupported",
      /imports from "env", "\\u\{202e\}", which is not provided/,
    ],
    ["both interfaces", `${YIELD} (import "vak" "log" (func)) ${JSON_EXPORTS}`, "unsupported", /from "vak"/],
    ["no memory", `${YIELD} ${START}`, "unsupported", /does not export its memory/],
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
      `(import "vak" "log" (func (param i32))) (import "vak" "exec" (func)) (import "vak" "fs_read" (global i32))
       (memory (export "memory") i64 1) (func (export "alloc")) (func (export "_initialize") (param i32))
       (func (export "execute") (param v128 externref) (result i64) i64.const 0)`,
      "unsupported",
      /64-bit addresses, its export alloc is \(\) -> \(\), not \(i32\) -> i32, its export execute is \(v128, externref\) -> i64, .* and 2 more; docs/,
    ],
    [
      "a JSON module with an unknown import",
      `(import "vak" "constructor" (func)) ${JSON_EXPORTS}`,
      "unsupported",
      /imports "vak\.constructor", which is not provided/,
    ],
    ["half a JSON module", '(import "vak" "log" (func (param i32 i32 i32)))', "unsupported", /export alloc is missing/],
    [
      "a JSON module with an import from elsewhere",
      `(import "env" "abort" (func)) ${JSON_EXPORTS}`,
      "unsupported",
      /imports "env\.abort", which is not provided/,
    ],
  ];
  for (const [what, fields, code, message] of refused) {
    test(`${what} is refused`, async () => {
      await failsWith(code, message, formOf(`(module ${fields})`));
    });
  }
});
