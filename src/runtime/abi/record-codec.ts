import type { CoreType } from "../../shared/plan/plan.ts";
import { alignTo, type Codec } from "./codec.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import { objectBytes, TUPLE_BYTES } from "./host-bytes.ts";
import { MOST_STEPS, STEP_BYTES } from "./work.ts";

/** How many flags take as long as one value. */
const FLAGS_A_STEP = 4;

/** How many fields of a large record are charged at once. */
const FIELDS_AT_ONCE = 256;

/**
 * Records and tuples: their fields, one after the other. A list of values where they go to another component or are a
 * tuple; for the host, records are plain objects, whose fields are all their own: no WIT name becomes `__proto__`. Objects without a
 * prototype would be hash tables to V8, of twice the size.
 */
export class RecordCodec implements Codec {
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly hostBytes: number;
  readonly steps: number;
  readonly #fields: readonly Codec[];
  readonly #offsets: readonly number[];
  /** The keys that the host knows the fields by; none for a tuple. */
  readonly #keys: readonly string[] | undefined;
  readonly #template: Readonly<Record<string, unknown>>;
  /** What is charged for each {@link FIELDS_AT_ONCE} of the fields; for a small record its list or function charges. */
  readonly #work: readonly number[] | undefined;

  constructor(fields: readonly Codec[], keys: readonly string[] | undefined, flat: readonly CoreType[]) {
    this.#fields = fields;
    this.#keys = keys;
    this.flat = flat;
    const offsets: number[] = [];
    let [at, align] = [0, 1];
    for (const field of fields) {
      at = alignTo(at, field.align);
      offsets.push(at);
      at += field.size;
      align = Math.max(align, field.align);
    }
    this.#template = templateOf(keys ?? []);
    const own = keys === undefined ? TUPLE_BYTES : objectBytes(keys);
    this.hostBytes = fields.reduce((sum, field) => sum + field.hostBytes, own);
    const steps = stepsOf(fields);
    this.steps = steps > MOST_STEPS ? 1 : steps;
    this.#work = steps > MOST_STEPS ? workOf(fields) : undefined;
    this.#offsets = offsets;
    this.size = alignTo(at, align);
    this.align = align;
  }

  load(context: LiftContext, at: number): unknown {
    const values: unknown[] = [];
    for (let index = 0; index < this.#fields.length; index += 1) {
      this.#charge(context, index);
      values.push(this.#fields[index]?.load(context, at + (this.#offsets[index] ?? 0)));
    }
    return this.#lifted(context, values);
  }

  store(context: LowerContext, value: unknown, at: number): void {
    for (let index = 0; index < this.#fields.length; index += 1) {
      this.#charge(context, index);
      this.#fields[index]?.store(context, this.#fieldOf(value, index), at + (this.#offsets[index] ?? 0));
    }
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    const fields: unknown[] = [];
    let at = from;
    for (const field of this.#fields) {
      fields.push(field.lift(context, values, at));
      at += field.flat.length;
    }
    return this.#lifted(context, fields);
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    for (let index = 0; index < this.#fields.length; index += 1) {
      this.#fields[index]?.lower(context, this.#fieldOf(value, index), values);
    }
  }

  #charge({ charges }: LiftContext | LowerContext, index: number): void {
    if (this.#work !== undefined && index % FIELDS_AT_ONCE === 0) charges.work(this.#work[index / FIELDS_AT_ONCE] ?? 0);
  }

  #lifted(context: LiftContext, values: unknown[]): unknown {
    if (context.receiver === "guest") return values;
    if (this.#keys === undefined) return values;
    const record: Record<string, unknown> = { ...this.#template };
    for (let index = 0; index < values.length; index += 1) record[this.#keys[index] ?? ""] = values[index];
    return record;
  }

  #fieldOf(value: unknown, index: number): unknown {
    if (this.#keys === undefined || Array.isArray(value)) return (value as ArrayLike<unknown>)[index];
    return (value as Readonly<Record<string, unknown>>)[this.#keys[index] ?? ""];
  }
}

function stepsOf(fields: readonly Codec[]): number {
  return fields.reduce((sum, field) => sum + field.steps, 1);
}

function workOf(fields: readonly Codec[]): readonly number[] {
  const work: number[] = [];
  for (let from = 0; from < fields.length; from += FIELDS_AT_ONCE) {
    work.push(STEP_BYTES * stepsOf(fields.slice(from, from + FIELDS_AT_ONCE)));
  }
  return work;
}

/** Flags: a bit for each, in as few bytes as it takes. An object of booleans to the host. */
export class FlagsCodec implements Codec {
  readonly size: 1 | 2 | 4;
  readonly align: 1 | 2 | 4;
  readonly flat: readonly CoreType[] = ["i32"];
  readonly hostBytes: number;
  readonly steps: number;
  readonly #bits: Codec;
  readonly #keys: readonly string[];
  readonly #template: Readonly<Record<string, unknown>>;

  /** @param bits The codec of the unsigned integer that the flags lie in. */
  constructor(bits: Codec, keys: readonly string[]) {
    this.#bits = bits;
    this.#keys = keys;
    this.hostBytes = objectBytes(keys);
    this.steps = 1 + Math.ceil(keys.length / FLAGS_A_STEP);
    this.#template = templateOf(keys);
    this.size = bits.size as 1 | 2 | 4;
    this.align = this.size;
  }

  load(context: LiftContext, at: number): unknown {
    return this.#lifted(context, this.#bits.load(context, at) as number);
  }

  store(context: LowerContext, value: unknown, at: number): void {
    this.#bits.store(context, this.#bitsOf(value), at);
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    return this.#lifted(context, values[from] as number);
  }

  lower(_context: LowerContext, value: unknown, values: CoreValue[]): void {
    values.push(this.#bitsOf(value));
  }

  /** Bits that are no flag's are left out. */
  #lifted(context: LiftContext, bits: number): unknown {
    const known = this.#keys.length === 32 ? bits : bits & (2 ** this.#keys.length - 1);
    if (context.receiver === "guest") return known;
    const flags: Record<string, unknown> = { ...this.#template };
    for (let index = 0; index < this.#keys.length; index += 1) {
      flags[this.#keys[index] ?? ""] = ((known >>> index) & 1) === 1;
    }
    return flags;
  }

  #bitsOf(value: unknown): number {
    if (typeof value === "number") return value;
    let bits = 0;
    for (let index = 0; index < this.#keys.length; index += 1) {
      if ((value as Readonly<Record<string, unknown>>)[this.#keys[index] ?? ""] === true) bits |= 1 << index;
    }
    return bits;
  }
}

/**
 * An object with these keys, for copies of it to be filled in. A copy has room for all of them, while V8 makes an object a hash table that
 * gets more than a dozen keys one by one.
 */
function templateOf(keys: readonly string[]): Readonly<Record<string, unknown>> {
  return JSON.parse(`{${keys.map((key) => `${JSON.stringify(key)}:null`).join()}}`) as Record<string, unknown>;
}
