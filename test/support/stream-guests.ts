import { textGuest } from "./guests.ts";

/** The `canon` functions that the guest imports: its name, its definition and its core type. */
const MEMORY = '(memory (core memory $libc "mem"))';
const REALLOC = '(realloc (core func $libc "realloc"))';
const BUILT_INS: readonly (readonly [string, string, string])[] = [
  ["new", "(canon stream.new $bytes)", "(result i64)"],
  ["read", `(canon stream.read $bytes ${MEMORY})`, "(param i32 i32 i32) (result i32)"],
  ["write", `(canon stream.write $bytes ${MEMORY})`, "(param i32 i32 i32) (result i32)"],
  ["write-soon", `(canon stream.write $bytes async ${MEMORY})`, "(param i32 i32 i32) (result i32)"],
  ["drop-readable", "(canon stream.drop-readable $bytes)", "(param i32)"],
  ["drop-writable", "(canon stream.drop-writable $bytes)", "(param i32)"],
  ["new-words", "(canon stream.new $words)", "(result i64)"],
  ["read-words", `(canon stream.read $words ${MEMORY} ${REALLOC})`, "(param i32 i32 i32) (result i32)"],
  ["write-words", `(canon stream.write $words ${MEMORY})`, "(param i32 i32 i32) (result i32)"],
  ["drop-words", "(canon stream.drop-writable $words)", "(param i32)"],
  ["new-number", "(canon future.new $number)", "(result i64)"],
  ["read-number", `(canon future.read $number ${MEMORY})`, "(param i32 i32) (result i32)"],
  ["write-number", `(canon future.write $number ${MEMORY})`, "(param i32 i32) (result i32)"],
  ["drop-number", "(canon future.drop-readable $number)", "(param i32)"],
  ["drop-number-writable", "(canon future.drop-writable $number)", "(param i32)"],
  ["return-bytes", "(canon task.return (result $bytes))", "(param i32)"],
  ["return-words", "(canon task.return (result $words))", "(param i32)"],
  ["return-number", "(canon task.return (result $number))", "(param i32)"],
  ["return-u32", "(canon task.return (result u32))", "(param i32)"],
  ["return-text", `(canon task.return (result string) ${MEMORY})`, "(param i32 i32)"],
  ["fetch", `(canon lower (func $fetch) ${MEMORY})`, "(param i32) (result i32)"],
  ["store", `(canon lower (func $store) async ${MEMORY})`, "(param i32 i32) (result i32)"],
  ["soon", "(canon lower (func $soon))", "(result i32)"],
  ["set-new", "(canon waitable-set.new)", "(result i32)"],
  ["set-wait", `(canon waitable-set.wait ${MEMORY})`, "(param i32 i32) (result i32)"],
  ["join", "(canon waitable.join)", "(param i32 i32)"],
];

/** Sends the bytes 0, 1, 2 and so on, `$count` of them and up to 1,000 at once, into the stream `$w`; stops when it is read no more. */
const SEND = `
  (block $done (loop $next
    (br_if $done (i32.ge_u (local.get $sent) (local.get $count)))
    (local.set $n (i32.sub (local.get $count) (local.get $sent)))
    (if (i32.gt_u (local.get $n) (i32.const 1000)) (then (local.set $n (i32.const 1000))))
    (call $fill (local.get $sent) (local.get $n))
    (local.set $n (call $write (local.get $w) (i32.const 4096) (local.get $n)))
    (local.set $sent (i32.add (local.get $sent) (i32.shr_u (local.get $n) (i32.const 4))))
    (br_if $next (i32.eqz (i32.and (local.get $n) (i32.const 15))))))
  (global.set $last (local.get $sent))`;
const SENDING = "(local $p i64) (local $w i32) (local $sent i32) (local $n i32)";
const MAKE = `(local.set $p (call $new)) (local.set $w (i32.wrap_i64 (i64.shr_u (local.get $p) (i64.const 32))))`;

