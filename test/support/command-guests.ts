/** Command programs in the text format: components of the `wasi:cli/command` world without a compiler's runtime in them. */

/** What a program's body may use: memory from 1,024 on, and the functions below. */
const PREAMBLE = (version: string): string => `
  (import "wasi:io/error@${version}" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@${version}" (instance $streams
    (alias outer 1 $error-type (type $e))
    (export "error" (type (eq $e)))
    (export "output-stream" (type $out (sub resource)))
    (export "input-stream" (type $in (sub resource)))
    (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output))
  (alias export $streams "input-stream" (type $input))
  (import "wasi:cli/stdout@${version}" (instance $stdout
    (alias outer 1 $output (type $o)) (export "output-stream" (type (eq $o)))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/stdin@${version}" (instance $stdin
    (alias outer 1 $input (type $i)) (export "input-stream" (type (eq $i)))
    (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/exit@${version}" (instance $exit
    (export "exit" (func (param "status" (result))))
    (export "exit-with-code" (func (param "status-code" u8)))))
  (core module $libc
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const 131072))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free (i32.add (global.get $free) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $libc "memory"))))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $drop-output (canon resource.drop $output))
  (core func $drop-input (canon resource.drop $input))
  (core func $exit (canon lower (func $exit "exit-with-code")))`;

/**
 * A program whose \`run\` is the given core code. It can call $get-stdout, $get-stdin (-> handle), $write (stream, pointer,
 * length, result pointer), $read (stream, length, result pointer), $drop-output, $drop-input and $exit (code).
 *
 * @param data What lies in its memory from 1,024 on.
 */
export function commandText(body: string, { data = "", version = "0.2.12", locals = "" } = {}): string {
  return `(component ${PREAMBLE(version)}
  (core module $m
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "get-stdin" (func $get-stdin (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "read" (func $read (param i32 i64 i32)))
    (import "host" "drop-output" (func $drop-output (param i32)))
    (import "host" "drop-input" (func $drop-input (param i32)))
    (import "host" "exit" (func $exit (param i32)))
    (import "libc" "memory" (memory 4))
    (data (i32.const 1024) ${JSON.stringify(data)})
    (func (export "run") (result i32) (local $out i32) (local $in i32) ${locals} ${body} (i32.const 0)))
  (core instance $i (instantiate $m
    (with "libc" (instance $libc))
    (with "host" (instance
      (export "get-stdout" (func $get-stdout)) (export "get-stdin" (func $get-stdin))
      (export "write" (func $write)) (export "read" (func $read))
      (export "drop-output" (func $drop-output)) (export "drop-input" (func $drop-input))
      (export "exit" (func $exit))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $run-interface (export "run" (func $run)))
  (export "wasi:cli/run@${version}" (instance $run-interface)))`;
}
