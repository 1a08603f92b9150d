/** Guests of a few hundred instructions that use `wasi:http` themselves, with no language's runtime between. */
import { coreGuest } from "./guests.ts";

/** What the serving guest answers, and the bare servers too. */
export const ANSWER = "Hello from the guest.\n";

/** `requests` makes GET requests of `/` one after the other, reads each answer to its end, and returns the nanoseconds. */
export function leanHttpClient(): Promise<string> {
  return coreGuest("http-client", CLIENT_WORLD, CLIENT);
}

/** Answers every request with 200 and {@link ANSWER}. */
export function leanHttpServer(): Promise<string> {
  return coreGuest("http-server", "export wasi:http/incoming-handler@0.2.12;", SERVER);
}

const MEMORY = `(memory (export "memory") 2)
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $must (if (i32.load8_u (i32.const 16)) (then unreachable)))`;

const CLIENT_WORLD = `import wasi:clocks/monotonic-clock@0.2.12; import wasi:io/poll@0.2.12; import wasi:io/streams@0.2.12;
  import wasi:http/types@0.2.12; import wasi:http/outgoing-handler@0.2.12;
  export requests: func(authority: string, rounds: u32) -> u64;`;

const CLIENT = `(module
  (import "wasi:clocks/monotonic-clock@0.2.12" "now" (func $now (result i64)))
  (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.12" "[resource-drop]pollable" (func $drop-pollable (param i32)))
  (import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.12" "[resource-drop]input-stream" (func $drop-stream (param i32)))
  (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-scheme"
    (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-authority"
    (func $set-authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.12" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[resource-drop]future-incoming-response" (func $drop-future (param i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-response.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[resource-drop]incoming-response" (func $drop-response (param i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[resource-drop]incoming-body" (func $drop-body (param i32)))
  ${MEMORY}
  (func $exchange (param $at i32) (param $length i32)
    (local $request i32) (local $future i32) (local $pollable i32) (local $response i32) (local $body i32) (local $stream i32)
    (local.set $request (call $request (call $fields)))
    (if (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)) (then unreachable))
    (if (call $set-authority (local.get $request) (i32.const 1) (local.get $at) (local.get $length)) (then unreachable))
    (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 16)) (call $must)
    (local.set $future (i32.load (i32.const 24)))
    (local.set $pollable (call $subscribe (local.get $future)))
    (call $block (local.get $pollable))
    (call $drop-pollable (local.get $pollable))
    (call $get (local.get $future) (i32.const 64))
    (if (i32.ne (i32.const 1) (i32.load8_u (i32.const 64))) (then unreachable))
    (if (i32.or (i32.load8_u (i32.const 72)) (i32.load8_u (i32.const 80))) (then unreachable))
    (local.set $response (i32.load (i32.const 88)))
    (call $consume (local.get $response) (i32.const 16)) (call $must)
    (local.set $body (i32.load (i32.const 20)))
    (call $stream (local.get $body) (i32.const 16)) (call $must)
    (local.set $stream (i32.load (i32.const 20)))
    (loop $more
      (call $read (local.get $stream) (i64.const 4096) (i32.const 16))
      (br_if $more (i32.eqz (i32.load8_u (i32.const 16)))))
    ;; The stream ends with "closed", and not with a failure.
    (if (i32.ne (i32.const 1) (i32.load8_u (i32.const 20))) (then unreachable))
    (call $drop-stream (local.get $stream))
    (call $drop-body (local.get $body))
    (call $drop-response (local.get $response))
    (call $drop-future (local.get $future)))
  (func (export "requests") (param $at i32) (param $length i32) (param $rounds i32) (result i64)
    (local $since i64) (local $heap i32)
    (local.set $heap (global.get $free))
    (local.set $since (call $now))
    (loop $again
      (global.set $free (local.get $heap))
      (call $exchange (local.get $at) (local.get $length))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (i64.sub (call $now) (local.get $since))))`;

const SERVER = `(module
  (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $drop-stream (param i32)))
  (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $stream (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[resource-drop]incoming-request" (func $drop-request (param i32)))
  ${MEMORY}
  (data (i32.const 1024) ${JSON.stringify(ANSWER).replaceAll(/\\n/g, String.raw`\0a`)})
  (func (export "wasi:http/incoming-handler@0.2.12#handle") (param $request i32) (param $out i32)
    (local $response i32) (local $body i32) (local $stream i32)
    (call $drop-request (local.get $request))
    (local.set $response (call $response (call $fields)))
    (call $body (local.get $response) (i32.const 16)) (call $must)
    (local.set $body (i32.load (i32.const 20)))
    (call $set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $stream (local.get $body) (i32.const 16)) (call $must)
    (local.set $stream (i32.load (i32.const 20)))
    (call $write (local.get $stream) (i32.const 1024) (i32.const ${ANSWER.length}) (i32.const 16)) (call $must)
    (call $drop-stream (local.get $stream))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 16)) (call $must)))`;
