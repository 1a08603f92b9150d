import { OPCODES, PAGE } from "../read/opcodes.ts";

type Row = readonly [effect: number, opcodes: readonly (number | readonly [first: number, last: number])[]];

/** Instructions of one byte. Calls, blocks and branches with values are for the scanner, which knows types. */
const PLAIN: readonly Row[] = [
  [1, [0x20, 0x23, [0x3f, 0x3f], [0x41, 0x44], 0xd0, 0xd2]],
  [
    -1,
    [
      0x04,
      0x0d,
      0x1a,
      0x21,
      0x24,
      0x46,
      [0x47, 0x4f],
      [0x51, 0x66],
      [0x6a, 0x78],
      [0x7c, 0x8a],
      [0x92, 0x98],
      [0xa0, 0xa6],
      0xd3,
      0xd6,
    ],
  ],
  [-2, [0x1b, 0x1c, 0x26, [0x36, 0x3e]]],
];

const COLLECTED: readonly Row[] = [
  [1, [0x00, 0x01, 0x08]],
  [-1, [0x06, 0x09, 0x0a, [0x0b, 0x0d]]],
  [-2, [0x05]],
  [-3, [0x0e]],
  [-4, [0x10, 0x12, 0x13]],
  [-5, [0x11]],
];

const MISCELLANEOUS: readonly Row[] = [
  [1, [0x10]],
  [-1, [0x0f, 0x15, 0x16]],
  [-2, [0x13, 0x14]],
  [-3, [0x08, 0x0a, 0x0b, 0x0c, 0x0e, 0x11]],
];

const VECTOR: readonly Row[] = [
  [1, [0x0c]],
  [
    -1,
    [
      ...([
        0x0d,
        0x0e,
        0x17,
        0x1a,
        0x1c,
        0x1e,
        0x20,
        0x22,
        [0x23, 0x4c],
        [0x4e, 0x51],
        [0x54, 0x57],
        0x65,
        0x66,
      ] as const),
      ...([
        [0x6b, 0x73],
        [0x76, 0x79],
        0x7b,
        0x82,
        0x85,
        0x86,
        [0x8b, 0x93],
        [0x95, 0x9f],
        [0xab, 0xbe],
        [0xcb, 0xdf],
      ] as const),
      ...([[0xe4, 0xeb], [0xf0, 0xf7], 0x100, [0x10d, 0x112]] as const),
    ],
  ],
  [-2, [0x0b, 0x52, [0x58, 0x5b], [0x105, 0x10c], 0x113]],
];

const ATOMIC: readonly Row[] = [
  [-1, [0x00, [0x1e, 0x47]]],
  [-2, [0x01, 0x02, [0x17, 0x1d], [0x48, 0x4e]]],
];

/**
 * By how much each instruction makes the stack of operands grow or shrink, by its number in `opcodes.ts`. What depends on types
 * is zero here, or too high by what is popped.
 */
export const STACK_EFFECT_OF: Readonly<Int8Array> = new Int8Array(OPCODES);

for (const [page, rows] of [
  [0, PLAIN],
  [PAGE.collected, COLLECTED],
  [PAGE.miscellaneous, MISCELLANEOUS],
  [PAGE.vector, VECTOR],
  [PAGE.atomic, ATOMIC],
] as const) {
  for (const [effect, opcodes] of rows) {
    for (const one of opcodes) {
      const [first, last] = typeof one === "number" ? [one, one] : one;
      for (let opcode = first; opcode <= last; opcode += 1) (STACK_EFFECT_OF as Int8Array)[page + opcode] = effect;
    }
  }
}
