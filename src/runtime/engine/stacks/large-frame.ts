/** How many values one call gives: the compilers look at all values that a function holds at each of its calls, so there are few. */
const VALUES_OF_CALL = 64;
const VALUE_BYTES = 16;

const [FUNCTION_TYPE, V128, CALL] = [0x60, 0x7b, 0x10];
const [XOR, ANY_TRUE] = [
  [0xfd, 0x51],
  [0xfd, 0x53],
];

/** The type of the function that {@link largeFrame} calls: `(func (result v128 ...))`. */
export const FRAME_VALUES_TYPE: readonly number[] = [
  FUNCTION_TYPE,
  0,
  VALUES_OF_CALL,
  ...Array.from({ length: VALUES_OF_CALL }, () => V128),
];

/**
 * Instructions of WebAssembly that give an `i32` and make the frame of their function so large, where they stand behind a branch that is
 * never taken: what they call gives values that are all held until the last call has been made. The engine compares the size of a frame with
 * what is left of the stack before a function runs; nothing is written there. What they call has to be an import, which no compiler sees
 * into, and what they give has to be returned: the optimizing compiler leaves out what is of no use.
 *
 * @param bytes At least, a multiple of 1,024.
 * @param callee The index of a function of {@link FRAME_VALUES_TYPE}, less than 128.
 */
export function largeFrame(bytes: number, callee: number): Uint8Array {
  const calls = Math.ceil(bytes / VALUE_BYTES / VALUES_OF_CALL);
  const folding = calls * 2;
  const folded = folding + (calls * VALUES_OF_CALL - 1) * XOR.length;
  const code = new Uint8Array(folded + ANY_TRUE.length);
  for (let at = 0; at < folding; at += 2) code.set([CALL, callee], at);
  for (let at = folding; at < folded; at += XOR.length) code.set(XOR, at);
  code.set(ANY_TRUE, folded);
  return code;
}
