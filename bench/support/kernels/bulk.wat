;; run(n): n small fills and copies, of 16 to 79 bytes, as compiled code does for its records and strings.
(module
  (memory 1)
  (func (export "run") (param $n i32) (result i32)
    (local $order i32) (local $length i32)
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))
    (local.set $order (i32.const 1))
    (loop $again
      (local.set $order (i32.add (i32.mul (local.get $order) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $length (i32.add (i32.const 16) (i32.shr_u (local.get $order) (i32.const 26))))
      (memory.fill
        (i32.and (i32.shr_u (local.get $order) (i32.const 8)) (i32.const 0x7fff))
        (local.get $order)
        (local.get $length))
      (memory.copy
        (i32.and (i32.shr_u (local.get $order) (i32.const 4)) (i32.const 0x7fff))
        (i32.and (i32.shr_u (local.get $order) (i32.const 12)) (i32.const 0x7fff))
        (local.get $length))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.and (local.get $order) (i32.const 0x7fff)))))