/** Adds up what comes of the stream `$r`, `$most` bytes of it at most, into `$sum`. */
const RECEIVE = `
  (block $done (loop $next
    (br_if $done (i32.ge_u (local.get $got) (local.get $most)))
    (local.set $n (call $read (local.get $r) (i32.const 4096) (i32.const 100)))
    (local.set $sum (i32.add (local.get $sum) (call $total (i32.shr_u (local.get $n) (i32.const 4)))))
    (local.set $got (i32.add (local.get $got) (i32.shr_u (local.get $n) (i32.const 4))))
    (br_if $next (i32.eqz (i32.and (local.get $n) (i32.const 15))))))
  (call $drop-readable (local.get $r))`;
const RECEIVING = "(local $sum i32) (local $got i32) (local $n i32)";

/** Exported functions: type, locals and code; all are asynchronous, without a callback. */
const FUNCTIONS: Readonly<Record<string, readonly [string, string, string]>> = {
  produce: [
    '(param "count" u32) (result $bytes)',
    "(param $count i32)",
    `${SENDING} ${MAKE} (call $return-bytes (i32.wrap_i64 (local.get $p))) ${SEND} (call $drop-writable (local.get $w))`,
  ],
  stall: [
    "(result $bytes)",
    "",
    `${SENDING} ${MAKE} (call $return-bytes (i32.wrap_i64 (local.get $p)))
      (drop (call $set-wait (call $set-new) (i32.const 0)))`,
  ],
  "trap-after": [
    '(param "count" u32) (result $bytes)',
    "(param $count i32)",
    `${SENDING} ${MAKE} (call $return-bytes (i32.wrap_i64 (local.get $p))) ${SEND} unreachable`,
  ],
  leave: [
    "(result $bytes)",
    "",
    `${SENDING} ${MAKE} (call $fill (i32.const 7) (i32.const 5)) (call $return-bytes (i32.wrap_i64 (local.get $p)))
      (drop (call $write-soon (local.get $w) (i32.const 4096) (i32.const 5)))`,
  ],
  sum: [
    '(param "bytes" $bytes) (param "most" u32) (result u32)',
    "(param $r i32) (param $most i32)",
    `${RECEIVING} ${RECEIVE} (call $return-u32 (local.get $sum))`,
  ],
  echo: ['(param "bytes" $bytes) (result $bytes)', "(param $r i32)", "(call $return-bytes (local.get $r))"],
  words: [
    '(param "count" u32) (result $words)',
    "(param $count i32)",
    `(local $p i64) (local $w i32)
      (local.set $p (call $new-words)) (local.set $w (i32.wrap_i64 (i64.shr_u (local.get $p) (i64.const 32))))
      (call $return-words (i32.wrap_i64 (local.get $p)))
      (loop $next
        (drop (call $write-words (local.get $w) (i32.const 16) (i32.const 2)))
        (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
      (call $drop-words (local.get $w))`,
  ],
  "first-word": [
    '(param "words" $words) (result string)',
    "(param $r i32)",
    `(drop (call $read-words (local.get $r) (i32.const 64) (i32.const 1)))
      (call $return-text (i32.load (i32.const 64)) (i32.load (i32.const 68)))`,
  ],
  later: [
    '(param "value" u32) (result $number)',
    "(param $v i32)",
    `(local $p i64) (local.set $p (call $new-number)) (call $return-number (i32.wrap_i64 (local.get $p)))
      (i32.store (i32.const 48) (local.get $v))
      (drop (call $write-number (i32.wrap_i64 (i64.shr_u (local.get $p) (i64.const 32))) (i32.const 48)))
      (call $drop-number-writable (i32.wrap_i64 (i64.shr_u (local.get $p) (i64.const 32))))`,
  ],
  never: [
    "(result $number)",
    "",
    `(local $p i64) (local.set $p (call $new-number)) (call $return-number (i32.wrap_i64 (local.get $p)))
      (drop (call $set-wait (call $set-new) (i32.const 0)))`,
  ],
  wait: [
    '(param "number" $number) (result u32)',
    "(param $r i32)",
    `(drop (call $read-number (local.get $r) (i32.const 56))) (call $return-u32 (i32.load (i32.const 56)))
      (call $drop-number (local.get $r))`,
  ],
  awaited: [
    "(result u32)",
    "",
    `(local $r i32) (local.set $r (call $soon))
      (drop (call $read-number (local.get $r) (i32.const 56))) (call $return-u32 (i32.load (i32.const 56)))
      (call $drop-number (local.get $r))`,
  ],
  ignore: [
    '(param "number" $number) (result u32)',
    "(param $r i32)",
    "(call $drop-number (local.get $r)) (call $return-u32 (i32.const 1))",
  ],
  fetched: [
    '(param "most" u32) (result u32)',
    "(param $most i32)",
    `(local $r i32) ${RECEIVING} (local.set $r (call $fetch (i32.const 10))) ${RECEIVE} (call $return-u32 (local.get $sum))`,
  ],
  stored: [
    '(param "count" u32) (result u32)',
    "(param $count i32)",
    `(local $set i32) (local $sub i32) ${SENDING} ${MAKE}
      (local.set $sub (call $store (i32.wrap_i64 (local.get $p)) (i32.const 80)))
      ${SEND} (call $drop-writable (local.get $w))
      (local.set $set (call $set-new))
      (if (i32.ne (i32.and (local.get $sub) (i32.const 15)) (i32.const 2)) (then
        (call $join (i32.shr_u (local.get $sub) (i32.const 4)) (local.get $set))
        (drop (call $set-wait (local.get $set) (i32.const 96)))))
      (call $return-u32 (i32.load (i32.const 80)))`,
  ],
  /** How many bytes the function before has sent. */
  last: ["(result u32)", "", "(call $return-u32 (global.get $last))"],
};

