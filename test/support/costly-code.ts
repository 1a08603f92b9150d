import { leb128, moduleOf, sectionOf } from "./component-bytes.ts";

/** Code that takes the engine much for its size: a module of one costly function, for each construct that is known to cost. */

type Bytes = readonly number[] | Uint8Array;

const I32 = 0x7f;
const [BLOCK, LOOP, IF, ELSE, TRY, CATCH, THROW, END, BR_IF, BR_TABLE, RETURN, CALL, CALL_INDIRECT, CATCH_ALL] = [
  0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0b, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x19,
];
const [DROP, TRY_TABLE, GET, SET, CONST, UNREACHABLE, EMPTY] = [0x1a, 0x1f, 0x20, 0x21, 0x41, 0x00, 0x40];

/** Indices of the types and the functions that every module has. */
const NOTHING = 0;
const OTHER = 1;

/** The most parameters and results that the engine allows. */
const MANY = 1_000;

/** The index of the type that a case adds, and of its second. */
const ADDED = 2;
const ADDED_RESULTS = 3;

interface Costly {
  /** Function types: of `MANY` values in, out, or both. */
  readonly types?: readonly Bytes[];
  /** The type of function {@link OTHER}. */
  readonly other?: number;
  /** Locals of the function: how many, of what type. */
  readonly locals?: readonly (readonly [count: number, type: number])[];
  readonly code: (count: number) => readonly Bytes[];
}

/** The same bytes so many times. */
function times(count: number, ...bytes: readonly number[]): Uint8Array {
  return Buffer.alloc(count * bytes.length, Uint8Array.from(bytes));
}

function each(count: number, bytes: (index: number) => readonly number[]): Uint8Array {
  return Uint8Array.from(Array.from({ length: count }, (_, index) => bytes(index)).flat());
}

function values(count: number): Uint8Array {
  return Buffer.concat([leb128(count), times(count, I32)]);
}

function sized(content: Uint8Array): Uint8Array {
  return Buffer.concat([leb128(content.length), content]);
}

function functionType(parameters: number, results: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x60), values(parameters), values(results)]);
}

const GIVING = [functionType(0, MANY)];
const TAKING = [functionType(MANY, 0)];
const BOTH = [functionType(MANY, MANY)];
const LOCALS = [[5_000, I32]] as const;
const operands = (count: number): Uint8Array => times(count, CONST, 0);

