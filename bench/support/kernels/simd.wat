;; run(n): n passes over two arrays of 32 KiB: products of 16-bit integers summed up, and floats scaled and added.
(module
  (memory 3)
  (func $fill
    (local $at i32) (local $seed i32)
    (loop $next
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store (local.get $at) (local.get $seed))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 65536)))))
  (func $dot (result i32)
    (local $at i32) (local $sum v128)
    (loop $next
      (local.set $sum
        (i32x4.add
          (local.get $sum)
          (i32x4.dot_i16x8_s (v128.load (local.get $at)) (v128.load offset=32768 (local.get $at)))))
      (local.set $sum
        (i32x4.add
          (local.get $sum)
          (i32x4.dot_i16x8_s (v128.load offset=16 (local.get $at)) (v128.load offset=32784 (local.get $at)))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 32))) (i32.const 32768))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
  (func $scale (param $factor f32)
    (local $at i32) (local $by v128)
    (local.set $by (f32x4.splat (local.get $factor)))
    (loop $next
      (v128.store offset=65536
        (local.get $at)
        (f32x4.add
          (f32x4.mul (f32x4.convert_i32x4_s (v128.load (local.get $at))) (local.get $by))
          (v128.load offset=65536 (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 32768)))))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (call $fill)
    (memory.fill (i32.const 65536) (i32.const 0) (i32.const 65536))
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $dot)))
      (call $scale (f32.convert_i32_u (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (local.get $sum) (i32.load offset=65536 (i32.const 4096)))))
