import type { CoreType } from "../../shared/plan/plan.ts";
import { alignTo, type Codec } from "./codec.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import { type CoreValue, join, joinOf, unjoin, zeroOf } from "./core-values.ts";
import { objectBytes, textBytes } from "./host-bytes.ts";
import { trap } from "./trap.ts";

/** A case by its number, with what it carries. */
export interface ChosenCase {
  readonly index: number;
  readonly payload: unknown;
}

/** How a variant, or what is defined as one, is written in JavaScript. */
export interface VariantShape {
  readonly toHost: (index: number, payload: unknown) => unknown;
  readonly fromHost: (value: unknown) => ChosenCase;
  /** Bytes that the host makes of a case, beside its payload. */
  readonly hostBytes: (index: number) => number;
}

/** Variants, options, results and enums: the number of a case, and what it carries. */
export class VariantCodec implements Codec {
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly hostBytes: number;
  readonly steps: number;
  readonly #discriminant: Codec;
  readonly #cases: readonly (Codec | undefined)[];
  readonly #payloadAt: number;
  readonly #shape: VariantShape;
  readonly #what: string;

  /**
   * @param discriminant The codec of the unsigned integer that tells the case.
   * @param cases What each case carries.
   * @param what The kind of type, for errors.
   */
  constructor(discriminant: Codec, cases: readonly (Codec | undefined)[], shape: VariantShape, what: string) {
    this.#discriminant = discriminant;
    this.#cases = cases;
    this.#shape = shape;
    this.#what = what;
    let [size, align] = [0, 1];
    const joined: CoreType[] = [];
    for (const one of cases) {
      if (one === undefined) continue;
      size = Math.max(size, one.size);
      align = Math.max(align, one.align);
      for (const [index, type] of one.flat.entries()) {
        const other = joined[index];
        joined[index] = other === undefined ? type : joinOf(other, type);
      }
    }
    this.#payloadAt = alignTo(discriminant.size, align);
    this.align = Math.max(discriminant.size, align);
    this.size = alignTo(this.#payloadAt + size, this.align);
    this.flat = ["i32", ...joined];
    this.steps = 1 + cases.reduce((most, one) => Math.max(most, one?.steps ?? 0), 0);
    this.hostBytes = cases.reduce(
      (most, one, index) => Math.max(most, shape.hostBytes(index) + (one?.hostBytes ?? 0)),
      0,
    );
  }

  load(context: LiftContext, at: number): unknown {
    const index = this.#checked(this.#discriminant.load(context, at) as number);
    return this.#lifted(context, index, this.#cases[index]?.load(context, at + this.#payloadAt));
  }

  store(context: LowerContext, value: unknown, at: number): void {
    const { index, payload } = this.#chosen(value);
    this.#discriminant.store(context, index, at);
    this.#cases[index]?.store(context, payload, at + this.#payloadAt);
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    const index = this.#checked((values[from] as number) >>> 0);
    const chosen = this.#cases[index];
    if (chosen === undefined) return this.#lifted(context, index, undefined);
    const own: CoreValue[] = [];
    for (const [position, want] of chosen.flat.entries()) {
      const have = this.flat[position + 1] ?? want;
      own.push(unjoin(values[from + 1 + position] ?? zeroOf(have), have, want));
    }
    return this.#lifted(context, index, chosen.lift(context, own, 0));
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    const { index, payload } = this.#chosen(value);
    values.push(index);
    const chosen = this.#cases[index];
    const own: CoreValue[] = [];
    chosen?.lower(context, payload, own);
    for (let position = 0; position < this.flat.length - 1; position += 1) {
      const want = this.flat[position + 1] ?? "i32";
      const have = chosen?.flat[position];
      values.push(have === undefined ? zeroOf(want) : join(own[position] ?? 0, have, want));
    }
  }

  #checked(index: number): number {
    return index < this.#cases.length ? index : trap(`passed a number for ${this.#what} that is none of its cases`);
  }

  #lifted(context: LiftContext, index: number, payload: unknown): unknown {
    if (context.receiver === "guest") return new Chosen(index, payload);
    return this.#shape.toHost(index, payload);
  }

  #chosen(value: unknown): ChosenCase {
    return value instanceof Chosen ? value : this.#shape.fromHost(value);
  }
}

/** A class of its own, so that nothing of the host's is taken for it. */
export class Chosen implements ChosenCase {
  readonly index: number;
  readonly payload: unknown;

  constructor(index: number, payload: unknown) {
    this.index = index;
    this.payload = payload;
  }
}

/** The shape of a variant, or of a result: `{ tag, val }`. */
export function taggedShape(names: readonly string[], carries: readonly boolean[]): VariantShape {
  const positions = new Map(names.map((name, index) => [name, index]));
  return {
    toHost: (index, payload) => {
      const tag = names[index] ?? "";
      return carries[index] === true ? { tag, val: payload } : { tag };
    },
    fromHost: (value) => {
      const { tag, val } = value as { readonly tag: string; readonly val?: unknown };
      return { index: known(positions.get(tag), tag), payload: val };
    },
    hostBytes: (index) =>
      objectBytes(carries[index] === true ? ["tag", "val"] : ["tag"]) + textBytes(names[index] ?? ""),
  };
}

/** The shape of an enum: its case's name. */
export function enumShape(names: readonly string[]): VariantShape {
  const positions = new Map(names.map((name, index) => [name, index]));
  return {
    toHost: (index) => names[index] ?? "",
    fromHost: (value) => ({ index: known(positions.get(value as string), String(value)), payload: undefined }),
    hostBytes: (index) => textBytes(names[index] ?? ""),
  };
}

/** The shape of an option whose element is never `undefined`. */
export const PLAIN_OPTION: VariantShape = {
  toHost: (index, payload) => (index === 1 ? payload : undefined),
  fromHost: (value) =>
    value === undefined || value === null ? { index: 0, payload: undefined } : { index: 1, payload: value },
  hostBytes: () => 0,
};

function known(index: number | undefined, name: string): number {
  if (index === undefined) throw new Error(`the host gave a case that its type does not have: ${name}`);
  return index;
}
