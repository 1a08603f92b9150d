import { BYTES_PER_UNIT, PIECE_BYTES } from "../meter/fuel-costs.ts";
import { OPCODE, PREFIXED } from "../read/opcodes.ts";
import type { Body } from "../meter/body-events.ts";
import { signedLeb128, unsignedLeb128 } from "./leb128.ts";

/** Indices of the three globals that hardened modules import, and of what else the helpers name. */
export interface GuardIndices {
  /** The global that is charged: the imported one, or the module's own. */
  readonly counter: number;
  /** The imported one. */
  readonly shared: number;
  readonly checkpoint: number;
  readonly grow: number;
  /** The type of checkpoint and grow. */
  readonly guardType: number;
}

/** Whether addresses of memories and tables are 64 bits wide, by index. */
export interface AddressWidths {
  readonly memory64: (memory: number) => boolean;
  readonly table64: (table: number) => boolean;
}

/** What the helpers have to know of the module's memories and tables. */
export interface HelperContext extends AddressWidths {
  /** Whether threads could share a memory. */
  readonly shared: (memory: number) => boolean;
}

/** A function that is added to a module: its type's parameters and results, and its body without the size. */
export interface HelperFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  /** The index of its type, if that is one of the module's own. */
  readonly type?: number;
  readonly body: readonly number[];
}

export const I32 = 0x7f;
const I64 = 0x7e;
const EMPTY = 0x40;

const { unreachable: UNREACHABLE, loop: LOOP, if: IF, else: ELSE, end: END, call: CALL, return: RETURN } = OPCODE;
const { brIf: BR_IF, callRef: CALL_REF, localGet: GET, localSet: SET, localTee: TEE, drop: DROP } = OPCODE;
const [I32_NE, I64_EQZ, I64_NE] = [0x47, 0x50, 0x52];
const [I32_EQZ, I32_EQ, I32_LT_S, I32_GT_U, I32_AND, I32_SHR_U] = [0x45, 0x46, 0x48, 0x4b, 0x71, 0x76];
const [I64_EQ, I64_LT_U, I64_GT_U, I64_LE_U] = [0x51, 0x54, 0x56, 0x58];
const [I32_ADD, I32_SUB, I64_ADD, I64_SUB, I64_SHL, I64_SHR_U] = [0x6a, 0x6b, 0x7c, 0x7d, 0x86, 0x88];
const [WRAP, EXTEND_U] = [0xa7, 0xad];
const [MEMORY_SIZE, MEMORY_GROW] = [0x3f, 0x40];
const [MEMORY_COPY, MEMORY_FILL] = [
  [0xfc, 0x0a],
  [0xfc, 0x0b],
] as const;

/** Set in the alignment of a memory argument that names its memory. */
const NAMES_MEMORY = 0x40;

/** The most that is charged for one length, as for 4 GiB of memory: far less than 31 bits hold. */
const MOST_UNITS = 2 ** 28;

/**
 * The functions that are added to a module, behind its own. Each is made when its index is first asked for.
 *
 * | helper | what code does with it |
 * | --- | --- |
 * | `refill`, `refill-local` | calls it when the counter is below zero |
 * | `grow`, `fill`, `copy`, `wait` | calls it instead of the instruction, which it does after asking the host, in pieces, or not at all |
 * | `measure` | has it charge for the length of a bulk operation, before the instruction |
 * | `enter` | is exported instead of a function that is charged by those who call it: it charges for callers from outside |
 */
export class HelperFunctions {
  /** Called when the counter is below zero. */
  readonly refill: number;
  /** The same for functions that keep the counter in a local: takes it, and gives the new one. */
  readonly refillLocal: number;

  readonly #first: number;
  readonly #guard: GuardIndices;
  readonly #widths: HelperContext;
  readonly #made: HelperFunction[] = [];
  readonly #indices: Map<string, number> = new Map();

