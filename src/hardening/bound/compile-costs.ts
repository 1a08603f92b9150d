import { OPCODE, OPCODES, PAGE, PREFIXED } from "../read/opcodes.ts";

/**
 * What code costs the engine's compilers. A unit is at most about 20 bytes of memory and 100 ns of one processor (200 ns for loops),
 * for the code as it is after hardening, in whichever compiler takes more. `scripts/compile-costs.ts` measures it for code of every
 * kind; run it after changing a value, and with each new version of the engine.
 */
export const MERGE = {
  /** For each local and operand at a block, and for each of its parameters and results: the state the compilers keep there. */
  block: 1,
  /** The same at an `if` (two states) and at a loop (one for the way back). */
  if: 2,
  loop: 4,
  /** For each local and operand at a branch, for each of its targets, and for what it brings: what is moved or merged there. */
  branch: 1,
  /** For each parameter and result of a call. Results that come on the stack are loaded one by one. */
  parameter: 1,
  result: 24,
  /** For each value that a handler of exceptions is given. */
  caught: 8,
} as const;

/** A call looks at every local and operand, as a loop does at every byte within it, and a br_table at every open block: one unit each. */
export const LOOKED_AT = { call: 32, loopByte: 16, openBlock: 8 } as const;

/**
 * Registers that are spilled are looked for among all locals and operands. This many pairs of a byte of code and a local or operand
 * are a unit.
 */
export const SPILL_PAIRS = 512;

/** The optimizing compiler compares loops with each other: this many pairs of loops are a unit. */
export const LOOP_PAIRS = 1;

/** An entry of a br_table, besides what is merged. */
export const TABLE_ENTRY = 40;

type Row = readonly [cost: number, opcodes: readonly (number | readonly [first: number, last: number])[]];

/** Everything that has no cost of its own. */
const SIMPLE = 12;

const PLAIN: readonly Row[] = [
  // Structure, locals, constants: they are nothing by themselves in compiled code.
  [1, [OPCODE.unreachable, OPCODE.nop, OPCODE.end, OPCODE.drop, [OPCODE.localGet, OPCODE.localTee]]],
  [4, [[0x41, 0x44], 0xd0]],
  [60, [OPCODE.block]],
  [180, [OPCODE.if, OPCODE.brIf, OPCODE.brOnNull, OPCODE.brOnNonNull]],
  [100, [OPCODE.else, OPCODE.br, OPCODE.brTable, OPCODE.return]],
  [1_200, [OPCODE.loop]],
  [400, [OPCODE.try, OPCODE.tryTable, OPCODE.catch, OPCODE.catchAll, OPCODE.delegate]],
  [100, [OPCODE.throw, OPCODE.rethrow, OPCODE.throwRef]],
  [200, [OPCODE.call, OPCODE.returnCall]],
  [900, [OPCODE.callIndirect, OPCODE.returnCallIndirect, OPCODE.callRef, OPCODE.returnCallRef]],
  // table.get, table.set
  [1_500, [0x25]],
  [150, [0x26]],
  [90, [[0x28, 0x35]]],
  [50, [[0x36, 0x3e]]],
  [100, [OPCODE.globalSet, OPCODE.memoryGrow]],
  // Comparing with zero, shifts, division and remainder, copysign, truncation.
  [32, [0x45, [0x74, 0x78], [0x86, 0x8a]]],
  [140, [[0x6d, 0x70], [0x7f, 0x82], 0x98, 0xa6]],
  [
    100,
    [
      [0xa8, 0xab],
      [0xae, 0xb1],
    ],
  ],
];

/** Loads and stores of vectors and of their lanes. */
const VECTOR: readonly Row[] = [
  [
    120,
    [
      [0x00, 0x0b],
      [0x54, 0x5d],
    ],
  ],
];

const MISCELLANEOUS: readonly Row[] = [
  [264, [[0x00, 0x07]]],
  // Operations over ranges, which are calls of the engine and of helpers.
  [400, [[0x08, 0x11]]],
];

/** What each instruction costs by itself, by its number in `opcodes.ts`. */
export const COMPILE_COST_OF: Readonly<Uint16Array> = new Uint16Array(OPCODES).fill(SIMPLE);

const costs = COMPILE_COST_OF as Uint16Array;
costs.fill(300, PAGE.collected, PAGE.miscellaneous);
costs.fill(60, PAGE.vector, PAGE.atomic);
costs.fill(150, PAGE.atomic, OPCODES);
for (const [page, rows] of [
  [0, PLAIN],
  [PAGE.miscellaneous, MISCELLANEOUS],
  [PAGE.vector, VECTOR],
] as const) {
  for (const [cost, opcodes] of rows) {
    for (const one of opcodes) {
      const [first, last] = typeof one === "number" ? [one, one] : one;
      costs.fill(cost, page + first, page + last + 1);
    }
  }
}
costs.fill(300, PREFIXED.brOnCast, PREFIXED.brOnCastFail + 1);

/**
 * What a function may cost that the optimizing compiler may copy into those that call it, 60 of them into one: so these add a fifth to
 * what a function can cost.
 */
export const COPIED_COST = 20_000;
