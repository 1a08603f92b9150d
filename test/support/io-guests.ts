/** Guests in the text format that call `wasi:io`, `wasi:clocks` and `wasi:random` as no library would. */
import { type CoreImport, coreComponent, lower, stdioImports } from "./wasi-text.ts";

const STREAMS = stdioImports("0.2.0", [
  "check-write",
  "write",
  "write-zeroes",
  "blocking-write-and-flush",
  "blocking-read",
]);

const IMPORTS = `
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  ${STREAMS}
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p)) (export "pollable" (type (eq $p)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))`;

const FUNCTIONS: readonly CoreImport[] = [
  ["poll", lower(`(func $poll "poll")`), "(param i32 i32 i32)"],
  ["check-write", lower(`(func $streams "[method]output-stream.check-write")`), "(param i32 i32)"],
  ["write", lower(`(func $streams "[method]output-stream.write")`), "(param i32 i32 i32 i32)"],
  ["write-zeroes", lower(`(func $streams "[method]output-stream.write-zeroes")`), "(param i32 i64 i32)"],
  ["write-flush", lower(`(func $streams "[method]output-stream.blocking-write-and-flush")`), "(param i32 i32 i32 i32)"],
  ["read", lower(`(func $streams "[method]input-stream.blocking-read")`), "(param i32 i64 i32)"],
  ["stdout", lower(`(func $stdout "get-stdout")`), "(result i32)"],
  ["stdin", lower(`(func $stdin "get-stdin")`), "(result i32)"],
  ["sleep", lower(`(func $clock "subscribe-duration")`), "(param i64) (result i32)"],
  ["random", lower(`(func $random "get-random-bytes")`), "(param i64 i32)"],
];

/**
 * A component whose `f` is the given core code, with the locals $a, $b and $c, and a u32 for a result. It calls the functions
 * above; results go to memory from 1,024 on, what the host passes from 65,536 on, each over the last, with room for more than 10 MB.
 */
export function ioText(body: string): string {
  return coreComponent({
    imports: IMPORTS,
    functions: FUNCTIONS,
    pages: 200,
    allocator: `(func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))`,
    fields: `(func (export "f") (result i32) (local $a i32) (local $b i32) (local $c i32) ${body})`,
    exports: `(func (export "f") (result u32) (canon lift (core func $i "f")))`,
  });
}
