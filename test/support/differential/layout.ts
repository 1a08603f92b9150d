/** How values lie in memory and in core values, written from the specification once more: what the engine is held against has its own. */
import type { WitType } from "../../../src/shared/wit/wit.ts";

export type Core = "i32" | "i64" | "f32" | "f64";

/** The core type of addresses: that of 32-bit or of 64-bit memories. */
export type Pointer = "i32" | "i64";

const SCALARS: Readonly<Record<string, readonly [size: number, flat: Core]>> = {
  bool: [1, "i32"],
  s8: [1, "i32"],
  u8: [1, "i32"],
  s16: [2, "i32"],
  u16: [2, "i32"],
  s32: [4, "i32"],
  u32: [4, "i32"],
  char: [4, "i32"],
  s64: [8, "i64"],
  u64: [8, "i64"],
  f32: [4, "f32"],
  f64: [8, "f64"],
};

/** What variants of all kinds carry in their cases; `undefined` for other types. */
export function casesOf(type: WitType): readonly (WitType | undefined)[] | undefined {
  switch (type.kind) {
    case "variant":
      return type.cases.map((one) => one.type);
    case "enum":
      return type.names.map(() => undefined);
    case "option":
      return [undefined, type.element];
    case "result":
      return [type.ok, type.err];
    default:
      return undefined;
  }
}

/** What a type holds one after the other; `undefined` for other types. */
export function partsOf(type: WitType): readonly WitType[] | undefined {
  switch (type.kind) {
    case "record":
      return type.fields.map((field) => field.type);
    case "tuple":
      return type.elements;
    case "list":
      return type.length === undefined ? undefined : Array.from({ length: type.length }, (): WitType => type.element);
    default:
      return undefined;
  }
}

/** Sizes, alignments and flat types for one kind of memory. */
export class Layout {
  readonly pointer: Pointer;
  readonly #word: number;

  constructor(pointer: Pointer) {
    this.pointer = pointer;
    this.#word = pointer === "i32" ? 4 : 8;
  }

  /** The size of an address, in bytes. */
  get word(): number {
    return this.#word;
  }

  align(type: WitType): number {
    const cases = casesOf(type);
    const parts = partsOf(type);
    if (cases !== undefined) return Math.max(discriminantSize(cases.length), this.#payloadAlign(cases));
    if (parts !== undefined) return Math.max(1, ...parts.map((part) => this.align(part)));
    if (type.kind === "string" || type.kind === "list") return this.#word;
    if (type.kind === "flags") return flagsSize(type.names.length);
    return scalar(type)[0];
  }

  size(type: WitType): number {
    const cases = casesOf(type);
    const parts = partsOf(type);
    if (cases !== undefined) {
      const most = Math.max(0, ...cases.map((one) => (one === undefined ? 0 : this.size(one))));
      return alignTo(this.payloadAt(cases) + most, this.align(type));
    }
    if (parts !== undefined) return alignTo(this.#end(parts), this.align(type));
    if (type.kind === "string" || type.kind === "list") return 2 * this.#word;
    if (type.kind === "flags") return flagsSize(type.names.length);
    return scalar(type)[0];
  }

  /** Where the payload of a variant begins. */
  payloadAt(cases: readonly (WitType | undefined)[]): number {
    return alignTo(discriminantSize(cases.length), this.#payloadAlign(cases));
  }

  /** Where each of several values in a row begins. */
  offsets(parts: readonly WitType[]): readonly number[] {
    let at = 0;
    return parts.map((part) => {
      const begin = alignTo(at, this.align(part));
      at = begin + this.size(part);
      return begin;
    });
  }

  flat(type: WitType): readonly Core[] {
    const cases = casesOf(type);
    const parts = partsOf(type);
    if (cases !== undefined) {
      const joined: Core[] = [];
      for (const one of cases) {
        for (const [index, core] of (one === undefined ? [] : this.flat(one)).entries()) {
          joined[index] = joined[index] === undefined ? core : join(joined[index], core);
        }
      }
      return ["i32", ...joined];
    }
    if (parts !== undefined) return parts.flatMap((part) => this.flat(part));
    if (type.kind === "string" || type.kind === "list") return [this.pointer, this.pointer];
    return type.kind === "flags" ? ["i32"] : [scalar(type)[1]];
  }

  #payloadAlign(cases: readonly (WitType | undefined)[]): number {
    return Math.max(1, ...cases.map((one) => (one === undefined ? 1 : this.align(one))));
  }

  #end(parts: readonly WitType[]): number {
    const last = parts.at(-1);
    return last === undefined ? 0 : (this.offsets(parts).at(-1) ?? 0) + this.size(last);
  }
}

export function alignTo(at: number, align: number): number {
  return Math.ceil(at / align) * align;
}

export function discriminantSize(cases: number): 1 | 2 | 4 {
  return cases <= 2 ** 8 ? 1 : cases <= 2 ** 16 ? 2 : 4;
}

export function flagsSize(names: number): 1 | 2 | 4 {
  return names <= 8 ? 1 : names <= 16 ? 2 : 4;
}

function join(one: Core, other: Core): Core {
  if (one === other) return one;
  const narrow = (core: Core): boolean => core === "i32" || core === "f32";
  return narrow(one) && narrow(other) ? "i32" : "i64";
}

function scalar({ kind }: WitType): readonly [size: number, flat: Core] {
  const found = SCALARS[kind];
  if (found === undefined) throw new Error(`no layout for ${kind}`);
  return found;
}
