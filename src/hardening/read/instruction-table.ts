import { type CostClass, FUEL_COST } from "../meter/fuel-costs.ts";
import { OPCODES, PAGE } from "./opcodes.ts";

/** What follows an instruction's opcode (core specification 5.4). Zero is an instruction that does not exist. */
export const IMMEDIATE = {
  unknown: 0,
  none: 1,
  index: 2,
  twoIndices: 3,
  blockType: 4,
  integer: 5,
  f32: 6,
  f64: 7,
  memory: 8,
  memoryAndLane: 9,
  bytes16: 10,
  byte: 11,
  heapType: 12,
  labels: 13,
  types: 14,
  catches: 15,
  cast: 16,
} as const;

type Shape = Exclude<keyof typeof IMMEDIATE, "unknown">;
type Row = readonly [opcodes: readonly number[], shape: Shape, cost: CostClass];

/** Instructions of one byte. */
const PLAIN: readonly Row[] = [
  [[0x00, 0x01, 0x05, 0x0b, 0x19, 0x1a], "none", "structure"],
  [[0x02, 0x03, 0x06], "blockType", "structure"],
  [[0x07, 0x18], "index", "structure"],
  [[0x1f], "catches", "structure"],
  [[0x04], "blockType", "simple"],
  [[0x0f, 0x1b], "none", "simple"],
  [[0x0c, 0x0d, 0x10, 0x12], "index", "simple"],
  [[0x0e], "labels", "simple"],
  [[0x08, 0x09], "index", "heavy"],
  [[0x0a], "none", "heavy"],
  [[0x11, 0x13], "twoIndices", "slow"],
  [[0x14, 0x15], "index", "slow"],
  [[0x1c], "types", "simple"],
  [range(0x20, 0x24), "index", "simple"],
  [[0x25, 0x26], "index", "slow"],
  [range(0x28, 0x35), "memory", "load"],
  [range(0x36, 0x3e), "memory", "simple"],
  [[0x3f], "index", "simple"],
  [[0x40], "index", "heavy"],
  [[0x41, 0x42], "integer", "simple"],
  [[0x43], "f32", "simple"],
  [[0x44], "f64", "simple"],
  [range(0x45, 0xc4), "none", "simple"],
  // Division and remainder of i32 and i64; square root and division of f32 and f64.
  [[...range(0x6d, 0x70), ...range(0x7f, 0x82), 0x91, 0x95, 0x9f, 0xa3], "none", "slow"],
  [[0xd0], "heapType", "simple"],
  [[0xd1, 0xd3, 0xd4], "none", "simple"],
  [[0xd2, 0xd5, 0xd6], "index", "simple"],
];

/** Garbage-collected types: structs, arrays, casts, i31. */
const COLLECTED: readonly Row[] = [
  [[0x00, 0x01, 0x06, 0x07], "index", "heavy"],
  [[0x08, 0x09, 0x0a], "twoIndices", "heavy"],
  [range(0x02, 0x05), "twoIndices", "simple"],
  [range(0x0b, 0x0e), "index", "simple"],
  [[0x0f, ...range(0x1a, 0x1e)], "none", "simple"],
  [[0x10], "index", "bulk"],
  [range(0x11, 0x13), "twoIndices", "bulk"],
  [range(0x14, 0x17), "heapType", "slow"],
  [[0x18, 0x19], "cast", "slow"],
];

/** Saturating conversions, bulk operations, wide arithmetic. */
const MISCELLANEOUS: readonly Row[] = [
  [[...range(0x00, 0x07), ...range(0x13, 0x16)], "none", "simple"],
  [[0x08, 0x0a, 0x0c, 0x0e], "twoIndices", "bulk"],
  [[0x0b, 0x11], "index", "bulk"],
  [[0x09, 0x0d], "index", "simple"],
  [[0x0f], "index", "heavy"],
  [[0x10], "index", "simple"],
];

/** Vectors, relaxed ones included. */
const VECTOR: readonly Row[] = [
  [[...range(0x00, 0x0a), 0x5c, 0x5d], "memory", "load"],
  [[0x0b], "memory", "simple"],
  [[0x0c, 0x0d], "bytes16", "simple"],
  [range(0x15, 0x22), "byte", "simple"],
  [range(0x54, 0x57), "memoryAndLane", "load"],
  [range(0x58, 0x5b), "memoryAndLane", "simple"],
  [
    [
      ...range(0x0e, 0x14),
      ...range(0x23, 0x53),
      ...without(
        range(0x5e, 0xff),
        [
          0x9a, 0xa2, 0xa5, 0xa6, 0xaf, 0xb0, 0xb2, 0xb3, 0xb4, 0xbb, 0xc2, 0xc5, 0xc6, 0xcf, 0xd0, 0xd2, 0xd3, 0xd4,
          0xe2, 0xee,
        ],
      ),
      ...range(0x100, 0x113),
    ],
    "none",
    "simple",
  ],
  // Square root and division of f32x4 and f64x2.
  [[0xe3, 0xe7, 0xef, 0xf3], "none", "slow"],
];

/** Shared memory. */
const ATOMIC: readonly Row[] = [
  [range(0x00, 0x02), "memory", "heavy"],
  [[0x03], "byte", "heavy"],
  [range(0x10, 0x16), "memory", "load"],
  [range(0x17, 0x1d), "memory", "heavy"],
  [range(0x1e, 0x4e), "memory", "heavy"],
];

/** What follows each instruction, by its number in `opcodes.ts`: a value of {@link IMMEDIATE}. */
export const IMMEDIATE_OF: Readonly<Uint8Array> = new Uint8Array(OPCODES);

/** What each instruction costs, in units of fuel, by its number in `opcodes.ts`. */
export const COST_OF: Readonly<Uint8Array> = new Uint8Array(OPCODES);

for (const [page, rows] of [
  [0, PLAIN],
  [PAGE.collected, COLLECTED],
  [PAGE.miscellaneous, MISCELLANEOUS],
  [PAGE.vector, VECTOR],
  [PAGE.atomic, ATOMIC],
] as const) {
  for (const [opcodes, shape, cost] of rows) {
    for (const opcode of opcodes) {
      (IMMEDIATE_OF as Uint8Array)[page + opcode] = IMMEDIATE[shape];
      (COST_OF as Uint8Array)[page + opcode] = FUEL_COST[cost];
    }
  }
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_item, index) => first + index);
}

function without(numbers: readonly number[], left: readonly number[]): readonly number[] {
  const out = new Set(left);
  return numbers.filter((one) => !out.has(one));
}
