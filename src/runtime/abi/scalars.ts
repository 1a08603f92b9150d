import type { CoreType } from "../../shared/plan/plan.ts";
import type { Codec } from "./codec.ts";
import { memoryOf } from "./codec.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import { NUMBER_BYTES, SMALL_NUMBER_BYTES, textBytes } from "./host-bytes.ts";
import { trap } from "./trap.ts";

type Scalar = "bool" | "s8" | "u8" | "s16" | "u16" | "s32" | "u32" | "s64" | "u64" | "f32" | "f64" | "char";

/** What differs between scalar types. `from` takes what memory or a core value has, `to` gives it. */
interface ScalarForm {
  readonly size: number;
  readonly flat: CoreType;
  readonly read: (view: DataView, at: number) => CoreValue;
  readonly write: (view: DataView, at: number, value: CoreValue) => void;
  /** A value of the type; core values that have more bits than it are cut to it. */
  readonly from: (core: CoreValue) => unknown;
  readonly to: (value: unknown) => CoreValue;
}

const asIs = (value: unknown): CoreValue => value as CoreValue;
const readU8 = (view: DataView, at: number): number => view.getUint8(at);
const writeU8 = (view: DataView, at: number, value: CoreValue): void => view.setUint8(at, value as number);
const readU16 = (view: DataView, at: number): number => view.getUint16(at, true);
const writeU16 = (view: DataView, at: number, value: CoreValue): void => view.setUint16(at, value as number, true);
const readU32 = (view: DataView, at: number): number => view.getUint32(at, true);
const writeU32 = (view: DataView, at: number, value: CoreValue): void => view.setUint32(at, value as number, true);
const readU64 = (view: DataView, at: number): bigint => view.getBigUint64(at, true);
const writeU64 = (view: DataView, at: number, value: CoreValue): void => view.setBigUint64(at, value as bigint, true);

const FORMS: Readonly<Record<Scalar, ScalarForm>> = {
  bool: {
    size: 1,
    flat: "i32",
    read: readU8,
    write: writeU8,
    from: (core) => core !== 0,
    to: (value) => (value === true ? 1 : 0),
  },
  u8: { size: 1, flat: "i32", read: readU8, write: writeU8, from: (core) => (core as number) & 0xff, to: asIs },
  s8: {
    size: 1,
    flat: "i32",
    read: readU8,
    write: writeU8,
    from: (core) => ((core as number) << 24) >> 24,
    to: asIs,
  },
  u16: { size: 2, flat: "i32", read: readU16, write: writeU16, from: (core) => (core as number) & 0xffff, to: asIs },
  s16: {
    size: 2,
    flat: "i32",
    read: readU16,
    write: writeU16,
    from: (core) => ((core as number) << 16) >> 16,
    to: asIs,
  },
  u32: { size: 4, flat: "i32", read: readU32, write: writeU32, from: (core) => (core as number) >>> 0, to: asIs },
  s32: { size: 4, flat: "i32", read: readU32, write: writeU32, from: (core) => (core as number) | 0, to: asIs },
  u64: {
    size: 8,
    flat: "i64",
    read: readU64,
    write: writeU64,
    from: (core) => BigInt.asUintN(64, core as bigint),
    to: asIs,
  },
  s64: {
    size: 8,
    flat: "i64",
    read: readU64,
    write: writeU64,
    from: (core) => BigInt.asIntN(64, core as bigint),
    to: asIs,
  },
  f32: {
    size: 4,
    flat: "f32",
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value as number, true),
    from: (core) => core,
    to: asIs,
  },
  f64: {
    size: 8,
    flat: "f64",
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value as number, true),
    from: (core) => core,
    to: asIs,
  },
  char: {
    size: 4,
    flat: "i32",
    read: readU32,
    write: writeU32,
    from: (core) => charOf(core as number),
    to: codePointOf,
  },
};

/** The largest code point, and those of surrogates, which are no characters. */
const [LAST_CODE_POINT, FIRST_SURROGATE, LAST_SURROGATE] = [0x10ffff, 0xd800, 0xdfff];

function charOf(core: number): string {
  const codePoint = core >>> 0;
  if (codePoint > LAST_CODE_POINT || (codePoint >= FIRST_SURROGATE && codePoint <= LAST_SURROGATE)) {
    trap("passed a number for a char that is no Unicode scalar value");
  }
  return String.fromCodePoint(codePoint);
}

function codePointOf(value: unknown): number {
  return (value as string).codePointAt(0) ?? 0;
}

class ScalarCodec implements Codec {
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly hostBytes: number;
  readonly steps = 1;
  readonly #form: ScalarForm;

  constructor(kind: Scalar) {
    const form = FORMS[kind];
    this.hostBytes = kind === "char" ? textBytes("..") : form.size <= 2 ? SMALL_NUMBER_BYTES : NUMBER_BYTES;
    this.#form = form;
    this.size = form.size;
    this.align = form.size;
    this.flat = [form.flat];
  }

  load(context: LiftContext, at: number): unknown {
    return this.#form.from(this.#form.read(memoryOf(context).view, at));
  }

  store(context: LowerContext, value: unknown, at: number): void {
    this.#form.write(memoryOf(context).view, at, this.#form.to(value));
  }

  lift(_context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    return this.#form.from(values[from] ?? 0);
  }

  lower(_context: LowerContext, value: unknown, values: CoreValue[]): void {
    values.push(this.#form.to(value));
  }
}

/** The codec of a scalar type; undefined for any other. */
export function scalarCodec(kind: string): Codec | undefined {
  return Object.hasOwn(FORMS, kind) ? new ScalarCodec(kind as Scalar) : undefined;
}
