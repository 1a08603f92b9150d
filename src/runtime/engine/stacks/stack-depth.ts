import { hostInstance } from "../../instance-modules.ts";
import { FRAME_VALUES_TYPE, largeFrame } from "./large-frame.ts";

/** How much of a stack is looked at in one step, in bytes. */
const STEP_BYTES = 32 * 1024;

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const [TYPE, IMPORT, FUNCTION, GLOBAL, EXPORT, CODE] = [1, 2, 3, 6, 7, 10];
const [FUNCTION_TYPE, I32] = [0x60, 0x7f];

/**
 * A module that checks how much is left of the stack that calls it:
 *
 *     (global $steps (export "n") (mut i32) (i32.const 0))      ;; how many steps have to be left; 0 when it is not checked
 *     (global $taken (export "t") (mut i32) (i32.const 0))      ;; how many were there
 *     (global $never (export "x") (mut i32) (i32.const 0))
 *     (func $values (import "" "") (result v128 ...))
 *     (func $step (param $left i32) (result i32)
 *       (global.set $taken (i32.add (global.get $taken) (i32.const 1)))
 *       (if (i32.eqz (local.get $left)) (then (return (i32.const 0))))
 *       (if (i32.eqz (global.get $never)) (then (return (call $step (i32.sub (local.get $left) (i32.const 1))))))
 *       (call $values) ... v128.xor ... v128.any_true)          ;; of so many values
 *     (func (export "c")
 *       (if (global.get $steps) (then (drop (call $step (global.get $steps))))))
 *
 * The last line of `$step`, which is never come to, makes its frame large. Where a frame does not fit, the stack overflows, which no code
 * of WebAssembly can catch.
 */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const count = [0, 0x23, 1, 0x41, 1, 0x6a, 0x24, 1];
  const last = [0x20, 0, 0x45, 0x04, 0x40, 0x41, 0, 0x0f, 0x0b];
  const next = [0x23, 2, 0x45, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x0f, 0x0b];
  const step = [...count, ...last, ...next, ...largeFrame(STEP_BYTES, 0), 0x0b];
  const check = [0, 0x23, 0, 0x04, 0x40, 0x23, 0, 0x10, 1, 0x1a, 0x0b, 0x0b];
  const global = [I32, 1, 0x41, 0, 0x0b];
  return Uint8Array.from([
    ...PREAMBLE,
    ...section(TYPE, [3, ...FRAME_VALUES_TYPE, FUNCTION_TYPE, 1, I32, 1, I32, FUNCTION_TYPE, 0, 0]),
    ...section(IMPORT, [1, 0, 0, 0, 0]),
    ...section(FUNCTION, [2, 1, 2]),
    ...section(GLOBAL, [3, ...global, ...global, ...global]),
    ...section(EXPORT, [4, 1, 0x6e, 3, 0, 1, 0x74, 3, 1, 1, 0x78, 3, 2, 1, 0x63, 0, 2]),
    ...section(CODE, [2, ...size(step.length), ...step, ...size(check.length), ...check]),
  ]);
}

interface DepthExports {
  readonly n: WebAssembly.Global<"i32">;
  readonly t: WebAssembly.Global<"i32">;
  readonly c: () => void;
}

/** More steps than any stack has. */
const TOO_MANY = 2 ** 20;

/**
 * Bounds what stacks of a thread hold when they are suspended. The engine does not tell how deep a stack is; code that runs on it can
 * only try whether it has so much left, and has it no more where it has not.
 */
class StackDepth {
  readonly #exports: DepthExports;
  /** How many steps there are on a stack that nothing else is on. */
  #all: number | undefined;

  constructor() {
    const module = new WebAssembly.Module(moduleBytes());
    this.#exports = hostInstance(module, { "": { "": () => [] } }).exports as unknown as DepthExports;
  }

  /** To be called by the code that is on a stack before that is suspended: the stack overflows where it holds more than it may. */
  get check(): unknown {
    return this.#exports.c;
  }

  /** Says what the stack that is checked next may hold, in bytes, to a step or two; undefined for as much as there is. */
  allow(bytes: number | undefined): void {
    if (bytes === undefined) this.#exports.n.value = 0;
    else {
      this.#all ??= this.#stepsOfAll();
      this.#exports.n.value = Math.max(0, this.#all - Math.ceil(bytes / STEP_BYTES) - 1);
    }
  }

  #stepsOfAll(): number {
    const { n, t, c } = this.#exports;
    n.value = TOO_MANY;
    t.value = 0;
    WebAssembly.promising(c)().catch(() => undefined);
    return t.value;
  }
}

let made: StackDepth | undefined;

/** That of this thread. */
export function stackDepth(): StackDepth {
  return (made ??= new StackDepth());
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...size(content.length), ...content];
}

/** LEB128 of three bytes, which is enough here. */
function size(count: number): number[] {
  return [(count & 0x7f) | 0x80, ((count >> 7) & 0x7f) | 0x80, count >> 14];
}
