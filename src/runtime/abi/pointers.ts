import type { CoreType } from "../../shared/plan/plan.ts";
import type { CoreValue } from "./core-values.ts";
import { trap } from "./trap.ts";

/** Addresses and lengths as they are in memories of one width. */
export interface Pointers {
  /** Bytes of an address. */
  readonly size: 4 | 8;
  readonly flat: CoreType;
  /** What is added to the length of a string that is UTF-16 where it may be Latin-1: the highest bit. */
  readonly tag: number;
  readonly load: (view: DataView, at: number) => number;
  readonly store: (view: DataView, at: number, value: number) => void;
  /** An address or length that is a core value. */
  readonly of: (core: CoreValue) => number;
  readonly toCore: (value: number) => CoreValue;
}

/**
 * What stands for the tag in lengths of 64 bits, which a number does not hold exactly: no memory is as large, so an address
 * that has it is out of bounds.
 */
const TAG_64 = 2 ** 52;
const HIGHEST_BIT = 1n << 63n;

function fromBigInt(value: bigint): number {
  const unsigned = BigInt.asUintN(64, value);
  const rest = unsigned & ~HIGHEST_BIT;
  if (rest >= BigInt(TAG_64)) return trap("passed an address that is not within its memory");
  return Number(rest) + (unsigned === rest ? 0 : TAG_64);
}

function toBigInt(value: number): bigint {
  return value >= TAG_64 ? BigInt(value - TAG_64) | HIGHEST_BIT : BigInt(value);
}

export const POINTERS_32: Pointers = {
  size: 4,
  flat: "i32",
  tag: 2 ** 31,
  load: (view, at) => view.getUint32(at, true),
  store: (view, at, value) => view.setUint32(at, value, true),
  of: (core) => (core as number) >>> 0,
  toCore: (value) => value | 0,
};

export const POINTERS_64: Pointers = {
  size: 8,
  flat: "i64",
  tag: TAG_64,
  load: (view, at) => fromBigInt(view.getBigUint64(at, true)),
  store: (view, at, value) => view.setBigUint64(at, toBigInt(value), true),
  of: (core) => fromBigInt(core as bigint),
  toCore: toBigInt,
};
