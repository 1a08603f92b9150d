import type { CoreType, PlanFunctionType } from "../../shared/plan/plan.ts";
import { alignTo, type Codec, memoryOf } from "./codec.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import type { Codecs } from "./prepare-codecs.ts";
import { MOST_STEPS, STEP_BYTES } from "./work.ts";

/** The most core values that parameters are passed as, and a result is given as; with more, they lie in memory. */
export const MAX_FLAT_PARAMETERS = 16;
export const MAX_FLAT_ASYNC_PARAMETERS = 4;
export const MAX_FLAT_RESULTS = 1;

/** What a crossing may make without a charge, in bytes: the few values of most functions. */
const FREE_BYTES = 4_096;

/** The parameters, or the results, of a function: how they are passed together. */
export class ValueRow {
  /** The core values of all, in a row. Cut where there are more than any function takes. */
  readonly flat: readonly CoreType[];
  readonly #codecs: readonly Codec[];
  readonly #tuple: Codec;
  readonly #pointers: Codecs["pointers"];
  readonly #hostBytes: number;
  readonly #steps: number;

  constructor(types: readonly number[], codecs: Codecs) {
    this.#codecs = types.map((type) => codecs.of(type));
    this.#tuple = codecs.tuple(types);
    this.#pointers = codecs.pointers;
    this.flat = this.#tuple.flat;
    this.#hostBytes = this.#codecs.reduce((sum, codec) => sum + codec.hostBytes, 0);
    this.#steps = this.#codecs.reduce((sum, codec) => sum + codec.steps, 0);
  }

  /** How many values there are. */
  get length(): number {
    return this.#codecs.length;
  }

  /** Takes the values from core values, or from memory when there are more than `most` of them. */
  lift(context: LiftContext, most: number, values: readonly CoreValue[]): unknown[] {
    if (this.#hostBytes > FREE_BYTES && context.receiver !== "guest") context.charges.make(this.#hostBytes);
    if (this.#steps > MOST_STEPS) context.charges.work(this.#steps * STEP_BYTES);
    if (this.flat.length > most) {
      const at = this.#pointers.of(values[0] ?? 0);
      memoryOf(context).check(at, this.#tuple.size, this.#tuple.align);
      const items: unknown[] = [];
      let offset = at;
      for (const codec of this.#codecs) {
        offset = alignTo(offset, codec.align);
        items.push(codec.load(context, offset));
        offset += codec.size;
      }
      return items;
    }
    const items: unknown[] = [];
    let from = 0;
    for (const codec of this.#codecs) {
      items.push(codec.lift(context, values, from));
      from += codec.flat.length;
    }
    return items;
  }

  /**
   * Gives the values as core values; or stores them, when there are more than `most`, where the guest makes room or, if it
   * said so, at `target`.
   */
  lower(context: LowerContext, most: number, items: readonly unknown[], target?: CoreValue): CoreValue[] {
    if (this.flat.length > most) {
      const { size, align } = this.#tuple;
      const at = target === undefined ? context.realloc(0, 0, align, size) : this.#pointers.of(target);
      if (target !== undefined) memoryOf(context).check(at, size, align);
      this.#tuple.store(context, items, at);
      return target === undefined ? [this.#pointers.toCore(at)] : [];
    }
    const values: CoreValue[] = [];
    for (let index = 0; index < this.#codecs.length; index += 1) {
      this.#codecs[index]?.lower(context, items[index], values);
    }
    return values;
  }
}

/** A function's type, for one width of addresses. */
export interface FunctionShape {
  readonly parameters: ValueRow;
  readonly results: ValueRow;
  readonly async: boolean;
}

/** Prepares a function's type. */
export function functionShape({ parameters, result, async }: PlanFunctionType, codecs: Codecs): FunctionShape {
  return {
    parameters: new ValueRow(
      parameters.map((parameter) => parameter.type),
      codecs,
    ),
    results: new ValueRow(result === undefined ? [] : [result], codecs),
    async,
  };
}
