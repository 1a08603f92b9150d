/** Command programs in the text format: components of the `wasi:cli/command` world without a compiler's runtime in them. */
import { type CoreImport, coreComponent, lower, stdioImports } from "./wasi-text.ts";

const FUNCTIONS: readonly CoreImport[] = [
  ["get-stdout", lower(`(func $stdout "get-stdout")`), "(result i32)"],
  ["get-stdin", lower(`(func $stdin "get-stdin")`), "(result i32)"],
  ["write", lower(`(func $streams "[method]output-stream.blocking-write-and-flush")`), "(param i32 i32 i32 i32)"],
  ["read", lower(`(func $streams "[method]input-stream.blocking-read")`), "(param i32 i64 i32)"],
  ["drop-output", "canon resource.drop $output", "(param i32)"],
  ["drop-input", "canon resource.drop $input", "(param i32)"],
  ["exit", lower(`(func $exit "exit-with-code")`), "(param i32)"],
];

/** Gives out memory from 131,072 on, and takes none back. */
const ALLOCATOR = `(global $free (mut i32) (i32.const 131072))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free (i32.add (global.get $free) (local.get 3)))
      (local.get $at))`;

/**
 * A program whose \`run\` is the given core code. It can call $get-stdout, $get-stdin (-> handle), $write (stream, pointer,
 * length, result pointer), $read (stream, length, result pointer), $drop-output, $drop-input and $exit (code).
 *
 * @param data What lies in its memory from 1,024 on.
 */
export function commandText(body: string, { data = "", version = "0.2.12", locals = "" } = {}): string {
  return coreComponent({
    imports: `${stdioImports(version, ["blocking-write-and-flush", "blocking-read"])}
  (import "wasi:cli/exit@${version}" (instance $exit
    (export "exit" (func (param "status" (result))))
    (export "exit-with-code" (func (param "status-code" u8)))))`,
    functions: FUNCTIONS,
    pages: 4,
    allocator: ALLOCATOR,
    fields: `(data (i32.const 1024) ${JSON.stringify(data)})
    (func (export "run") (result i32) (local $out i32) (local $in i32) ${locals} ${body} (i32.const 0))`,
    exports: `(func $run (result (result)) (canon lift (core func $i "run")))
  (instance $run-interface (export "run" (func $run)))
  (export "wasi:cli/run@${version}" (instance $run-interface))`,
  });
}