  constructor(first: number, guard: GuardIndices, widths: HelperContext) {
    this.#first = first;
    this.#guard = guard;
    this.#widths = widths;
    this.refill = this.#add("refill", [], [], 1, this.#refillCode(this.#getCounter()));
    this.refillLocal = this.#add("refill-local", [I32], [I32], 0, [...this.#refillCode([GET, 0]), GET, 0]);
  }

  /** All that were asked for, in the order of their indices. */
  get made(): readonly HelperFunction[] {
    return this.#made;
  }

  /** The function that is called instead of `memory.grow`, `memory.fill` or `memory.copy` on these memories. */
  replacing(opcode: number, first: number, second: number): number {
    const wide = this.#widths.memory64(first);
    if (opcode === OPCODE.memoryGrow) {
      return this.#once(`grow-${first}`, () => [
        wide ? [I64] : [I32],
        wide ? [I64] : [I32],
        1,
        this.#growCode(first, wide),
      ]);
    }
    if (opcode === PREFIXED.memoryFill) {
      const address = wide ? I64 : I32;
      return this.#once(`fill-${first}`, () => [[address, I32, address], [], 0, this.#fillCode(first, wide)]);
    }
    const sourceWide = this.#widths.memory64(second);
    return this.#once(`copy-${first}-${second}`, () => [
      [wide, sourceWide, wide && sourceWide].map((one) => (one ? I64 : I32)),
      [],
      0,
      this.#copyCode(first, second, wide, sourceWide),
    ]);
  }

  /** The function that charges for the length on top of the stack, and returns it. */
  measuring(opcode: number, first: number, second: number): number {
    switch (opcode) {
      case PREFIXED.memoryInit:
        return this.#measure(false, BYTES_PER_UNIT);
      case PREFIXED.tableGrow:
      case PREFIXED.tableFill:
        return this.#measure(this.#widths.table64(first), 1);
      case PREFIXED.tableCopy:
        return this.#measure(this.#widths.table64(first) && this.#widths.table64(second), 1);
      default:
        return this.#measure(false, 1);
    }
  }

  /**
   * The function that is called instead of a wait on an address of a memory, to which the offset is added. There is no other thread that
   * could end a wait: where it would block, it traps, unless its timeout is zero.
   */
  waiting(opcode: number, memory: number): number {
    const wide = this.#widths.memory64(memory);
    const value = opcode === PREFIXED.atomicWait64 ? I64 : I32;
    return this.#once(`wait-${value === I64 ? 64 : 32}-${memory}`, () => [
      [wide ? I64 : I32, value, I64, I64],
      [I32],
      1,
      this.#waitCode(memory, wide, value === I64),
    ]);
  }

  /** A stub that charges `cost` and calls a function with its parameters, and with the counter if the function takes that. */
  entering({ index: target, type, signature }: Body, cost: number, passing: boolean): number {
    const index = this.#first + this.#made.length;
    const passed = Array.from({ length: signature.parameters }, (_item, local) => [GET, ...unsignedLeb128(local)]);
    const charged = cost > 0 ? this.#chargeCode(i32(cost)) : [];
    const called = [...passed.flat(), ...(passing ? this.#getCounter() : []), CALL, ...unsignedLeb128(target)];
    const body = [0, ...charged, ...called, ...(passing ? this.#setCounter() : []), END];
    this.#made.push({ name: `cordon:guard/enter-${target}`, parameters: [], results: [], type, body });
    return index;
  }

  #once(name: string, make: () => [readonly number[], readonly number[], number, readonly number[]]): number {
    return this.#indices.get(name) ?? this.#add(name, ...make());
  }

  /** `scratch` is how many locals of the last parameter's type it has. */
  #add(
    name: string,
    parameters: readonly number[],
    results: readonly number[],
    scratch: number,
    code: readonly number[],
  ): number {
    const index = this.#first + this.#made.length;
    const type = parameters.at(-1) ?? I32;
    const body = scratch === 0 ? [0, ...code, END] : [1, scratch, type, ...code, END];
    this.#made.push({ name: `cordon:guard/${name}`, parameters, results, body });
    this.#indices.set(name, index);
    return index;
  }

  #getCounter(): number[] {
    return [OPCODE.globalGet, ...unsignedLeb128(this.#guard.counter)];
  }

  #setCounter(): number[] {
    return [OPCODE.globalSet, ...unsignedLeb128(this.#guard.counter)];
  }

  /**
   * Refills the counter, whose value `left` puts on the stack and which is below zero; the new value is in the first local then, too. A
   * module with a counter of its own takes all that is in the shared one, and asks the host when that is not enough. When the host
   * refuses, the guest's own code traps, which no handler of the guest can catch.
   */
  #refillCode(left: readonly number[]): number[] {
    const { checkpoint, guardType, counter, shared } = this.#guard;
    const ask = [GET, 0, OPCODE.globalGet, ...unsignedLeb128(checkpoint), CALL_REF, ...unsignedLeb128(guardType)];
    const refused = [TEE, 0, ...i32(0), I32_LT_S, IF, EMPTY, UNREACHABLE, END];
    const asked = [GET, 0, ...i32(0), I32_LT_S, IF, EMPTY, ...ask, ...refused, END];
    const [getShared, setShared] = [OPCODE.globalGet, OPCODE.globalSet].map((one) => [one, ...unsignedLeb128(shared)]);
    const all = counter === shared ? left : [...left, ...(getShared ?? []), I32_ADD];
    return [
      ...code(...all, SET, 0, ...i32(0), ...(setShared ?? []), ...i32(0), ...this.#setCounter()),
      ...code(...asked, GET, 0, ...this.#setCounter()),
    ];
  }

  /** Charges the units that `units` puts on the stack as an i32, and checks the counter. */
  #chargeCode(units: readonly number[]): number[] {
    const checked = [...this.#getCounter(), ...i32(0), I32_LT_S, IF, EMPTY, CALL, ...unsignedLeb128(this.refill), END];
    return [...this.#getCounter(), ...units, I32_SUB, ...this.#setCounter(), ...checked];
  }

  #measure(wide: boolean, perUnit: number): number {
    const type = wide ? I64 : I32;
    return this.#once(`measure-${wide ? 64 : 32}-${perUnit}`, () => {
      const length = wide ? [GET, 0] : [GET, 0, EXTEND_U];
      const units = [...length, ...i64(Math.log2(perUnit)), I64_SHR_U];
      const bounded = [...i64(MOST_UNITS), ...units, ...i64(MOST_UNITS), ...units, I64_LT_U, 0x1b, WRAP];
      return [[type], [type], 0, [...this.#chargeCode(bounded), GET, 0]];
    });
  }

  #growCode(memory: number, wide: boolean): number[] {
    const { grow, guardType } = this.#guard;
    const asked = (pages: readonly number[]): number[] => [
      ...pages,
      ...code(OPCODE.globalGet, ...unsignedLeb128(grow), CALL_REF, ...unsignedLeb128(guardType)),
    ];
    const minusOne = wide ? i64(-1) : i32(-1);
    const refused = [IF, EMPTY, ...minusOne, RETURN, END];
    const pages = wide ? [GET, 0, WRAP] : [GET, 0];
    const tooMuch = wide ? [GET, 0, ...i64(2 ** 31 - 1), I64_GT_U] : [GET, 0, ...i32(0), I32_LT_S];
    return [
      ...code(...tooMuch, ...refused, ...asked(pages), I32_EQZ, ...refused),
      ...code(GET, 0, MEMORY_GROW, ...unsignedLeb128(memory), TEE, 1, ...minusOne, wide ? I64_EQ : I32_EQ),
      ...code(IF, EMPTY, ...asked([...i32(0), ...pages, I32_SUB]), DROP, END, GET, 1),
    ];
  }

  #waitCode(memory: number, wide: boolean, is64: boolean): number[] {
    const [address, expected, timeout, offset, sum] = [0, 1, 2, 3, 4];
    const { widened, narrowed } = widths(wide);
    const added = [...widened(address), GET, offset, I64_ADD, TEE, sum];
    const over = wide ? [GET, offset, I64_LT_U] : [...i64(32), I64_SHR_U, WRAP];
    const trap = [IF, EMPTY, UNREACHABLE, END];
    const [load, alignment] = is64 ? [0x11, 3] : [0x10, 2];
    const loaded = [0xfe, load, alignment | NAMES_MEMORY, ...unsignedLeb128(memory), 0];
    const isOther = this.#widths.shared(memory) ? [GET, expected, is64 ? I64_NE : I32_NE] : [DROP, UNREACHABLE];
    return [
      ...code(...added, ...over, ...trap, GET, sum, ...narrowed, ...loaded),
      ...code(...isOther, IF, EMPTY, ...i32(1), RETURN, END),
      ...code(GET, timeout, I64_EQZ, IF, EMPTY, ...i32(2), RETURN, END, UNREACHABLE),
    ];
  }

  #fillCode(memory: number, wide: boolean): number[] {
    const [to, value, length] = [0, 1, 2];
    const whole = [GET, to, GET, value, GET, length, ...MEMORY_FILL, ...unsignedLeb128(memory)];
    const { widened, narrowed } = widths(wide);
    const address = wide ? I64 : I32;
    const pieces = this.#once(`fill-pieces-${memory}`, () => {
      const piece = [
        GET,
        to,
        GET,
        value,
        ...(wide ? i64 : i32)(PIECE_BYTES),
        ...MEMORY_FILL,
        ...unsignedLeb128(memory),
      ];
      return [
        [address, I32, address],
        [],
        0,
        [
          // Out of bounds, it has to trap before anything is written.
          ...code(...outOfBounds(memory, wide, to, widened(length)), IF, EMPTY, ...whole, UNREACHABLE, END),
          ...code(LOOP, EMPTY, ...this.#chargeCode(i32(PIECE_BYTES / BYTES_PER_UNIT)), ...piece),
          ...code(...widened(to), ...i64(PIECE_BYTES), I64_ADD, ...narrowed, SET, to),
          ...code(...widened(length), ...i64(PIECE_BYTES), I64_SUB, ...narrowed, SET, length),
          ...code(...morePieces(length, wide), BR_IF, 0, END),
          ...code(...this.#chargeCode(unitsOf(length, wide)), ...whole),
        ],
      ];
    });
    return this.#inPieces(length, wide, pieces, whole);
  }

  /** Short ranges are done at once, in so little code that engines inline it. */
  #inPieces(length: number, wide: boolean, pieces: number, whole: readonly number[]): number[] {
    return [
      ...code(
        ...morePieces(length, wide),
        IF,
        EMPTY,
        GET,
        0,
        GET,
        1,
        GET,
        2,
        CALL,
        ...unsignedLeb128(pieces),
        RETURN,
        END,
      ),
      ...code(...this.#chargeCode(unitsOf(length, wide)), ...whole),
    ];
  }

  #copyCode(target: number, source: number, targetWide: boolean, sourceWide: boolean): number[] {
    const [to, from, length] = [0, 1, 2];
    const wide = targetWide && sourceWide;
    const copy = [...MEMORY_COPY, ...unsignedLeb128(target), ...unsignedLeb128(source)];
    const whole = [GET, to, GET, from, GET, length, ...copy];
    const [toWidth, fromWidth, lengthWidth] = [widths(targetWide), widths(sourceWide), widths(wide)];
    const piece = (wide ? i64 : i32)(PIECE_BYTES);
    const charge = this.#chargeCode(i32(PIECE_BYTES / BYTES_PER_UNIT));
    const size = lengthWidth.widened(length);
    const less = [...size, ...i64(PIECE_BYTES), I64_SUB, ...lengthWidth.narrowed, SET, length];
    const moved = ({ widened, narrowed }: Widths, local: number): number[] => [
      ...code(...widened(local), ...i64(PIECE_BYTES), I64_ADD, ...narrowed, SET, local),
    ];
    const last = ({ widened, narrowed }: Widths, local: number): number[] => [
      ...code(...widened(local), ...size, I64_ADD, ...i64(PIECE_BYTES), I64_SUB, ...narrowed),
    ];
    const again = [...less, ...morePieces(length, wide), BR_IF, 0, END];
    const forwards = [
      ...code(LOOP, EMPTY, ...charge, GET, to, GET, from, ...piece, ...copy),
      ...code(...moved(toWidth, to), ...moved(fromWidth, from), ...again),
    ];
    const backwards = [
      ...code(LOOP, EMPTY, ...charge, ...last(toWidth, to), ...last(fromWidth, from), ...piece, ...copy, ...again),
    ];
    // Where the ranges may overlap and the target is the higher one, the end has to be copied first.
    const isLower = [...fromWidth.widened(from), ...toWidth.widened(to), I64_LT_U];
    const inOrder = target === source ? [...isLower, IF, EMPTY, ...backwards, ELSE, ...forwards, END] : forwards;
    const pieces = this.#once(`copy-pieces-${target}-${source}`, () => [
      [targetWide, sourceWide, wide].map((one) => (one ? I64 : I32)),
      [],
      0,
      [
        ...code(...outOfBounds(target, targetWide, to, size), IF, EMPTY, ...whole, UNREACHABLE, END),
        ...code(...outOfBounds(source, sourceWide, from, size), IF, EMPTY, ...whole, UNREACHABLE, END),
        ...code(...inOrder, ...this.#chargeCode(unitsOf(length, wide)), ...whole),
      ],
    ]);
    return this.#inPieces(length, wide, pieces, whole);
  }
}

