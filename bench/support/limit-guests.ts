/** Guests that use time, or do nothing with it, as components in the text format. */
import { parse } from "../../test/support/wasm-tools.ts";

const LOOP = "(loop $on (br $on))";

/** Loops that never end, each the code of a function, by the name of its export. */
const SPINS = {
  loop: LOOP,
  calls: "(loop $on (call $nothing) (br $on))",
  fill: "(loop $on (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000)) (br $on))",
  copy: "(loop $on (memory.copy (i32.const 0) (i32.const 1) (i32.const 0x3ffffff)) (br $on))",
  recursion: "(loop $on (call $deep (i32.const 5000)) (br $on))",
  reads: `(local $at i32) (loop $on (local.set $at (i32.and (i32.const 0x3fffffc)
    (i32.add (i32.mul (local.get $at) (i32.const 1664525)) (i32.add (i32.load (local.get $at)) (i32.const 1013904223))))) (br $on))`,
  catch: `(loop $on (block $caught (try_table (catch_all $caught) ${LOOP})) (br $on))`,
} as const;

/** What a spinning guest does. */
export type Spin = keyof typeof SPINS;

/** The same for a table. */
export const SPIN_NAMES: Readonly<Record<Spin, string>> = {
  loop: "an empty loop",
  calls: "a loop of calls",
  fill: "memory.fill of 64 MiB, again and again",
  copy: "memory.copy of 64 MiB, again and again",
  recursion: "5,000 calls deep and back, again and again",
  reads: "reads all over 64 MiB, each where the one before says",
  catch: "a loop that catches all",
};

/** A component with an export for each of {@link SPINS}. */
export function spinner(): Promise<Uint8Array> {
  const names = Object.entries(SPINS);
  return parse(`(component
    (core module $m
      (memory 1025)
      (func $nothing)
      (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
      ${names.map(([name, code]) => `(func (export "${name}") ${code})`).join("\n      ")})
    (core instance $i (instantiate $m))
    ${names.map(([name]) => `(func (export "${name}") (canon lift (core func $i "${name}")))`).join("\n    ")})`);
}

/** The host function that {@link waiter} calls before it sleeps for the first time. */
export const DOOR = { interface: "bench:host/door", name: "enter", type: "func()", capability: "door" } as const;

/**
 * A component that waits on the clock, after it has called the door. `idle` sleeps for an hour. `waits` sleeps so many times for so
 * many nanoseconds, 256 times at most, and gives how long each took, in nanoseconds.
 */
export function waiter(): Promise<Uint8Array> {
  return parse(`(component
    (import "${DOOR.interface}" (instance $door (export "${DOOR.name}" (func))))
    (import "wasi:io/poll@0.2.0" (instance $poll
      (export "pollable" (type $p (sub resource)))
      (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
      (alias outer 1 $pollable (type $p)) (export "pollable" (type (eq $p)))
      (export "now" (func (result u64)))
      (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (core func $enter (canon lower (func $door "${DOOR.name}")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $now (canon lower (func $clock "now")))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $drop (canon resource.drop $pollable))
    (core module $m
      (import "" "enter" (func $enter))
      (import "" "block" (func $block (param i32)))
      (import "" "now" (func $now (result i64)))
      (import "" "subscribe" (func $subscribe (param i64) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (memory (export "memory") 1)
      (func $sleep (param $for i64) (local $pollable i32)
        (local.set $pollable (call $subscribe (local.get $for)))
        (call $block (local.get $pollable))
        (call $drop (local.get $pollable)))
      (func (export "idle") (call $enter) (call $sleep (i64.const 3600000000000)))
      (func (export "waits") (param $times i32) (param $for i64) (result i32)
        (local $at i32) (local $since i64)
        (call $enter)
        (i32.store (i32.const 0) (i32.const 16))
        (i32.store (i32.const 4) (local.get $times))
        (local.set $at (i32.const 16))
        (loop $again
          (local.set $since (call $now))
          (call $sleep (local.get $for))
          (i64.store (local.get $at) (i64.sub (call $now) (local.get $since)))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
        (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance
      (export "enter" (func $enter)) (export "block" (func $block)) (export "now" (func $now))
      (export "subscribe" (func $subscribe)) (export "drop" (func $drop))))))
    (func (export "idle") (canon lift (core func $i "idle")))
    (func (export "waits") (param "times" u32) (param "for" u64) (result (list u64))
      (canon lift (core func $i "waits") (memory (core memory $i "memory")))))`);
}

/** A core module with two small functions: `add`, and `digits`, which sums up the digits of a number. */
export async function smallFunctions(): Promise<Uint8Array<ArrayBuffer>> {
  const text = `(module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "digits") (param $left i32) (param $base i32) (result i32) (local $sum i32)
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.rem_u (local.get $left) (local.get $base))))
        (br_if $next (local.tee $left (i32.div_u (local.get $left) (local.get $base)))))
      (local.get $sum)))`;
  return new Uint8Array(await parse(text));
}
