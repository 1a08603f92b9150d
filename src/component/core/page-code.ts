import { unsignedLeb128 } from "../../hardening/write/leb128.ts";
import type { PageLayout } from "./own-pages.ts";

/** Encodings of what is added to a module: three functions, in the order size, grow, allocate, with their types, and globals. */
export interface PageCode {
  readonly types: readonly Uint8Array[];
  readonly bodies: readonly Uint8Array[];
  readonly globals: readonly Uint8Array[];
}

const I32 = 0x7f;
const EMPTY = 0x40;

const [UNREACHABLE, LOOP, IF, END, RETURN] = [0x00, 0x03, 0x04, 0x0b, 0x0f];
const BR_IF = 0x0d;
const [LOCAL_GET, LOCAL_SET, GLOBAL_GET, GLOBAL_SET] = [0x20, 0x21, 0x23, 0x24];
const [MEMORY_SIZE, MEMORY_GROW, I32_CONST] = [0x3f, 0x40, 0x41];
const [EQZ, EQ, LT_U, GT_U] = [0x45, 0x46, 0x49, 0x4b];
const [ADD, SUB, AND, OR, SHL, SHR_U] = [0x6a, 0x6b, 0x71, 0x72, 0x74, 0x76];

/** Growing begins with half of what there can be, and goes on in halves. */
const FIRST_STEP = 32_768;
/** A memory of all 65,536 pages would end at an address that 32 bits do not hold. */
const MAX_CEILING = 65_535;

/**
 * The code that keeps a module's pages and the adapter's apart; see `own-pages.ts`.
 *
 * Three globals hold, in pages, what the module has and where the adapter's part begins, 0 until there is one, and the address
 * of what the adapter got last. When it asks for the first time, the memory is grown as far as it can be, which costs address
 * space alone, and the adapter's part is cut off from the end.
 *
 * @param firstGlobal The index of the first of them.
 */
export function pageCode({ initialPages, maximumPages }: PageLayout, firstGlobal: number): PageCode {
  const [pages, ceiling, next] = [firstGlobal, firstGlobal + 1, firstGlobal + 2];
  const fail = [IF, EMPTY, UNREACHABLE, END];
  const minusOne = [IF, EMPTY, ...constant(-1), RETURN, END];

  // size: what the module has.
  const size = [...get(pages), END];

  // grow(more): within the module's own maximum and below the adapter's part; in truth only as long as there is none.
  const [more, limit] = [0, 1];
  // prettier-ignore
  const grow = [
    ...constant(maximumPages), LOCAL_SET, limit,
    ...get(ceiling), IF, EMPTY,
      ...get(ceiling), LOCAL_GET, limit, LT_U, IF, EMPTY, ...get(ceiling), LOCAL_SET, limit, END,
    END,
    LOCAL_GET, more, LOCAL_GET, limit, ...get(pages), SUB, GT_U, ...minusOne,
    ...get(ceiling), EQZ, IF, EMPTY,
      LOCAL_GET, more, MEMORY_GROW, 0, ...constant(-1), EQ, ...minusOne,
    END,
    ...get(pages),
    ...get(pages), LOCAL_GET, more, ADD, ...set(pages),
    END,
  ];

  // allocate(old, oldSize, align, size): the part's next piece, downwards.
  const [old, oldSize, align, wanted, step] = [0, 1, 2, 3, 4];
  // prettier-ignore
  const allocate = [
    LOCAL_GET, old, LOCAL_GET, oldSize, OR, ...fail,
    ...get(ceiling), EQZ, IF, EMPTY,
      ...constant(FIRST_STEP), LOCAL_SET, step,
      LOOP, EMPTY,
        LOCAL_GET, step, MEMORY_GROW, 0, ...constant(-1), EQ, IF, EMPTY,
          LOCAL_GET, step, ...constant(1), SHR_U, LOCAL_SET, step,
        END,
        LOCAL_GET, step, BR_IF, 0,
      END,
      MEMORY_SIZE, 0, ...set(ceiling),
      ...get(ceiling), ...constant(MAX_CEILING), GT_U, IF, EMPTY, ...constant(MAX_CEILING), ...set(ceiling), END,
      ...get(ceiling), ...constant(16), SHL, ...set(next),
    END,
    LOCAL_GET, wanted, ...get(next), GT_U, ...fail,
    ...get(next), LOCAL_GET, wanted, SUB, ...constant(0), LOCAL_GET, align, SUB, AND, ...set(next),
    ...get(next), ...constant(16), SHR_U, ...set(ceiling),
    ...get(ceiling), ...get(pages), LT_U, ...fail,
    ...get(next),
    END,
  ];

  return {
    types: [functionType(0), functionType(1), functionType(4)],
    bodies: [body(size, 0), body(grow, 1), body(allocate, 1)],
    globals: [initialPages, 0, 0].map((value) => Uint8Array.of(I32, 0x01, ...constant(value), END)),
  };
}

function get(index: number): number[] {
  return [GLOBAL_GET, ...unsignedLeb128(index)];
}

function set(index: number): number[] {
  return [GLOBAL_SET, ...unsignedLeb128(index)];
}

/** `i32.const`, whose immediate is signed LEB128. */
function constant(value: number): number[] {
  const bytes = [I32_CONST];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f;
    const isLast = rest >> 6 === 0 || rest >> 6 === -1;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** A function of so many `i32`, which gives one. */
function functionType(parameters: number): Uint8Array {
  return Uint8Array.of(0x60, parameters, ...Array<number>(parameters).fill(I32), 1, I32);
}

/** A function body with so many locals of type `i32`. */
function body(code: readonly number[], locals: number): Uint8Array {
  const content = locals === 0 ? [0, ...code] : [1, locals, I32, ...code];
  return Uint8Array.of(...unsignedLeb128(content.length), ...content);
}
