/** Programs of WASI preview 1 in the text format. */
import { coreTypesOf } from "../../src/shared/plan/core-module.ts";
import { PREVIEW1 } from "../../src/host/preview1/preview1.ts";

/** Where reports are gathered, and where scratch space for vectors and results is. */
const [REPORTS, SCRATCH] = [512, 256];

/**
 * A program whose `_start` has the given body. Functions of preview 1 are imported that it names, such as `$fd_write`. `$report`
 * notes the low byte of a number, and `$say` writes bytes to stdout: an address and a length. What was reported is written to stdout
 * at the end. Addresses below 1,024 are the harness's.
 */
export function preview1Program(
  body: string,
  {
    fields = "",
    locals = "",
    pages = "1",
    imports = "",
  }: Partial<Record<"fields" | "locals" | "pages" | "imports", string>> = {},
): string {
  const named = PREVIEW1.functions.filter(
    ({ name }) => name === "fd_write" || new RegExp(`\\$${name}\\b`).test(`${body}${fields}`),
  );
  return `(module
    ${named.map(({ name, type }) => imported(name, type)).join("\n    ")}
    ${imports}
    (memory (export "memory") ${pages})
    (global $reported (mut i32) (i32.const 0))
    (func $report (param $value i32)
      (i32.store8 offset=${REPORTS} (global.get $reported) (local.get $value))
      (global.set $reported (i32.add (global.get $reported) (i32.const 1))))
    (func $say (param $at i32) (param $length i32)
      (i32.store (i32.const ${SCRATCH}) (local.get $at))
      (i32.store (i32.const ${SCRATCH + 4}) (local.get $length))
      (drop (call $fd_write (i32.const 1) (i32.const ${SCRATCH}) (i32.const 1) (i32.const ${SCRATCH + 8}))))
    ${fields}
    (func $main ${locals} ${body})
    (func (export "_start")
      (call $main)
      (call $say (i32.const ${REPORTS}) (global.get $reported))))`;
}

function imported(name: string, type: string): string {
  const { parameters = [], results = [] } = coreTypesOf(type) ?? {};
  const taken = parameters.length === 0 ? "" : ` (param ${parameters.join(" ")})`;
  const given = results.length === 0 ? "" : ` (result ${results.join(" ")})`;
  return `(import "wasi_snapshot_preview1" "${name}" (func $${name}${taken}${given}))`;
}

/** Does something, and goes on whatever is thrown at it. */
export function swallowed(code: string): string {
  return `(block $caught (try_table (catch_all $caught) ${code}))`;
}
