import { camelCase } from "../../../src/shared/wit/naming.ts";
import type { WitType } from "../../../src/shared/wit/wit.ts";
import type { Chance } from "./chance.ts";
import { alignTo, casesOf, type Core, discriminantSize, flagsSize, type Layout, partsOf } from "./layout.ts";
import { chosenCase } from "./random-values.ts";

export const ENCODINGS = ["utf8", "utf16", "latin1+utf16"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** A constant of core code; floats are given by their bits. */
export interface CoreConstant {
  readonly type: Core;
  readonly bits: bigint;
}

/** Where the image begins in the guest's memory. What lies below is never pointed at. */
export const IMAGE_AT = 256;

/** How many bytes the memories of guests have to begin with. */
export const MEMORY_BYTES = 2 * 65_536;

const ONES_64 = 2n ** 64n - 1n;

/** The memory of a guest that passes a value, and lies about it as often as it is told. */
export class MemoryImage {
  readonly #layout: Layout;
  readonly #encoding: Encoding;
  readonly #chance: Chance;
  readonly #lies: number;
  #bytes = new Uint8Array(4096);
  #end = 0;

  /** @param lies In how many of a hundred places it is something else than the value. */
  constructor(layout: Layout, encoding: Encoding, { chance, lies }: { chance: Chance; lies: number }) {
    this.#layout = layout;
    this.#encoding = encoding;
    this.#chance = chance;
    this.#lies = lies;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  /** Puts values one after the other, as parameters that are passed in memory or a result; tells the address. */
  place(types: readonly WitType[], values: readonly unknown[]): bigint {
    const tuple: WitType = { kind: "tuple", elements: types };
    const at = this.#allocate(this.#layout.size(tuple), this.#layout.align(tuple));
    this.#store(tuple, values, at);
    return this.#address(at, this.#layout.align(tuple), this.#layout.size(tuple));
  }

  /** A value as core values. */
  flatten(type: WitType, value: unknown): readonly CoreConstant[] {
    const cases = casesOf(type);
    const parts = partsOf(type);
    if (cases !== undefined) return this.#flattenVariant(type, value, cases);
    if (parts !== undefined) {
      const held = heldBy(type, value);
      return parts.flatMap((part, index) => this.flatten(part, held[index]));
    }
    if (type.kind === "string" || type.kind === "list") {
      const { pointer } = this.#layout;
      return this.#range(type, value).map((bits) => ({ type: pointer, bits }));
    }
    const core = this.#layout.flat(type)[0] ?? "i32";
    return [{ type: core, bits: this.#scalar(type, value, core === "i64" || core === "f64" ? 64 : 32) }];
  }

  #flattenVariant(type: WitType, value: unknown, cases: readonly (WitType | undefined)[]): readonly CoreConstant[] {
    const joined = this.#layout.flat(type);
    const { index, payload } = chosenCase(type, value);
    const carried = cases[index];
    const own = carried === undefined ? [] : this.flatten(carried, payload);
    return joined.map((core, position): CoreConstant => {
      if (position === 0) return { type: core, bits: BigInt(this.#discriminant(index, cases.length, 32)) };
      const given = own[position - 1];
      const isWide = core === "i64" || core === "f64";
      // What a case does not use may be anything, and so may the high half of a narrow value in a wide one.
      if (given === undefined) return { type: core, bits: this.#lying() ? this.#garbage(isWide ? 64 : 32) : 0n };
      const narrowed = isWide && (given.type === "i32" || given.type === "f32");
      const high = narrowed && this.#lying() ? this.#garbage(32) << 32n : 0n;
      return { type: core, bits: given.bits | high };
    });
  }

  #store(type: WitType, value: unknown, at: number): void {
    const cases = casesOf(type);
    const parts = partsOf(type);
    if (cases !== undefined) {
      const { index, payload } = chosenCase(type, value);
      const size = discriminantSize(cases.length);
      this.#write(at, BigInt(this.#discriminant(index, cases.length, size * 8)), size);
      const carried = cases[index];
      if (carried !== undefined) this.#store(carried, payload, at + this.#layout.payloadAt(cases));
      return;
    }
    if (parts !== undefined) {
      const held = heldBy(type, value);
      const offsets = this.#layout.offsets(parts);
      for (const [index, part] of parts.entries()) this.#store(part, held[index], at + (offsets[index] ?? 0));
      return;
    }
    if (type.kind === "string" || type.kind === "list") {
      const [pointer, length] = this.#range(type, value);
      this.#write(at, pointer, this.#layout.word);
      this.#write(at + this.#layout.word, length, this.#layout.word);
      return;
    }
    const size = this.#layout.size(type);
    this.#write(at, this.#scalar(type, value, size * 8), size);
  }

  /** Where a string or list lies, and its length. */
  #range(type: WitType, value: unknown): [bigint, bigint] {
    if (type.kind === "string") return this.#text(value as string);
    if (type.kind !== "list") throw new Error("neither string nor list");
    const elements = value as readonly unknown[];
    const { element } = type;
    const size = this.#layout.size(element);
    const align = this.#layout.align(element);
    const at = this.#allocate(size * elements.length, align);
    for (const [index, one] of elements.entries()) this.#store(element, one, at + index * size);
    return [this.#address(at, align, size * elements.length), this.#length(elements.length)];
  }

  #text(value: string): [bigint, bigint] {
    const encoding = this.#encoding;
    const isLatin1 = encoding === "latin1+utf16" && !/[^\u0000-\u00ff]/.test(value);
    const bytes = Buffer.from(value, encoding === "utf8" ? "utf8" : isLatin1 ? "latin1" : "utf16le");
    if (this.#lying() && bytes.length > 0)
      bytes[this.#chance.below(bytes.length)] = this.#chance.pick([0x80, 0xc0, 0xd8, 0xed, 0xff]);
    const align = encoding === "utf8" ? 1 : 2;
    const at = this.#allocate(bytes.length, align);
    this.#bytes.set(bytes, at - IMAGE_AT);
    const length = encoding === "utf8" || isLatin1 ? bytes.length : bytes.length / 2;
    const isTagged = encoding === "latin1+utf16" && (!isLatin1 || this.#lying());
    const tag = isTagged ? 1n << BigInt(this.#layout.word * 8 - 1) : 0n;
    return [this.#address(at, align, bytes.length), this.#length(length) | tag];
  }

  #length(length: number): bigint {
    if (!this.#lying()) return BigInt(length);
    return this.#narrow(
      this.#chance.pick([BigInt(length + 1), BigInt(MEMORY_BYTES), 2n ** 28n, 2n ** 31n - 1n, 2n ** 32n - 1n, ONES_64]),
    );
  }

  #address(at: number, align: number, size: number): bigint {
    if (!this.#lying()) return BigInt(at);
    const atEnd = BigInt(MEMORY_BYTES - size);
    return this.#narrow(
      this.#chance.pick([
        BigInt(at + 1),
        BigInt(at + align),
        atEnd,
        atEnd + BigInt(align),
        BigInt(MEMORY_BYTES),
        2n ** 31n,
        2n ** 32n - BigInt(align),
        ONES_64,
        0n,
      ]),
    );
  }

  #discriminant(index: number, count: number, bits: number): number {
    if (!this.#lying()) return index;
    return this.#chance.pick([count, count + 1, this.#chance.below(count), 2 ** bits - 1]) % 2 ** bits;
  }

  #scalar(type: WitType, value: unknown, bits: number): bigint {
    if (this.#lying()) return this.#wrongScalar(type, bits);
    switch (type.kind) {
      case "bool":
        return value === true ? 1n : 0n;
      case "char":
        return BigInt((value as string).codePointAt(0) ?? 0);
      case "f32":
        return BigInt(new Uint32Array(Float32Array.of(value as number).buffer)[0] ?? 0);
      case "f64":
        return new BigUint64Array(Float64Array.of(value as number).buffer)[0] ?? 0n;
      case "flags": {
        const set = value as Readonly<Record<string, boolean>>;
        return type.names.reduce(
          (all, name, bit) => (set[camelCase(name)] === true ? all | (1n << BigInt(bit)) : all),
          0n,
        );
      }
      default:
        return BigInt.asUintN(bits, BigInt(value as number | bigint));
    }
  }

  #wrongScalar(type: WitType, bits: number): bigint {
    if (type.kind === "char") return this.#chance.pick([0xd800n, 0xdfffn, 0x11_0000n, 2n ** 32n - 1n, 0x10_ffffn]);
    // Which NaN comes of another is left to the engine.
    if (type.kind === "f32") return this.#chance.pick([0x7fc0_0000n, 0xff80_0000n, 1n]);
    if (type.kind === "f64") return this.#chance.pick([0x7ff8_0000_0000_0000n, 1n]);
    return this.#garbage(type.kind === "flags" ? flagsSize(type.names.length) * 8 : bits);
  }

  #garbage(bits: number): bigint {
    return BigInt.asUintN(bits, (BigInt(this.#chance.below(2 ** 32)) << 32n) | BigInt(this.#chance.below(2 ** 32)));
  }

  #lying(): boolean {
    return this.#lies > 0 && this.#chance.in100(this.#lies);
  }

  #narrow(bits: bigint): bigint {
    return BigInt.asUintN(this.#layout.word * 8, bits);
  }

  #allocate(size: number, align: number): number {
    const at = alignTo(IMAGE_AT + this.#end, align);
    this.#end = at + size - IMAGE_AT;
    if (this.#end > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#end);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }

  #write(at: number, bits: bigint, size: number): void {
    for (let byte = 0; byte < size; byte += 1) {
      this.#bytes[at - IMAGE_AT + byte] = Number((bits >> BigInt(8 * byte)) & 0xffn);
    }
  }
}

/** What a record, tuple or list of fixed length holds, in order. */
function heldBy(type: WitType, value: unknown): readonly unknown[] {
  if (type.kind !== "record") return value as readonly unknown[];
  return type.fields.map((field) => (value as Readonly<Record<string, unknown>>)[camelCase(field.name)]);
}
