/** Two components that hold the ends of a stream or future, and a third that has them take steps in the order that it is given. */

/** What each side can do, by its number. */
export const STEPS = [
  "copies one",
  "copies none",
  "cancels",
  "joins a set",
  "asks the set",
  "leaves the set",
  "lets go",
] as const;
export type Kind = "stream" | "future";

/** One side: `take` or `make` gives it its end, `step` has it do something. */
function side(kind: Kind, isWriter: boolean): string {
  const verb = isWriter ? "write" : "read";
  const end = isWriter ? "writable" : "readable";
  const lengths = kind === "stream" ? "i32 " : "";
  const copy = (length: number): string =>
    `(call $copy (global.get $end) (i32.const 64) ${kind === "stream" ? `(i32.const ${length})` : ""})`;
  const bodies = [
    copy(1),
    copy(0),
    "(call $cancel (global.get $end))",
    "(call $join (global.get $end) (global.get $set)) (i32.const 0)",
    "(call $poll (global.get $set) (i32.const 128)) (i32.load (i32.const 132)) i32.add (i32.load (i32.const 128)) i32.add",
    "(call $join (global.get $end) (i32.const 0)) (i32.const 0)",
    "(call $drop (global.get $end)) (i32.const 0)",
  ];
  const given = isWriter
    ? `(func (export "make") (result i32) (local $p i64) (global.set $set (call $set-new)) (local.set $p (call $new))
        (global.set $end (i32.wrap_i64 (i64.shr_u (local.get $p) (i64.const 32)))) (i32.wrap_i64 (local.get $p)))`
    : `(func (export "take") (param i32) (global.set $set (call $set-new)) (global.set $end (local.get 0)))`;
  return `(component $${verb}
    (type $t (${kind} u8))
    (core module $libc (memory (export "mem") 1)) (core instance $libc (instantiate $libc))
    (core func $copy (canon ${kind}.${verb} $t async (memory (core memory $libc "mem"))))
    (core func $cancel (canon ${kind}.cancel-${verb} $t async))
    (core func $drop (canon ${kind}.drop-${end} $t))
    (core func $new (canon ${kind}.new $t)) (core func $set-new (canon waitable-set.new))
    (core func $join (canon waitable.join))
    (core func $poll (canon waitable-set.poll (memory (core memory $libc "mem"))))
    (core module $m
      (import "libc" "mem" (memory 1))
      (import "" "copy" (func $copy (param i32 i32 ${lengths}) (result i32)))
      (import "" "cancel" (func $cancel (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "" "new" (func $new (result i64))) (import "" "set-new" (func $set-new (result i32)))
      (import "" "join" (func $join (param i32 i32))) (import "" "poll" (func $poll (param i32 i32) (result i32)))
      (global $end (mut i32) (i32.const 0)) (global $set (mut i32) (i32.const 0))
      ${given}
      (func (export "step") (param i32) (result i32)
        ${bodies.map((body, step) => `(if (i32.eq (local.get 0) (i32.const ${step})) (then ${body} return))`).join(" ")} unreachable))
    (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
      (export "copy" (func $copy)) (export "cancel" (func $cancel)) (export "drop" (func $drop)) (export "new" (func $new))
      (export "set-new" (func $set-new)) (export "join" (func $join)) (export "poll" (func $poll))))))
    ${
      isWriter
        ? `(func (export "make") (result $t) (canon lift (core func $i "make")))`
        : `(func (export "take") (param "s" $t) (canon lift (core func $i "take")))`
    }
    (func (export "step") (param "n" u32) (result u32) (canon lift (core func $i "step"))))
    (instance $${verb} (instantiate $${verb}))`;
}

/** `f` has the sides take steps: even numbers are the writer's, odd ones the reader's. Gives what all of it gave, in one number. */
export const endsOf = (kind: Kind): string => `(component
  ${side(kind, true)} ${side(kind, false)}
  (component $M
    (type $t (${kind} u8))
    (import "make" (func $make (result $t))) (import "take" (func $take (param "s" $t)))
    (import "w" (func $w (param "n" u32) (result u32))) (import "r" (func $r (param "n" u32) (result u32)))
    (core func $make (canon lower (func $make))) (core func $take (canon lower (func $take)))
    (core func $w (canon lower (func $w))) (core func $r (canon lower (func $r)))
    (core module $m
      (import "" "make" (func $make (result i32))) (import "" "take" (func $take (param i32)))
      (import "" "w" (func $w (param i32) (result i32))) (import "" "r" (func $r (param i32) (result i32)))
      (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "f") (param $at i32) (param $length i32) (result i32) (local $sum i32) (local $step i32) (local $end i32)
        (call $take (call $make))
        (local.set $end (i32.add (local.get $at) (local.get $length)))
        (block $done (loop $next
          (br_if $done (i32.eq (local.get $at) (local.get $end)))
          (local.set $step (i32.load8_u (local.get $at)))
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31))
            (if (result i32) (i32.and (local.get $step) (i32.const 1))
              (then (call $r (i32.shr_u (local.get $step) (i32.const 1))))
              (else (call $w (i32.shr_u (local.get $step) (i32.const 1)))))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
        (local.get $sum)))
    (core instance $i (instantiate $m (with "" (instance
      (export "make" (func $make)) (export "take" (func $take)) (export "w" (func $w)) (export "r" (func $r))))))
    (func (export "f") (param "steps" (list u8)) (result u32)
      (canon lift (core func $i "f") (memory (core memory $i "mem")) (realloc (core func $i "realloc")))))
  (instance $m (instantiate $M (with "make" (func $write "make")) (with "take" (func $read "take"))
    (with "w" (func $write "step")) (with "r" (func $read "step"))))
  (export "f" (func $m "f")))`;
