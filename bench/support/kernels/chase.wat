;; run(n): n steps along a chain through 8 MiB that visits every place once, each step a load that the next one waits for.
(module
  (memory 129)
  ;; A random cycle through 2^21 places (Sattolo's algorithm).
  (func $link
    (local $at i32) (local $other i32) (local $seed i32) (local $held i32)
    (loop $next
      (i32.store (local.get $at) (local.get $at))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 8388608))))
    (local.set $at (i32.const 2097151))
    (local.set $seed (i32.const 1))
    (loop $swap
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $other
        (i32.shl (i32.rem_u (i32.shr_u (local.get $seed) (i32.const 3)) (local.get $at)) (i32.const 2)))
      (local.set $held (i32.load (i32.shl (local.get $at) (i32.const 2))))
      (i32.store (i32.shl (local.get $at) (i32.const 2)) (i32.load (local.get $other)))
      (i32.store (local.get $other) (local.get $held))
      (br_if $swap (local.tee $at (i32.sub (local.get $at) (i32.const 1))))))
  (start $link)
  (func (export "run") (param $n i32) (result i32)
    (local $at i32)
    (loop $again
      (local.set $at (i32.load (local.get $at)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $at)))
