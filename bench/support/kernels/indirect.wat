;; run(n): n calls through a table of eight functions, in an order that no predictor knows.
(module
  (type $step (func (param i32) (result i32)))
  (table 8 funcref)
  (elem (i32.const 0) $a $b $c $d $e $f $g $h)
  (func $a (type $step) (i32.add (local.get 0) (i32.const 0x9e3779b9)))
  (func $b (type $step) (i32.xor (local.get 0) (i32.shr_u (local.get 0) (i32.const 15))))
  (func $c (type $step) (i32.mul (local.get 0) (i32.const 0x85ebca6b)))
  (func $d (type $step) (i32.rotl (local.get 0) (i32.const 13)))
  (func $e (type $step) (i32.sub (local.get 0) (i32.shl (local.get 0) (i32.const 3))))
  (func $f (type $step) (i32.xor (local.get 0) (i32.const 0xc2b2ae35)))
  (func $g (type $step) (i32.add (local.get 0) (i32.popcnt (local.get 0))))
  (func $h (type $step) (i32.mul (local.get 0) (i32.const 5)))
  (func (export "run") (param $n i32) (result i32)
    (local $value i32) (local $order i32)
    (local.set $order (i32.const 1))
    (loop $again
      (local.set $order (i32.add (i32.mul (local.get $order) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $value
        (call_indirect (type $step) (local.get $value) (i32.shr_u (local.get $order) (i32.const 29))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $value)))
