/**
 * What instructions cost, in units of fuel. A unit is about one simple instruction; the classes follow what the engine
 * makes of an instruction, so that a unit takes about the same time whatever it is spent on. A change of these values
 * changes how much fuel a component uses, and is therefore a change of `HARDENING_PROFILE`.
 */
export const FUEL_COST = {
  /** Structure, which compiles to nothing: block, loop, end, else, nop, drop, unreachable, catch, try. */
  structure: 0,
  /** Everything that has no class of its own. */
  simple: 1,
  /** Reading memory, which takes long where it is in no cache: a slice of nothing but that is to end within 5 ms. */
  load: 3,
  /** Division, remainder and square root; calls through a table or a reference; access to tables; type tests. */
  slow: 4,
  /** What allocates or asks the host: memory.grow, table.grow, new objects, throwing, atomic read-modify-write. */
  heavy: 10,
  /** The fixed part of operations over ranges; their length is charged, too. */
  bulk: 10,
} as const;

/** A function's locals, which are zeroed when it is entered: one unit for this many. Parameters cost nothing. */
export const LOCALS_PER_UNIT = 8;

/** memory.fill, memory.copy, memory.init: one unit for this many bytes, rounded down, charged before they happen. */
export const BYTES_PER_UNIT = 16;

/**
 * memory.fill and memory.copy are done in pieces of this many bytes, each charged and checked before it is done, so that
 * none of them keeps a deadline waiting.
 */
export const PIECE_BYTES: number = 1024 * 1024;

/**
 * Along every path through a function the counter is checked after at most twice this many units, where each call of another function
 * counts as {@link LEAF_UNITS}; see `scan-body.ts` for what follows from it.
 */
export const UNCHECKED_UNITS = 256;

/** A function without calls and loops that costs at most this much is charged but not checked: it cannot go on for long. */
export const LEAF_UNITS = 32;

/** One that nothing but calls by name can reach may cost this much to be charged by those who call it, as code of their own. */
export const CALLEE_UNITS = 96;

/**
 * By how much the paths through code without a loop may differ for it to be charged once, at what the most expensive path costs: a
 * function, a block, an iteration of an innermost loop. See `flat-cost.ts`.
 */
export const FLAT_UNITS = 32;

/** Loops of straight code of at most this many bytes are written out several times. */
export const UNROLLED_BYTES = 64;

/** The class of an instruction. */
export type CostClass = keyof typeof FUEL_COST;
