/**
 * A component whose `f` begins so many calls of another component, each of which recurses as deep as it is told to and waits there, twice:
 * the first time at the top where `late` is 1. Then `f` returns how many have begun.
 */
export const DEEP_STACKS = `(component
  (component $a
    (core func $return (canon task.return))
    (core func $yield (canon thread.yield))
    (core module $m (import "" "return" (func $return)) (import "" "yield" (func $yield (result i32)))
      (func $deep (param i32) (result i32) (local i64)
        (local.set 1 (i64.extend_i32_u (local.get 0)))
        (if (result i32) (i32.eqz (local.get 0))
          (then (loop $on (drop (call $yield)) (br $on)) (i32.const 0))
          (else (i32.add (i32.wrap_i64 (local.get 1)) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
      (func (export "g") (param $depth i32) (param $late i32)
        (if (local.get $late) (then (drop (call $yield))))
        (drop (call $deep (local.get $depth)))))
    (core instance $i (instantiate $m (with "" (instance (export "return" (func $return)) (export "yield" (func $yield))))))
    (func (export "g") async (param "depth" u32) (param "late" u32) (canon lift (core func $i "g") async)))
  (instance $a (instantiate $a))
  (component $b
    (import "g" (func $g async (param "depth" u32) (param "late" u32)))
    (core func $g (canon lower (func $g) async))
    (core func $return (canon task.return (result u32)))
    (core func $yield (canon thread.yield))
    (core module $m
      (import "" "g" (func $g (param i32 i32) (result i32))) (import "" "return" (func $return (param i32)))
      (import "" "yield" (func $yield (result i32)))
      (func (export "f") (param $calls i32) (param $depth i32) (param $late i32) (local $begun i32)
        (loop $on
          (drop (call $g (local.get $depth) (local.get $late)))
          (br_if $on (i32.lt_u (local.tee $begun (i32.add (local.get $begun) (i32.const 1))) (local.get $calls))))
        (drop (call $yield))
        (drop (call $yield))
        (call $return (local.get $begun))))
    (core instance $i (instantiate $m (with "" (instance
      (export "g" (func $g)) (export "return" (func $return)) (export "yield" (func $yield))))))
    (func (export "f") async (param "calls" u32) (param "depth" u32) (param "late" u32) (result u32)
      (canon lift (core func $i "f") async)))
  (instance $b (instantiate $b (with "g" (func $a "g"))))
  (export "f" (func $b "f")))`;
