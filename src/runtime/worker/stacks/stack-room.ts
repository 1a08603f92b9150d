import { FRAME_VALUES_TYPE, largeFrame } from "../../engine/stacks/large-frame.ts";

/** How much stack a host function finds free, at least, in bytes. Workers have 4 MB of it. */
const ROOM_BYTES = 64 * 1024;

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const [TYPE, IMPORT, FUNCTION, EXPORT, CODE] = [1, 2, 3, 7, 10];
const [FUNCTION_TYPE, I32] = [0x60, 0x7f];
const SIZE_BYTES = 3;

/** Would hold {@link ROOM_BYTES} of values on its stack if it were called with another number than 0. */
const probe = functionWithFrame(ROOM_BYTES);

/**
 * Whether the host has stack left. A guest chooses how deep it nests its calls; host code that runs out of stack in the middle of its
 * work leaves that half done: promises that never settle, listeners that were never called, and lines of the engine's on the process's
 * stderr.
 *
 * Costs some ten nanoseconds: the engine compares the size of a function's frame with what is left before the function runs.
 */
export function hasStackRoom(): boolean {
  try {
    probe(0);
    return true;
  } catch {
    return false;
  }
}

/** A function that returns at once when it is given 0, with a frame of so many bytes. */
function functionWithFrame(bytes: number): (go: number) => number {
  // No locals, which would be set to zero at each call: local.get 0, i32.eqz, if, i32.const 0, return, end; ... end
  const before = [0, 0x20, 0, 0x45, 0x04, 0x40, 0x41, 0, 0x0f, 0x0b];
  const frame = largeFrame(bytes, 0);
  const code = new Uint8Array(before.length + frame.length + 1);
  code.set(before);
  code.set(frame, before.length);
  code[code.length - 1] = 0x0b;
  const head = Uint8Array.of(
    ...PREAMBLE,
    ...section(TYPE, [2, ...FRAME_VALUES_TYPE, FUNCTION_TYPE, 1, I32, 1, I32]),
    // The module "", its function "", of the first type.
    ...section(IMPORT, [1, 0, 0, 0, 0]),
    ...section(FUNCTION, [1, 1]),
    // As "": the second function.
    ...section(EXPORT, [1, 0, 0, 1]),
    // One body.
    CODE,
    ...size(1 + SIZE_BYTES + code.length),
    1,
    ...size(code.length),
  );
  const module = new Uint8Array(head.length + code.length);
  module.set(head);
  module.set(code, head.length);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { "": { "": () => [] } });
  return instance.exports[""] as (go: number) => number;
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...size(content.length), ...content];
}

/** LEB128 of {@link SIZE_BYTES}, which is enough here. */
function size(count: number): number[] {
  return [(count & 0x7f) | 0x80, ((count >> 7) & 0x7f) | 0x80, count >> 14];
}
