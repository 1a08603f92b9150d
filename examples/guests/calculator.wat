;; A component without imports, in the text format of WebAssembly. Its WIT:
;;
;;   add: func(a: s32, b: s32) -> s32
;;   divide: func(a: s32, b: s32) -> result<s32, string>
;;   spin: func()       runs for ever
;;   fail: func()       traps
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 64) "division by zero")
    (func (export "add") (param $a i32) (param $b i32) (result i32)
      (i32.add (local.get $a) (local.get $b)))
    ;; Returns the address of the result: one byte for the case, then the number, or the address and length of a text.
    (func (export "divide") (param $a i32) (param $b i32) (result i32)
      (if (i32.eqz (local.get $b))
        (then
          (i32.store8 (i32.const 0) (i32.const 1))
          (i32.store (i32.const 4) (i32.const 64))
          (i32.store (i32.const 8) (i32.const 16)))
        (else
          (i32.store8 (i32.const 0) (i32.const 0))
          (i32.store (i32.const 4) (i32.div_s (local.get $a) (local.get $b)))))
      (i32.const 0))
    (func (export "spin") (loop $again (br $again)))
    (func (export "fail") (unreachable)))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32)
    (canon lift (core func $i "add")))
  (func (export "divide") (param "a" s32) (param "b" s32) (result (result s32 (error string)))
    (canon lift (core func $i "divide") (memory (core memory $i "memory"))))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "fail") (canon lift (core func $i "fail"))))