/** A line of code. */
function code(...bytes: readonly number[]): readonly number[] {
  return bytes;
}

/** Whether there is more than a piece left. */
function morePieces(length: number, wide: boolean): number[] {
  return wide ? [GET, length, ...i64(PIECE_BYTES), I64_GT_U] : [GET, length, ...i32(PIECE_BYTES), I32_GT_U];
}

/** The units for at most a piece of bytes, as an i32. */
function unitsOf(length: number, wide: boolean): number[] {
  return [GET, length, ...(wide ? [WRAP] : []), ...i32(Math.log2(BYTES_PER_UNIT)), I32_SHR_U];
}

interface Widths {
  /** A local's value as an i64. */
  readonly widened: (local: number) => number[];
  /** Back from an i64 to the local's type. */
  readonly narrowed: readonly number[];
}

function widths(wide: boolean): Widths {
  return wide
    ? { widened: (local) => [GET, local], narrowed: [] }
    : { widened: (local) => [GET, local, EXTEND_U], narrowed: [WRAP] };
}

/** Whether a range of a memory, from the address in a local on, goes past its end; the sum of the two might not fit in 64 bits. */
function outOfBounds(memory: number, wide: boolean, address: number, length: readonly number[]): number[] {
  const pages = [MEMORY_SIZE, ...unsignedLeb128(memory), ...(wide ? [] : [EXTEND_U])];
  const size = [...pages, ...i64(16), I64_SHL];
  const inBounds = [...length, ...size, I64_LE_U];
  const addressInBounds = [...widths(wide).widened(address), ...size, ...length, I64_SUB, I64_LE_U];
  return [...inBounds, ...addressInBounds, I32_AND, I32_EQZ];
}

function i32(value: number): number[] {
  return [OPCODE.i32Const, ...signedLeb128(value)];
}

function i64(value: number): number[] {
  return [OPCODE.i64Const, ...signedLeb128(value)];
}
