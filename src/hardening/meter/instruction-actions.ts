import { OPCODE, OPCODES, PAGE, PREFIXED } from "../read/opcodes.ts";

/** What the rewriter does at an instruction. */
export const ACTION = {
  none: 0,
  local: 1,
  global: 2,
  block: 3,
  loop: 4,
  if: 5,
  else: 6,
  end: 7,
  branch: 8,
  branchIf: 9,
  branchTable: 10,
  /** What ends the function, or the block, without a label: return, throw, unreachable. */
  leave: 11,
  call: 12,
  tailCall: 13,
  functionReference: 14,
  try: 15,
  tryTable: 16,
  catch: 17,
  delegate: 18,
  /** What becomes the call of a helper of the same type. */
  replace: 19,
  /** What takes time by a length, which is on top of the stack. */
  measure: 20,
  /** What blocks the thread until another one wakes it up. */
  wait: 21,
  /** What is never allowed. */
  refuse: 22,
} as const;

const { unreachable, throw: throwTag, rethrow, throwRef, return: returns } = OPCODE;

/** Operations over ranges of tables and arrays, and memory.init; all have their length on top of the stack. */
const MEASURED: readonly number[] = [
  PREFIXED.memoryInit,
  PREFIXED.tableInit,
  PREFIXED.tableCopy,
  PREFIXED.tableGrow,
  PREFIXED.tableFill,
  // array.new, array.new_default, array.new_data, array.new_elem, array.fill, array.copy, array.init_data, array.init_elem.
  ...[0x06, 0x07, 0x09, 0x0a, 0x10, 0x11, 0x12, 0x13].map((opcode) => PAGE.collected + opcode),
];

const OPCODES_OF: readonly (readonly [action: keyof typeof ACTION, opcodes: readonly number[]])[] = [
  ["local", [OPCODE.localGet, OPCODE.localSet, OPCODE.localTee]],
  ["global", [OPCODE.globalGet, OPCODE.globalSet]],
  ["block", [OPCODE.block]],
  ["loop", [OPCODE.loop]],
  ["if", [OPCODE.if]],
  ["else", [OPCODE.else]],
  ["end", [OPCODE.end]],
  ["branch", [OPCODE.br]],
  ["branchIf", [OPCODE.brIf, OPCODE.brOnNull, OPCODE.brOnNonNull, PREFIXED.brOnCast, PREFIXED.brOnCastFail]],
  ["branchTable", [OPCODE.brTable]],
  ["leave", [unreachable, throwTag, rethrow, throwRef, returns]],
  ["call", [OPCODE.call, OPCODE.callIndirect, OPCODE.callRef]],
  ["tailCall", [OPCODE.returnCall, OPCODE.returnCallIndirect, OPCODE.returnCallRef]],
  ["functionReference", [OPCODE.refFunc]],
  ["try", [OPCODE.try]],
  ["tryTable", [OPCODE.tryTable]],
  ["catch", [OPCODE.catch, OPCODE.catchAll]],
  ["delegate", [OPCODE.delegate]],
  ["replace", [OPCODE.memoryGrow, PREFIXED.memoryCopy, PREFIXED.memoryFill]],
  ["measure", MEASURED],
  ["wait", [PREFIXED.atomicWait32, PREFIXED.atomicWait64]],
];

/** A value of {@link ACTION} for each instruction, by its number in `opcodes.ts`. */
export const ACTION_OF: Readonly<Uint8Array> = new Uint8Array(OPCODES);

for (const [action, opcodes] of OPCODES_OF) {
  for (const opcode of opcodes) (ACTION_OF as Uint8Array)[opcode] = ACTION[action];
}
