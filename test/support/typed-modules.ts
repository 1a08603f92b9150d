/** Core modules with many function types, no two of them alike. */
import { leb128, moduleOf, sectionOf } from "./component-bytes.ts";

const I32 = 0x7f;
const I64 = 0x7e;

interface TypesOptions {
  /** A number below 2^24 that distinguishes the first type from others; the next ones follow. */
  readonly first?: number;
  /** How many parameters each has, and how many results; at least 24. */
  readonly values?: number;
}

/** Function types of so many parameters and as many results; which of the first are 64 bits wide is a number from `first` on. */
function typesOf(count: number, { first = 0, values = 24 }: TypesOptions = {}): Uint8Array {
  const vector = Buffer.concat([leb128(values), Buffer.alloc(values, I32)]);
  const one = Buffer.concat([Uint8Array.of(0x60), vector, vector]);
  const types = Buffer.alloc(count * one.length);
  for (let index = 0; index < count; index += 1) {
    const at = index * one.length;
    one.copy(types, at);
    const parameters = at + 1 + leb128(values).length;
    for (let bit = 0; bit < 24; bit += 1) if (((first + index) & (1 << bit)) !== 0) types[parameters + bit] = I64;
  }
  return types;
}

/** A module that has those types and nothing else. */
export function typedModule(count: number, options: TypesOptions): Uint8Array {
  return moduleOf(sectionOf(1, leb128(count), typesOf(count, options)));
}

function named(name: string, kind: number, index: number): Uint8Array {
  return Buffer.concat([leb128(name.length), Buffer.from(name), Uint8Array.of(kind, index)]);
}

/** A module with the JSON interface that has those types, besides the two of its interface. */
export function typedJsonModule(count: number, options: TypesOptions): Uint8Array {
  const own = [Uint8Array.of(0x60, 1, I32, 1, I32), Uint8Array.of(0x60, 2, I32, I32, 1, I32)];
  return moduleOf(
    sectionOf(1, leb128(count + own.length), ...own, typesOf(count, options)),
    sectionOf(3, Uint8Array.of(2, 0, 1)),
    sectionOf(5, Uint8Array.of(1, 0, 1)),
    sectionOf(7, Uint8Array.of(3), named("memory", 2, 0), named("alloc", 0, 0), named("execute", 0, 1)),
    sectionOf(10, Uint8Array.of(2, 4, 0, 0x41, 0, 0x0b, 4, 0, 0x41, 0, 0x0b)),
  );
}

/** A module that has those types, and a function which handles exceptions and is not valid. */
export function invalidTypedModule(count: number, options: TypesOptions): Uint8Array {
  // A try_table without catches, an end, and an end; then a drop of nothing.
  const body = Uint8Array.of(0, 0x1f, 0x40, 0, 0x0b, 0x1a, 0x0b);
  return moduleOf(
    sectionOf(1, leb128(count + 1), Uint8Array.of(0x60, 0, 0), typesOf(count, options)),
    sectionOf(3, Uint8Array.of(1, 0)),
    sectionOf(10, Uint8Array.of(1, body.length), body),
  );
}