/** Each makes a function of about so many repetitions of something. */
const CASES: Readonly<Record<string, Costly>> = {
  "br_if with 5,000 locals": {
    locals: LOCALS,
    code: (count) => [[BLOCK, EMPTY], times(count, GET, 0, BR_IF, 0), [END]],
  },
  "br_if with 5,000 locals that change between": {
    locals: LOCALS,
    code: (count) => [
      [BLOCK, EMPTY],
      each(count, (index) => [CONST, index & 63, SET, ...leb128(1 + (index % 5_000)), GET, 0, BR_IF, 0]),
      [END],
    ],
  },
  "br_if back to a loop with 5,000 locals": {
    locals: LOCALS,
    code: (count) => [
      [LOOP, EMPTY],
      each(count, (index) => [GET, 0, SET, ...leb128(1 + (index % 5_000)), GET, 0, BR_IF, 0]),
      [END],
    ],
  },
  "br_if to 1,000 results, one slot off": {
    types: GIVING,
    code: (count) => [
      [BLOCK, ADDED],
      operands(MANY + 1),
      times(count, GET, 0, BR_IF, 0),
      [RETURN, END],
      times(MANY, DROP),
    ],
  },
  "br_if over 1,000 operands": {
    code: (count) => [[BLOCK, EMPTY], operands(MANY), times(count, GET, 0, BR_IF, 0), times(MANY, DROP), [END]],
  },
  "dead br_if to 1,000 results": {
    types: GIVING,
    code: (count) => [[BLOCK, ADDED, UNREACHABLE], times(count, BR_IF, 0), [UNREACHABLE, END], times(MANY, DROP)],
  },
  "dead br_table to 1,000 results": {
    types: GIVING,
    code: (count) => [
      [BLOCK, ADDED, BLOCK, ADDED, UNREACHABLE],
      times(count, BR_TABLE, 1, 0, 1),
      [END, END],
      times(MANY, DROP),
    ],
  },
  "dead br_table within 5,000 blocks": {
    code: (count) => [
      [UNREACHABLE],
      times(5_000, BLOCK, EMPTY),
      [UNREACHABLE],
      times(count, BR_TABLE, 0, 0),
      times(5_000, END),
    ],
  },
  "a br_table of many entries with 5,000 locals": {
    locals: LOCALS,
    code: (count) => [
      [BLOCK, EMPTY, GET, 0, BR_TABLE],
      leb128(Math.min(count, 65_000)),
      times(Math.min(count, 65_000), 0),
      [0, END],
    ],
  },
  "a br_table to as many blocks": {
    locals: [[500, I32]],
    code: (count) => [
      times(count, BLOCK, EMPTY),
      [GET, 0, BR_TABLE],
      leb128(count),
      each(count, (index) => [...leb128(index)]),
      [0],
      times(count, END),
    ],
  },
  "a br_table of many entries": {
    code: (count) =>
      Array.from({ length: Math.ceil(count / 1_000) }, () =>
        Buffer.concat([
          Uint8Array.of(BLOCK, EMPTY, BLOCK, EMPTY, GET, 0, BR_TABLE),
          leb128(1_000),
          times(500, 0, 1),
          Uint8Array.of(0, END, END),
        ]),
      ),
  },
  "blocks with 5,000 locals": { locals: LOCALS, code: (count) => [times(count, BLOCK, EMPTY, GET, 0, BR_IF, 0, END)] },
  "loops with 5,000 locals": { locals: LOCALS, code: (count) => [times(count, LOOP, EMPTY, END)] },
  "ifs with 5,000 locals": { locals: LOCALS, code: (count) => [times(count, GET, 0, IF, EMPTY, END)] },
  "ifs with 5,000 locals, each of which changes one": {
    locals: LOCALS,
    code: (count) => [each(count, (index) => [GET, 0, IF, EMPTY, CONST, 1, SET, ...leb128(1 + (index % 5_000)), END])],
  },
  "ifs and elses with 5,000 locals": {
    locals: LOCALS,
    code: (count) => [times(count, GET, 0, IF, EMPTY, ELSE, END)],
  },
  "blocks of 1,000 parameters and results": {
    types: BOTH,
    code: (count) => [operands(MANY), times(count, BLOCK, ADDED, END), times(MANY, DROP)],
  },
  "dead blocks of 1,000 parameters and results": {
    types: BOTH,
    code: (count) => [[UNREACHABLE], times(count, BLOCK, ADDED, UNREACHABLE, END), [UNREACHABLE]],
  },
  "loops of 1,000 parameters and results": {
    types: BOTH,
    code: (count) => [operands(MANY), times(count, LOOP, ADDED, END), times(MANY, DROP)],
  },
  "ifs of 1,000 parameters and results": {
    types: BOTH,
    code: (count) => [operands(MANY), times(count, GET, 0, IF, ADDED, END), times(MANY, DROP)],
  },
  "calls of 1,000 parameters and results": {
    types: BOTH,
    other: ADDED,
    code: (count) => [operands(MANY), times(count, CALL, OTHER), times(MANY, DROP)],
  },
  "calls of 1,000 results that are dropped": {
    types: GIVING,
    other: ADDED,
    code: (count) => [each(count, () => [CALL, OTHER, ...times(MANY, DROP)])],
  },
  "dead calls of 1,000 results": {
    types: GIVING,
    other: ADDED,
    code: (count) => [[UNREACHABLE], times(count, CALL, OTHER), [UNREACHABLE]],
  },
  "calls with 5,000 locals": { locals: LOCALS, code: (count) => [times(count, CALL, OTHER)] },
  "calls with 5,000 references as locals": {
    locals: [[5_000, 0x70]],
    code: (count) => [times(count, CALL, OTHER)],
  },
  "calls within a try with 5,000 locals": {
    locals: LOCALS,
    code: (count) => [[TRY, EMPTY], times(count, CALL, OTHER), [CATCH_ALL, END]],
  },
  "calls within a try_table with 5,000 locals": {
    locals: LOCALS,
    code: (count) => [[BLOCK, EMPTY, TRY_TABLE, EMPTY, 1, 2, 0], times(count, CALL, OTHER), [END, END]],
  },
  "catches of 1,000 values": {
    types: TAKING,
    code: (count) => [[TRY, EMPTY, CALL, OTHER], times(count, CATCH, 0, UNREACHABLE), [END]],
  },
  "a try_table of many catches of 1,000 values": {
    types: [...TAKING, ...GIVING],
    code: (count) => [
      [BLOCK, ADDED_RESULTS, TRY_TABLE, EMPTY],
      leb128(count),
      times(count, 0, 0, 0),
      [CALL, OTHER, END, RETURN, END],
      times(MANY, DROP),
    ],
  },
  "dead throws of 1,000 values": {
    types: TAKING,
    code: (count) => [[UNREACHABLE], times(count, THROW, 0), [UNREACHABLE]],
  },
  "dead returns and blocks within many": {
    code: (count) => [times(count, BLOCK, EMPTY, UNREACHABLE), times(count, END)],
  },
  "loops within loops": { code: (count) => [times(count, LOOP, EMPTY), times(50_000, 0x01), times(count, END)] },
  "loops within loops with 5,000 locals": {
    locals: LOCALS,
    code: (count) => [times(count, LOOP, EMPTY), times(count, END)],
  },
  "registers spilled below 48,000 locals": {
    locals: [[48_000, I32]],
    code: (count) => [each(count, (index) => [GET, 40 + (index % 25), SET, 1 + (index % 25)])],
  },
  loops: { code: (count) => [times(count, LOOP, EMPTY, END)] },
  "loops that go round": { code: (count) => [times(count, LOOP, EMPTY, GET, 0, BR_IF, 0, END)] },
  ifs: { code: (count) => [times(count, GET, 0, IF, EMPTY, END)] },
  blocks: { code: (count) => [times(count, BLOCK, EMPTY, GET, 0, BR_IF, 0, END)] },
  "br_if out of the function": { code: (count) => [times(count, GET, 0, BR_IF, 0)] },
  br_tables: { code: (count) => [times(count, BLOCK, EMPTY, BLOCK, EMPTY, GET, 0, BR_TABLE, 1, 0, 1, END, END)] },
  calls: { code: (count) => [times(count, CALL, OTHER)] },
  "calls through a table": { code: (count) => [times(count, GET, 0, CALL_INDIRECT, NOTHING, 0)] },
  tries: { code: (count) => [times(count, TRY, EMPTY, CALL, OTHER, CATCH_ALL, END)] },
  try_tables: {
    code: (count) => [times(count, BLOCK, EMPTY, TRY_TABLE, EMPTY, 1, 2, 0, CALL, OTHER, END, END)],
  },
  "table.get": { locals: [[1, 0x70]], code: (count) => [times(count, GET, 0, 0x25, 0, SET, 1)] },
  "table.set": { locals: [[1, 0x70]], code: (count) => [times(count, GET, 0, GET, 1, 0x26, 0)] },
  "memory.grow": { code: (count) => [times(count, GET, 0, 0x40, 0, DROP)] },
  "memory.copy": { code: (count) => [times(count, GET, 0, GET, 0, GET, 0, 0xfc, 0x0a, 0, 0)] },
  "memory.fill": { code: (count) => [times(count, GET, 0, GET, 0, GET, 0, 0xfc, 0x0b, 0)] },
  "table.copy": { code: (count) => [times(count, GET, 0, GET, 0, GET, 0, 0xfc, 0x0e, 0, 0)] },
  "table.grow": { locals: [[1, 0x70]], code: (count) => [times(count, GET, 1, GET, 0, 0xfc, 0x0f, 0, DROP)] },
  "global.set": { code: (count) => [times(count, 0x23, 0, 0x24, 0)] },
  loads: { code: (count) => [times(count, GET, 0, 0x28, 0, 0, SET, 0)] },
  stores: { code: (count) => [times(count, GET, 0, GET, 0, 0x36, 0, 0)] },
  additions: { code: (count) => [[GET, 0], times(count, GET, 0, 0x6a), [SET, 0]] },
  multiplications: { code: (count) => [[GET, 0], times(count, GET, 0, 0x6c), [SET, 0]] },
  remainders: { code: (count) => [[GET, 0], times(count, GET, 0, 0x6f), [SET, 0]] },
  "saturating truncations": {
    locals: [
      [1, 0x7c],
      [1, 0x7e],
    ],
    code: (count) => [times(count, GET, 1, 0xfc, 6, SET, 2)],
  },
  truncations: {
    locals: [
      [1, 0x7c],
      [1, 0x7e],
    ],
    code: (count) => [times(count, GET, 1, 0xb0, SET, 2)],
  },
  "vector loads of a lane": {
    locals: [[1, 0x7b]],
    code: (count) => [times(count, GET, 0, GET, 1, 0xfd, 0x54, 0, 0, 0, SET, 1)],
  },
  "vector shifts": {
    locals: [[1, 0x7b]],
    code: (count) => [[GET, 1], times(count, GET, 0, 0xfd, 0xcb, 0x01), [SET, 1]],
  },
  shuffles: {
    locals: [[1, 0x7b]],
    code: (count) => [
      [GET, 1],
      times(count, GET, 1, 0xfd, 0x0d, ...Array.from({ length: 16 }, (_, lane) => (lane * 7) % 32)),
      [SET, 1],
    ],
  },
  constants: { code: (count) => [times(count, CONST, 0, DROP)] },
  "many operands": { code: (count) => [operands(count), times(count, DROP)] },
  selects: { code: (count) => [[GET, 0], times(count, GET, 0, GET, 0, 0x1b), [SET, 0]] },
};

