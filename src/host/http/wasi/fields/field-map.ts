import type { HostContext } from "../../../capability.ts";
import { isFieldValue, isForbiddenField, isToken } from "../../../../shared/field-rules.ts";
import { declaredLength, type DeclaredLength } from "./header-rules.ts";
import { type HeldBytes, heldBytes } from "../held-bytes.ts";

/** Fields as they came or are to go: names with their bytes, in order. */
export type RawFields = readonly (readonly [name: string, value: Uint8Array])[];

/** `wasi:http/types.header-error`. */
export interface HeaderError {
  readonly tag: "invalid-syntax" | "forbidden" | "immutable";
}

/** The most fields one map has. */
const MAX_FIELDS = 1_024;
/** What an entry takes of the host's memory besides its text, roughly, in bytes. */
const ENTRY_BYTES = 200;

interface Entry {
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Names and values of one message, in order and in their own letter case. Everything in it is valid, not forbidden and within
 * the limits. Its memory is given back when the last of its owners has released it.
 */
export class FieldMap {
  readonly #held: HeldBytes;
  readonly #maxBytes: number;
  #entries: Entry[] = [];
  #bytes = 0;
  #owners = 1;

  constructor(context: HostContext) {
    this.#held = heldBytes(context);
    this.#maxBytes = context.limits.maxHeaderBytes;
    if (!this.#held.take(ENTRY_BYTES)) throw tooMuch();
  }

  /**
   * Fields that came from outside. What belongs to one connection is left out, as is what is not valid. `undefined` when they
   * are over the limits.
   */
  static received(context: HostContext, fields: RawFields): FieldMap | undefined {
    const kept = fields.filter(([name]) => isToken(name) && !isForbiddenField(name.toLowerCase()));
    const bytes = kept.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (kept.length > MAX_FIELDS || bytes > context.limits.maxHeaderBytes) return undefined;
    const map = new FieldMap(context);
    for (const [name, value] of kept) if (isFieldValue(value)) map.#add(name, value);
    return map;
  }

  /** The names and values together, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Another owner. */
  retain(): this {
    this.#owners += 1;
    return this;
  }

  /** One owner less. */
  release(): void {
    this.#owners -= 1;
    if (this.#owners !== 0) return;
    this.#keep([]);
    this.#held.release(ENTRY_BYTES);
  }

  get(name: string): readonly Uint8Array[] {
    const key = name.toLowerCase();
    return this.#entries.filter((entry) => entry.key === key).map(({ value }) => value);
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.#entries.some((entry) => entry.key === key);
  }

  /** Replaces all values of a name. Throws over a limit. */
  set(name: string, values: readonly Uint8Array[]): HeaderError | undefined {
    const problem = checkName(name) ?? checkValues(values);
    if (problem !== undefined) return problem;
    this.delete(name);
    for (const value of values) this.#add(name, value);
    return undefined;
  }

  delete(name: string): HeaderError | undefined {
    const problem = checkName(name);
    if (problem !== undefined) return problem;
    const key = name.toLowerCase();
    this.#keep(this.#entries.filter((entry) => entry.key !== key));
    return undefined;
  }

  /** Adds a value. Throws over a limit. */
  append(name: string, value: Uint8Array): HeaderError | undefined {
    const problem = checkName(name) ?? checkValues([value]);
    if (problem !== undefined) return problem;
    this.#add(name, value);
    return undefined;
  }

  entries(): RawFields {
    return this.#entries.map(({ name, value }) => [name, value]);
  }

  /** A map of its own with the same fields. Throws over a limit. */
  clone(context: HostContext): FieldMap {
    const map = new FieldMap(context);
    for (const { name, value } of this.#entries) map.#add(name, value);
    return map;
  }

  /** What they say of the body's length. */
  declaredLength(): DeclaredLength {
    return declaredLength(this.get("content-length"));
  }

  #add(name: string, value: Uint8Array): void {
    const bytes = name.length + value.length;
    if (this.#entries.length >= MAX_FIELDS || this.#bytes + bytes > this.#maxBytes) {
      throw new Error(
        `Cannot add a field: one set of fields has at most ${MAX_FIELDS} of them and ${this.#maxBytes} bytes`,
      );
    }
    if (!this.#held.take(bytes + ENTRY_BYTES)) throw tooMuch();
    this.#bytes += bytes;
    // A copy, since the array may be a view of a much larger one.
    this.#entries.push({ name, key: name.toLowerCase(), value: new Uint8Array(value) });
  }

  #keep(entries: Entry[]): void {
    const bytes = entries.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
    this.#held.release(this.#bytes - bytes + (this.#entries.length - entries.length) * ENTRY_BYTES);
    this.#bytes = bytes;
    this.#entries = entries;
  }
}

function checkName(name: string): HeaderError | undefined {
  if (!isToken(name)) return { tag: "invalid-syntax" };
  return isForbiddenField(name.toLowerCase()) ? { tag: "forbidden" } : undefined;
}

function checkValues(values: readonly Uint8Array[]): HeaderError | undefined {
  return values.every(isFieldValue) ? undefined : { tag: "invalid-syntax" };
}

function tooMuch(): Error {
  return new Error("Cannot make more fields: they hold too much of the host's memory already");
}
