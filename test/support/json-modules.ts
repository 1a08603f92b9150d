/** Core modules with the JSON interface, in the text format. */

/** A module whose `execute` has the given body; `$p` and `$l` are its input, `$json` makes a result of bytes. */
export function jsonModule(body: string, { fields = "", alloc = BUMP, memory = "2" } = {}): string {
  return `(module
    (import "vak" "fs_read" (func $fs_read (param i32 i32) (result i64)))
    (import "vak" "fs_write" (func $fs_write (param i32 i32 i32 i32) (result i64)))
    (import "vak" "env_get" (func $env_get (param i32 i32) (result i64)))
    (import "vak" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") ${memory})
    (global $next (mut i32) (i32.const 4096))
    (func $alloc (export "alloc") (param $size i32) (result i32) ${alloc})
    (func $json (param $at i32) (param $length i32) (result i32) (local $block i32)
      (local.set $block (call $alloc (i32.add (local.get $length) (i32.const 4))))
      (i32.store (local.get $block) (local.get $length))
      (memory.copy (i32.add (local.get $block) (i32.const 4)) (local.get $at) (local.get $length))
      (local.get $block))
    ;; What the host answered as a result; a failure is logged, and the result is then null.
    (func $answer (param $packed i64) (result i32)
      (if (i64.ge_s (local.get $packed) (i64.const 0))
        (then (return (call $json (i32.wrap_i64 (local.get $packed))
          (i32.wrap_i64 (i64.shr_u (local.get $packed) (i64.const 32)))))))
      (local.set $packed (i64.xor (local.get $packed) (i64.const -1)))
      (call $log (i32.const 4) (i32.wrap_i64 (local.get $packed))
        (i32.wrap_i64 (i64.shr_u (local.get $packed) (i64.const 32))))
      (call $json (i32.const 0) (i32.const 4)))
    (data (i32.const 0) "null")
    ${fields}
    (func (export "execute") (param $p i32) (param $l i32) (result i32) ${body}))`;
}

/** Gives ever new memory, and grows it when there is none. */
const BUMP = `(local $block i32)
  (local.set $block (global.get $next))
  (global.set $next (i32.add (local.get $block) (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const -8))))
  (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
    (then (if (i32.eq (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))) (i32.const -1))
      (then unreachable))))
  (local.get $block)`;

/** Gives back its input. */
export const ECHO: string = jsonModule("(call $json (local.get $p) (local.get $l))");
