/** Guests written in the text format, for what no toolchain would emit. */

import "./built-workers.ts";

/** A core module whose one function `f` has the given body, as a component that exports it as `f`. */
export function coreFunction(body: string, { locals = "", fields = "" } = {}): string {
  return `(component
    (core module $m ${fields} (func (export "f") ${locals} ${body}))
    (core instance $i (instantiate $m))
    (func (export "f") (canon lift (core func $i "f"))))`;
}

/** `add: func(a: u32, b: u32) -> u32`, for calls of which there are many. */
export const ADDING = `(component
  (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add"))))`;

/** Calls `http-get` for ever, and swallows whatever comes out of it: errors, exceptions, the end of its own invocation. */
export const STUBBORN = (url: string): string => `(component
  (import "sandbox:skill/network" (instance $net
    (export "http-get" (func (param "url" string) (result (result string (error string)))))))
  (core module $libc
    (memory (export "memory") 1)
    (data (i32.const 16) ${JSON.stringify(url)})
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $net "http-get") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $m
    (import "net" "get" (func $get (param i32 i32 i32)))
    (func (export "f")
      (loop $again
        (block $caught
          (try_table (catch_all $caught)
            (call $get (i32.const 16) (i32.const ${url.length}) (i32.const 512))))
        (br $again))))
  (core instance $i (instantiate $m (with "net" (instance (export "get" (func $get))))))
  (func (export "f") (canon lift (core func $i "f"))))`;

/** Two memories that can each be grown, in two core modules. */
export const TWO_MEMORIES = `(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
    (func (export "size") (result i32) memory.size))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m))
  (core module $both
    (import "a" "grow" (func $grow-a (param i32) (result i32)))
    (import "a" "size" (func $size-a (result i32)))
    (import "b" "grow" (func $grow-b (param i32) (result i32)))
    (import "b" "size" (func $size-b (result i32)))
    ;; Grows both a page at a time until neither will, and tells how many pages there are.
    (func (export "f") (result i32)
      (local $grown i32)
      (loop $again
        (local.set $grown (i32.const 0))
        (if (i32.ne (call $grow-a (i32.const 1)) (i32.const -1)) (then (local.set $grown (i32.const 1))))
        (if (i32.ne (call $grow-b (i32.const 1)) (i32.const -1)) (then (local.set $grown (i32.const 1))))
        (br_if $again (local.get $grown)))
      (i32.add (call $size-a) (call $size-b))))
  (core instance $i (instantiate $both (with "a" (instance $a)) (with "b" (instance $b))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