const STREAMS = `(component
  (import "acme:net/files" (instance $net
    (export "fetch" (func async (param "count" u32) (result (stream u8))))
    (export "store" (func async (param "bytes" (stream u8)) (result u32)))
    (export "soon" (func (result (future u32))))))
  (alias export $net "fetch" (func $fetch)) (alias export $net "store" (func $store))
  (alias export $net "soon" (func $soon))
  (type $bytes (stream u8)) (type $words (stream string)) (type $number (future u32))
  (core module $libc (memory (export "mem") 1)
    (data (i32.const 16) "\\20\\00\\00\\00\\05\\00\\00\\00\\25\\00\\00\\00\\06\\00\\00\\00helloworld\\21")
    (global $at (mut i32) (i32.const 8192))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $at) (global.set $at (i32.add (global.get $at) (local.get 3)))))
  (core instance $libc (instantiate $libc))
  ${BUILT_INS.map(([name, definition]) => `(core func $${name} ${definition})`).join("\n  ")}
  (core module $m
    (import "" "mem" (memory 1))
    ${BUILT_INS.map(([name, , type]) => `(import "" "${name}" (func $${name} ${type}))`).join("\n    ")}
    (global $last (mut i32) (i32.const 0))
    (func $fill (param $from i32) (param $n i32) (local $at i32) (local.set $at (i32.const 4096))
      (loop $next
        (i32.store8 (local.get $at) (local.get $from))
        (local.set $at (i32.add (local.get $at) (i32.const 1))) (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func $total (param $n i32) (result i32) (local $sum i32)
      (block $done (loop $next (br_if $done (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (i32.const 4096) (local.get $n)))))
        (br $next)))
      (local.get $sum))
    ${Object.entries(FUNCTIONS)
      .map(([name, [, parameters, code]]) => `(func (export "${name}") ${parameters} ${code})`)
      .join("\n    ")})
  (core instance $i (instantiate $m (with "" (instance
    (export "mem" (memory $libc "mem"))
    ${BUILT_INS.map(([name]) => `(export "${name}" (func $${name}))`).join(" ")}))))
  ${Object.entries(FUNCTIONS)
    .map(
      ([name, [type]]) =>
        `(func (export "${name}") async ${type} (canon lift (core func $i "${name}") async ${MEMORY} ${REALLOC}))`,
    )
    .join("\n  ")})`;

/** Builds a guest that writes and reads streams and futures of its caller's, and of functions of the embedder's. */
export function streamsGuest(): Promise<string> {
  return textGuest("streams", STREAMS);
}
