/** How much stack a host function finds free, at least, in bytes. Workers have 4 MB of it. */
const ROOM_BYTES = 64 * 1024;

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const [TYPE, IMPORT, FUNCTION, EXPORT, CODE] = [1, 2, 3, 7, 10];
const [FUNCTION_TYPE, I32, I64] = [0x60, 0x7f, 0x7e];
/** Of the first function. */
const CALL: readonly number[] = [0x10, 0];
/** Of two `i64`. */
const ADD = 0x7c;
const END = 0x0b;
const SIZE_BYTES = 3;

/** Would hold {@link ROOM_BYTES} of results on its stack if it were called with another number than 0. */
const probe = frameOf(ROOM_BYTES / 8);

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

/** A function that returns at once when it is given 0, with a frame for so many `i64`: the results of calls that it would make. */
function frameOf(results: number): (go: number) => unknown {
  // No locals, which would be set to zero at each call: local.get 0, i32.eqz, if, i64.const 0, return, end
  const before = [0, 0x20, 0, 0x45, 0x04, 0x40, 0x42, 0, 0x0f, 0x0b];
  const code = new Uint8Array(before.length + results * CALL.length + (results - 1) + 1);
  code.set(before);
  const adding = before.length + results * CALL.length;
  for (let at = before.length; at < adding; at += CALL.length) code.set(CALL, at);
  code.fill(ADD, adding, -1);
  code[code.length - 1] = END;
  const head = Uint8Array.of(
    ...PREAMBLE,
    ...section(TYPE, [2, FUNCTION_TYPE, 0, 1, I64, FUNCTION_TYPE, 1, I32, 1, I64]),
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
  const bytes = new Uint8Array(head.length + code.length);
  bytes.set(head);
  bytes.set(code, head.length);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { "": { "": () => 0n } });
  return instance.exports[""] as (go: number) => unknown;
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...size(content.length), ...content];
}

/** LEB128 of {@link SIZE_BYTES}, which is enough here. */
function size(count: number): number[] {
  return [(count & 0x7f) | 0x80, ((count >> 7) & 0x7f) | 0x80, count >> 14];
}
