;; run(n): how many primes are below n, at most 2^20.
(module
  (memory 17)
  (func $strike (param $step i32) (param $n i32)
    (local $at i32)
    (local.set $at (i32.mul (local.get $step) (local.get $step)))
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $n))
        (then
          (i32.store8 (local.get $at) (i32.const 1))
          (local.set $at (i32.add (local.get $at) (local.get $step)))
          (br $next)))))
  (func (export "run") (param $n i32) (result i32)
    (local $at i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
    (local.set $at (i32.const 2))
    (loop $next
      (if (i32.eqz (i32.load8_u (local.get $at)))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (if (i32.lt_u (local.get $at) (i32.const 1024)) (then (call $strike (local.get $at) (local.get $n))))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $n))))
    (local.get $count)))
