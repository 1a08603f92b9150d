/** Guests in the text format that call `wasi:io`, `wasi:clocks` and `wasi:random` as no library would. */

/** Pages of memory, of 64 KiB: room for more than 10 MB from 65,536 on. */
const PAGES = 200;

const IMPORTS = `
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error-type (type $e))
    (export "error" (type (eq $e)))
    (export "output-stream" (type $out (sub resource)))
    (export "input-stream" (type $in (sub resource)))
    (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.check-write"
      (func (param "self" (borrow $out)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.write-zeroes"
      (func (param "self" (borrow $out)) (param "len" u64) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output))
  (alias export $streams "input-stream" (type $input))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output (type $o)) (export "output-stream" (type (eq $o)))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $input (type $i)) (export "input-stream" (type (eq $i)))
    (export "get-stdin" (func (result (own $i))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p)) (export "pollable" (type (eq $p)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))`;

/** Each core function: its name, what it lowers, and its core type. */
const FUNCTIONS: readonly (readonly [string, string, string])[] = [
  ["poll", `(func $poll "poll")`, "(param i32 i32 i32)"],
  ["check-write", `(func $streams "[method]output-stream.check-write")`, "(param i32 i32)"],
  ["write", `(func $streams "[method]output-stream.write")`, "(param i32 i32 i32 i32)"],
  ["write-zeroes", `(func $streams "[method]output-stream.write-zeroes")`, "(param i32 i64 i32)"],
  ["write-flush", `(func $streams "[method]output-stream.blocking-write-and-flush")`, "(param i32 i32 i32 i32)"],
  ["read", `(func $streams "[method]input-stream.blocking-read")`, "(param i32 i64 i32)"],
  ["stdout", `(func $stdout "get-stdout")`, "(result i32)"],
  ["stdin", `(func $stdin "get-stdin")`, "(result i32)"],
  ["sleep", `(func $clock "subscribe-duration")`, "(param i64) (result i32)"],
  ["random", `(func $random "get-random-bytes")`, "(param i64 i32)"],
];

/**
 * A component whose `f` is the given core code, with the locals $a, $b and $c, and a u32 for a result. It calls the functions
 * above; results go to memory from 1,024 on, what the host passes from 65,536 on, each over the last.
 */
export function ioText(body: string): string {
  const lowered = FUNCTIONS.map(
    ([name, source]) =>
      `(core func $${name} (canon lower ${source} (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))`,
  );
  const imported = FUNCTIONS.map(([name, , type]) => `(import "host" "${name}" (func $${name} ${type}))`);
  const exported = FUNCTIONS.map(([name]) => `(export "${name}" (func $${name}))`);
  return `(component ${IMPORTS}
  (core module $libc
    (memory (export "memory") ${PAGES})
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $libc (instantiate $libc))
  ${lowered.join("\n  ")}
  (core module $m
    ${imported.join("\n    ")}
    (import "libc" "memory" (memory ${PAGES}))
    (func (export "f") (result i32) (local $a i32) (local $b i32) (local $c i32) ${body}))
  (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance ${exported.join(" ")}))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
}
