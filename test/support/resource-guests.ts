import { textGuest } from "./guests.ts";

/** Imports the resource `bucket` by its world itself; `run` makes one of 5, adds 37, drops it, and gives the sum. */
const ROOT_BUCKETS = `(component
  (import "bucket" (type $b (sub resource)))
  (import "[constructor]bucket" (func $new (param "value" u32) (result (own $b))))
  (import "[method]bucket.add" (func $add (param "self" (borrow $b)) (param "more" u32) (result u32)))
  (core func $new' (canon lower (func $new))) (core func $add' (canon lower (func $add)))
  (core func $drop (canon resource.drop $b))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "add" (func $add (param i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (result i32) (local $bucket i32)
      (local.set $bucket (call $new (i32.const 5)))
      (call $add (local.get $bucket) (i32.const 37))
      (call $drop (local.get $bucket))))
  (core instance $i (instantiate $m (with "" (instance
    (export "new" (func $new')) (export "add" (func $add')) (export "drop" (func $drop))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`;

/** The path of a guest that imports a resource by its world itself. */
export function rootBucketsGuest(): Promise<string> {
  return textGuest("root-buckets", ROOT_BUCKETS);
}

/**
 * Exports `acme:res/counters` with resources `counter` and `other`, whose representations are counts, and functions that take and give
 * handles in values of every kind. How many destructors of counters have run, and the representation of the last, is told by
 * `destroyed`; a counter of 13 traps in its destructor, one of 14 never ends it.
 */
