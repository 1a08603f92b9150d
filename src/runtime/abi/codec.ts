import type { CoreType } from "../../shared/plan/plan.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import type { MemoryAccess } from "./memory-access.ts";
import { trap } from "./trap.ts";

/**
 * How values of one type lie in memory and in core values, for one width of addresses. One object serves all instances of
 * a program. Follows "Loading", "Storing", "Flat Lifting" and "Flat Lowering" of
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md.
 */
export interface Codec {
  /** Bytes that a value takes as an element of a list. */
  readonly size: number;
  /** What its address is a multiple of, in bytes. */
  readonly align: number;
  /** The core values that a value is passed as. */
  readonly flat: readonly CoreType[];
  /**
   * Bytes that the host makes of a value at most, beside the bytes of strings and what lists make, which charge for themselves. Whoever
   * lifts a value for the host charges this first.
   */
  readonly hostBytes: number;
  /**
   * How many values are taken or given one by one for one of it, itself included, beside those that it charges for itself: elements of
   * lists, text, and the fields of large records. Whoever goes through many of it charges them; see `work.ts`.
   */
  readonly steps: number;
  /** Reads a value; `at` is aligned and all of it within memory. */
  readonly load: (context: LiftContext, at: number) => unknown;
  /** Writes a value; `at` is aligned and all of it within memory. */
  readonly store: (context: LowerContext, value: unknown, at: number) => void;
  /** Takes a value from core values, of which its own begin at `from`. */
  readonly lift: (context: LiftContext, values: readonly CoreValue[], from: number) => unknown;
  /** Appends the core values of a value. */
  readonly lower: (context: LowerContext, value: unknown, values: CoreValue[]) => void;
}

/** The memory of a context whose types need one; validation has seen that it is there. */
export function memoryOf({ memory }: LiftContext | LowerContext): MemoryAccess {
  return memory ?? trap("passed values that lie in memory and has none");
}

/** The next multiple of a power of two. */
export function alignTo(at: number, align: number): number {
  return Math.ceil(at / align) * align;
}