/** Names of all the cases. */
export const COSTLY: readonly string[] = Object.keys(CASES);

/**
 * A module whose export `f` is of type (i32) and does nothing when it is given 1, but first has to be compiled. It holds about so many
 * repetitions of what the name says.
 */
export function costlyModule(name: string, count: number): Uint8Array {
  const { types = [], other = NOTHING, locals = [], code } = CASES[name] ?? { code: () => [] };
  const groups = locals.map(([number, type]) => Buffer.concat([leb128(number), Uint8Array.of(type)]));
  const costly = sized(
    Buffer.concat([
      leb128(groups.length),
      ...groups,
      Uint8Array.of(GET, 0, BR_IF, 0),
      ...code(count).map((part) => Uint8Array.from(part)),
      Uint8Array.of(END),
    ]),
  );
  const entry = [0x60, 1, I32, 0];
  return moduleOf(
    sectionOf(
      1,
      leb128(types.length + 2),
      Uint8Array.from([0x60, 0, 0]),
      Uint8Array.from(entry),
      ...types.map((type) => Uint8Array.from(type)),
    ),
    sectionOf(3, Uint8Array.of(2, 1, other)),
    sectionOf(4, Uint8Array.of(1, 0x70, 0, 1)),
    sectionOf(5, Uint8Array.of(1, 0, 1)),
    sectionOf(13, Uint8Array.of(1, 0, types === TAKING || types.length === 2 ? ADDED : NOTHING)),
    sectionOf(6, Uint8Array.of(1, I32, 1, CONST, 0, END)),
    sectionOf(7, Uint8Array.of(1, 1, 0x66, 0, 0)),
    sectionOf(10, leb128(2), costly, sized(Uint8Array.of(0, UNREACHABLE, END))),
  );
}