const COUNTERS = `(component
  (component $defining
    (core module $d (memory (export "memory") 1)
      (func (export "dtor") (param $rep i32)
        (if (i32.eq (local.get $rep) (i32.const 13)) (then unreachable))
        (if (i32.eq (local.get $rep) (i32.const 14)) (then (loop $l (br $l))))
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (i32.store (i32.const 4) (local.get $rep))))
    (core instance $d (instantiate $d))
    (type $c' (resource (rep i32) (dtor (core func $d "dtor"))))
    (type $o' (resource (rep i32)))
    (export $c "counter" (type $c'))
    (export $o "other" (type $o'))
    (core func $new (canon resource.new $c')) (core func $new-other (canon resource.new $o'))
    (core func $rep (canon resource.rep $c')) (core func $drop (canon resource.drop $c'))
    (core module $m
      (import "" "memory" (memory 1))
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "new-other" (func $new-other (param i32) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (global $at (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
        (global.get $at)
        (global.set $at (i32.add (global.get $at) (local.get 3))))
      (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "new-other") (result i32) (call $new-other (i32.const 1)))
      (func (export "value") (param i32) (result i32) (local.get 0))
      (func (export "take") (param i32) (result i32)
        (call $rep (local.get 0)) (call $drop (local.get 0)))
      (func (export "pass") (param i32) (result i32) (local.get 0))
      (func (export "both") (param i32 i32) (result i32) (i32.add (call $rep (local.get 0)) (local.get 1)))
      (func (export "other") (param i32) (result i32) (local.get 0))
      (func (export "destroyed") (result i32)
        (i32.store (i32.const 16) (i32.load (i32.const 0))) (i32.store (i32.const 20) (i32.load (i32.const 4))) (i32.const 16))
      (func (export "count") (param $kind i32) (param $a i32) (param $b i32) (result i32)
        (i32.add (local.get $a) (local.get $b)))
      (func (export "sum") (param $at i32) (param $length i32) (result i32) (local $sum i32)
        (block $done (loop $next
          (br_if $done (i32.eqz (local.get $length)))
          (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (local.set $length (i32.sub (local.get $length) (i32.const 1)))
          (br $next)))
        (local.get $sum))
      ;; record { one: counter, some: option<counter>, many: list<counter>, either: result<counter, string>, choice: variant }
      (func (export "many") (param $first i32) (result i32)
        (i32.store (i32.const 64) (call $new (local.get $first)))
        (i32.store8 (i32.const 68) (i32.const 1))
        (i32.store (i32.const 72) (call $new (i32.add (local.get $first) (i32.const 1))))
        (i32.store (i32.const 76) (i32.const 128)) (i32.store (i32.const 80) (i32.const 2))
        (i32.store (i32.const 128) (call $new (i32.add (local.get $first) (i32.const 2))))
        (i32.store (i32.const 132) (call $new (i32.add (local.get $first) (i32.const 3))))
        (i32.store8 (i32.const 84) (i32.const 0))
        (i32.store (i32.const 88) (call $new (i32.add (local.get $first) (i32.const 4))))
        (i32.store8 (i32.const 96) (i32.const 1))
        (i32.store (i32.const 100) (call $new (i32.add (local.get $first) (i32.const 5))))
        (i32.const 64))
      (func (export "fails") (result i32)
        (i32.store8 (i32.const 160) (i32.const 1)) (i32.store (i32.const 164) (call $new (i32.const 77))) (i32.const 160))
      (func (export "fill") (param $count i32) (result i32) (local $at i32)
        (i32.store (i32.const 176) (i32.const 8192)) (i32.store (i32.const 180) (local.get $count))
        (local.set $at (i32.const 8192))
        (block $done (loop $next
          (br_if $done (i32.eqz (local.get $count)))
          (i32.store (local.get $at) (call $new (i32.const 1)))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $next)))
        (i32.const 176)))
    (core instance $i (instantiate $m (with "" (instance
      (export "memory" (memory $d "memory"))
      (export "new" (func $new)) (export "new-other" (func $new-other)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
    (alias core export $d "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (type $choice' (variant (case "none") (case "some" (own $c))))
    (export $choice "choice" (type $choice'))
    (type $all' (record (field "one" (own $c)) (field "some" (option (own $c))) (field "many" (list (own $c)))
      (field "either" (result (own $c) (error string))) (field "choice" $choice)))
    (export $all "all" (type $all'))
    (func (export "[constructor]counter") (param "value" u32) (result (own $c)) (canon lift (core func $i "new")))
    (func (export "[method]counter.value") (param "self" (borrow $c)) (result u32) (canon lift (core func $i "value")))
    (func (export "[static]counter.take") (param "counter" (own $c)) (result u32) (canon lift (core func $i "take")))
    (func (export "[static]counter.pass") (param "counter" (own $c)) (result (own $c)) (canon lift (core func $i "pass")))
    (func (export "[static]counter.both") (param "one" (own $c)) (param "two" (borrow $c)) (result u32) (canon lift (core func $i "both")))
    (func (export "[constructor]other") (result (own $o)) (canon lift (core func $i "new-other")))
    (func (export "[method]other.value") (param "self" (borrow $o)) (result u32) (canon lift (core func $i "other")))
    (func (export "destroyed") (result (tuple u32 u32)) (canon lift (core func $i "destroyed") (memory $memory)))
    (func (export "many") (param "first" u32) (result $all)
      (canon lift (core func $i "many") (memory $memory) (realloc $realloc)))
    (func (export "sum") (param "counters" (list (borrow $c))) (result u32)
      (canon lift (core func $i "sum") (memory $memory) (realloc $realloc)))
    (func (export "fails") (result (result u32 (error (own $c)))) (canon lift (core func $i "fails") (memory $memory)))
    (func (export "fill") (param "count" u32) (result (list (own $c))) (canon lift (core func $i "fill") (memory $memory))))
  (instance $counters (instantiate $defining))
  (export "acme:res/counters@1.0.0" (instance $counters)))`;

/** Builds it. */
export function countersGuest(): Promise<string> {
  return textGuest("counters", COUNTERS);
}

/**
 * Imports `acme:kv/store` with the resource `bucket`, and uses it: `use` makes one of 5, has it add 7, tells the sum and drops it; `keep`
 * makes one and keeps it; `hand-back` hands over one it made; `leak` makes some and drops none; `grow` adds to one that it is lent; `give`
 * and `take` give one to the caller and take one of it; `listed` takes all of a list and tells how many there were.
 */
