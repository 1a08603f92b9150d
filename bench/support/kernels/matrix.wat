;; run(n): n products of two matrices of 64 by 64 doubles; a checksum of the last.
(module
  (memory 2)
  (func $fill (param $at i32) (param $seed i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.const 32768)))
    (loop $next
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (f64.store (local.get $at) (f64.convert_i32_u (i32.shr_u (local.get $seed) (i32.const 24))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end)))))
  (func $product
    (local $row i32) (local $column i32) (local $left i32) (local $right i32) (local $end i32) (local $sum f64)
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (local.set $left (local.get $row))
        (local.set $end (i32.add (local.get $row) (i32.const 512)))
        (local.set $right (local.get $column))
        (local.set $sum (f64.const 0))
        (loop $inner
          (local.set $sum
            (f64.add
              (local.get $sum)
              (f64.mul (f64.load (local.get $left)) (f64.load offset=32768 (local.get $right)))))
          (local.set $right (i32.add (local.get $right) (i32.const 512)))
          (br_if $inner (i32.lt_u (local.tee $left (i32.add (local.get $left) (i32.const 8))) (local.get $end))))
        (f64.store offset=65536 (i32.add (local.get $row) (local.get $column)) (local.get $sum))
        (br_if $columns
          (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 8))) (i32.const 512))))
      (br_if $rows (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 512))) (i32.const 32768)))))
  (func (export "run") (param $n i32) (result i32)
    (local $at i32) (local $sum f64)
    (call $fill (i32.const 0) (i32.const 1))
    (call $fill (i32.const 32768) (i32.const 2))
    (loop $again
      (call $product)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $next
      (local.set $sum (f64.add (local.get $sum) (f64.load offset=65536 (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 32768))))
    (i32.trunc_sat_f64_s (f64.div (local.get $sum) (f64.const 4096)))))
