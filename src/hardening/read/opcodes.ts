/**
 * Instructions by number. Those of one byte have that byte; those behind a prefix have a page of numbers each, so that
 * one array can be indexed by all of them.
 */
export const OPCODE = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  delegate: 0x18,
  catchAll: 0x19,
  drop: 0x1a,
  tryTable: 0x1f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableSet: 0x26,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  refFunc: 0xd2,
  brOnNull: 0xd5,
  brOnNonNull: 0xd6,
} as const;

/** First bytes of instructions of several bytes. */
export const PREFIX = { collected: 0xfb, miscellaneous: 0xfc, vector: 0xfd, atomic: 0xfe } as const;

/** Where each prefix's page of numbers begins. */
export const PAGE = { collected: 0x100, miscellaneous: 0x200, vector: 0x300, atomic: 0x500 } as const;

/** How many numbers there are. */
export const OPCODES = 0x600;

type Prefixed =
  | "brOnCast"
  | "brOnCastFail"
  | "memoryInit"
  | "memoryCopy"
  | "memoryFill"
  | "tableInit"
  | "tableCopy"
  | "tableGrow"
  | "tableFill"
  | "atomicWait32"
  | "atomicWait64";

/** Instructions behind prefixes that hardening treats apart. */
export const PREFIXED: Readonly<Record<Prefixed, number>> = {
  brOnCast: PAGE.collected + 0x18,
  brOnCastFail: PAGE.collected + 0x19,
  memoryInit: PAGE.miscellaneous + 0x08,
  memoryCopy: PAGE.miscellaneous + 0x0a,
  memoryFill: PAGE.miscellaneous + 0x0b,
  tableInit: PAGE.miscellaneous + 0x0c,
  tableCopy: PAGE.miscellaneous + 0x0e,
  tableGrow: PAGE.miscellaneous + 0x0f,
  tableFill: PAGE.miscellaneous + 0x11,
  atomicWait32: PAGE.atomic + 0x01,
  atomicWait64: PAGE.atomic + 0x02,
};
