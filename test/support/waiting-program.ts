import "./built-workers.ts";
import { parse } from "./wasm-tools.ts";
import type { Program } from "../../src/runtime/messages.ts";
import { COMMAND_INTERFACE } from "../../src/shared/plan/core-module.ts";

/** What a guest that is made for a pool does. Its code is not metered, so nothing ends it where it spins but its thread's end. */
export interface WaitingProgram {
  /** Waits so long first, in milliseconds; default not at all. */
  readonly waitMs?: number;
  /** Counts so far before it waits, in thousands; default not at all. */
  readonly busy?: number;
  /** Spins at the end. */
  readonly spins?: boolean;
  /** Pages of 64 KiB that its memory has besides the first. */
  readonly pages?: number;
  /** What its instances are said to take of the worker's heap, in bytes. */
  readonly heapBytes?: number;
}

/** How to call it. */
export const RUN: readonly string[] = [COMMAND_INTERFACE, "run"];

const modules = new Map<string, Promise<WebAssembly.Module>>();
let programs = 0;

/** A program of WASI preview 1 as the pool takes it, without a component, a cache or a loader around it. */
export async function waitingProgram({
  waitMs = 0,
  busy = 0,
  spins = false,
  pages = 0,
  heapBytes = 0,
}: WaitingProgram): Promise<Program> {
  const text = `(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "cordon:memory" "m0" (memory ${1 + pages}))
    (export "memory" (memory 0))
    (func (export "_start") (local $left i32)
      (local.set $left (i32.const ${busy * 1000}))
      (loop $count (br_if $count (local.tee $left (i32.sub (local.get $left) (i32.gt_s (local.get $left) (i32.const 0))))))
      (if (i32.const ${waitMs}) (then
        ;; A subscription to the monotonic clock, by a time from now on.
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const ${waitMs * 1_000_000}))
        (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))
      ${spins ? "(loop $spin (br $spin))" : ""}))`;
  let module = modules.get(text);
  if (module === undefined) {
    module = parse(text).then((bytes) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
    modules.set(text, module);
  }
  programs += 1;
  return {
    id: `waiting/${programs}`,
    modules: [
      { name: "m", module: await module, memories: [{ initialPages: 1 + pages, address64: false, shared: false }] },
    ],
    instantiations: ["m"],
    heapBytes,
    freshMemory: false,
    custom: [],
    core: {
      form: "command",
      imports: [
        {
          module: "wasi_snapshot_preview1",
          name: "poll_oneoff",
          kind: "function",
          type: "(i32, i32, i32, i32) -> i32",
        },
      ],
      memory: 0,
      initializes: false,
      trapsMissing: false,
    },
  };
}
