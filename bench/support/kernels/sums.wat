;; run(n): n passes over 4 MiB, each adding to every eight bytes of it and summing them up.
(module
  (memory 65)
  (func $pass (param $add i64) (result i64)
    (local $at i32) (local $sum i64) (local $value i64)
    (loop $next
      (i64.store (local.get $at) (local.tee $value (i64.add (i64.load (local.get $at)) (local.get $add))))
      (local.set $sum (i64.add (local.get $sum) (local.get $value)))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 4194304))))
    (local.get $sum))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i64)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 4194304))
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (call $pass (i64.extend_i32_u (local.get $n)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.wrap_i64 (i64.xor (local.get $sum) (i64.shr_u (local.get $sum) (i64.const 32))))))