const BUCKETS = `(component
  (import "acme:kv/store@1.0.0" (instance $s
    (export "bucket" (type $b (sub resource)))
    (export "[constructor]bucket" (func (param "value" u32) (result (own $b))))
    (export "[method]bucket.add" (func (param "self" (borrow $b)) (param "more" u32) (result u32)))
    (export "[static]bucket.swallow" (func (param "bucket" (own $b)) (result (result u32 (error string)))))
    (export "all" (func (result (list (own $b)))))))
  (alias export $s "bucket" (type $bucket))
  (alias export $s "[constructor]bucket" (func $new)) (alias export $s "[method]bucket.add" (func $add))
  (alias export $s "[static]bucket.swallow" (func $swallow)) (alias export $s "all" (func $all))
  (core module $mem (memory (export "memory") 1) (global $at (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
      (global.get $at) (global.set $at (i32.add (global.get $at) (local.get 3)))))
  (core instance $mem (instantiate $mem))
  (core func $new (canon lower (func $new))) (core func $add (canon lower (func $add)))
  (core func $swallow (canon lower (func $swallow) (memory (core memory $mem "memory")) (realloc (core func $mem "realloc"))))
  (core func $all (canon lower (func $all) (memory (core memory $mem "memory")) (realloc (core func $mem "realloc"))))
  (core func $drop (canon resource.drop $bucket))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "add" (func $add (param i32 i32) (result i32)))
    (import "" "swallow" (func $swallow (param i32 i32)))
    (import "" "all" (func $all (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (global $kept (mut i32) (i32.const 0))
    (func (export "use") (result i32) (local $b i32) (local $sum i32)
      (local.set $b (call $new (i32.const 5)))
      (local.set $sum (call $add (local.get $b) (i32.const 7)))
      (call $drop (local.get $b))
      (local.get $sum))
    (func (export "keep") (global.set $kept (call $new (i32.const 1))))
    (func (export "hand-back") (result i32)
      (call $swallow (call $new (i32.const 9)) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const -1))))
      (i32.load (i32.const 20)))
    (func (export "leak") (param $n i32)
      (loop $next (drop (call $new (local.get $n)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "grow") (param $b i32) (result i32) (local $sum i32)
      (local.set $sum (call $add (local.get $b) (i32.const 1))) (call $drop (local.get $b)) (local.get $sum))
    (func (export "give") (result i32) (call $new (i32.const 3)))
    (func (export "take") (param $b i32) (call $drop (local.get $b)))
    (func (export "listed") (result i32) (local $at i32) (local $left i32)
      (call $all (i32.const 32))
      (local.set $at (i32.load (i32.const 32))) (local.set $left (i32.load (i32.const 36)))
      (block $done (loop $next (br_if $done (i32.eqz (local.get $left)))
        (call $drop (i32.load (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br $next)))
      (i32.load (i32.const 36))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $mem "memory")) (export "new" (func $new)) (export "add" (func $add))
    (export "swallow" (func $swallow)) (export "all" (func $all)) (export "drop" (func $drop))))))
  (func (export "use") (result u32) (canon lift (core func $i "use")))
  (func (export "keep") (canon lift (core func $i "keep")))
  (func (export "hand-back") (result s32) (canon lift (core func $i "hand-back")))
  (func (export "leak") (param "count" u32) (canon lift (core func $i "leak")))
  (func (export "grow") (param "bucket" (borrow $bucket)) (result u32) (canon lift (core func $i "grow")))
  (func (export "give") (result (own $bucket)) (canon lift (core func $i "give")))
  (func (export "take") (param "bucket" (own $bucket)) (canon lift (core func $i "take")))
  (func (export "listed") (result u32) (canon lift (core func $i "listed"))))`;

/** Builds it. */
export function bucketsGuest(): Promise<string> {
  return textGuest("buckets", BUCKETS);
}
