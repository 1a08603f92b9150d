import { readFile } from "node:fs/promises";
import { parse } from "./wasm-tools.ts";
import { commandText } from "./command-guests.ts";
import { testGuest } from "./guests.ts";
import { ioText } from "./io-guests.ts";
import { coreFunction, STUBBORN, TWO_MEMORIES } from "./text-guests.ts";

/** Types of several kinds, and a core module with a section of every kind. */
const TYPES = `(component
  (core module $m
    (type $t (func (param i32) (result i32)))
    (table 2 funcref) (global (mut i64) (i64.const 1)) (memory (export "memory") 1 2) (data (i32.const 8) "data")
    (func $double (type $t) (i32.mul (local.get 0) (i32.const 2)))
    (elem (i32.const 0) $double)
    (func (export "f") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0)))
    (func (export "g") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (@custom "producers" "\\00"))
  (core instance $i (instantiate $m))
  (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f")))
  (func (export "g") (param "v" (option (tuple u8 (list string)))) (result (result (error char)))
    (canon lift (core func $i "g") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`;

/** A core module of WASI preview 1, which is made into a component first. */
const PREVIEW1 = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))`;

/** Small components and modules of all forms. */
export async function smallComponents(): Promise<readonly Uint8Array[]> {
  const texts = [
    TYPES,
    TWO_MEMORIES,
    STUBBORN("http://127.0.0.1/"),
    ioText("(i32.const 0)"),
    commandText("(drop (i32.const 0))"),
    coreFunction("(block $b (try_table (catch_all $b)))", { fields: "(memory 1)" }),
    PREVIEW1,
  ];
  return Promise.all(texts.map((text) => parse(text)));
}

/** A JavaScript engine of 1 MB. */
export async function largeComponent(): Promise<Uint8Array> {
  return readFile(await testGuest());
}
