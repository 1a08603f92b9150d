import { ByteReader } from "../../shared/byte-reader.ts";

const FUNCTION_FORM = 0x60;
const STRUCT_FORM = 0x5f;
const ARRAY_FORM = 0x5e;
const SUBTYPE = 0x50;
const FINAL_SUBTYPE = 0x4f;
const GROUP = 0x4e;
const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;
/** Numbers and vectors are from here on. */
const FIRST_NUMBER = 0x7b;
/** Heap types of exceptions, and of none. */
const [EXCEPTION, NO_EXCEPTION] = [0x69, 0x74];

/** Types in recursive groups are counted one by one. */
const MAX_TYPES = 100_000;

/** What hardening has to know of a module's types. */
export interface TypeSection {
  /** How many types there are. */
  readonly count: number;
  /** How many entries the section has; a recursive group is one. */
  readonly entries: number;
  /** Where in the content the entries begin. */
  readonly entriesOffset: number;
  /** Whether there are garbage-collected types among them: structs, arrays, subtypes, recursive groups. */
  readonly collected: boolean;
  /** How many parameters and results the function type with this index has. Each throws a MalformedError when there is no such type. */
  readonly parametersOf: (index: number) => number;
  readonly resultsOf: (index: number) => number;
  /** The function type with this index. Any other type has no parameters and no results here. */
  readonly signature: (index: number) => Signature;
}

/** A function type, as far as hardening needs it. */
export interface Signature {
  readonly parameters: number;
  readonly results: number;
  /** The encodings of the types, one after the other. */
  readonly parameterBytes: Uint8Array;
  readonly resultBytes: Uint8Array;
}

/**
 * Reads a type section (core specification 5.5.4, with recursive groups and subtypes).
 *
 * @throws MalformedError for forms of types that are not known, shared ones and descriptors among them.
 */
export function readTypes(content: Uint8Array): TypeSection {
  const reader = new ByteReader(content);
  const entries = reader.count();
  const entriesOffset = reader.offset;
  /** Four numbers a type: parameters, results, and where each are. */
  const found: number[] = [];
  const ends: number[] = [];
  let collected = false;
  const add = (parameters: number, results: number, starts: readonly [number, number]): void => {
    if (ends.length === MAX_TYPES) reader.fail(`more than ${MAX_TYPES} types`);
    found.push(parameters, results, ...starts);
    ends.push(reader.offset);
  };
  const readOne = (): void => {
    let form = reader.u8();
    if (form === SUBTYPE || form === FINAL_SUBTYPE) {
      collected = true;
      for (let left = reader.count(); left > 0; left -= 1) reader.u32();
      form = reader.u8();
    }
    if (form === FUNCTION_FORM) {
      const first = reader.offset;
      const parameters = skipValueTypes(reader);
      const second = reader.offset;
      add(parameters, skipValueTypes(reader), [first, second]);
    } else if (form === STRUCT_FORM || form === ARRAY_FORM) {
      collected = true;
      for (let left = form === STRUCT_FORM ? reader.count() : 1; left > 0; left -= 1) {
        skipValueType(reader);
        reader.u8();
      }
      add(0, 0, [reader.offset, reader.offset]);
    } else {
      reader.fail("a type of unknown form");
    }
  };
  for (let left = entries; left > 0; left -= 1) {
    if (reader.peek() === GROUP) {
      collected = true;
      reader.skip(1);
      for (let members = reader.count(); members > 0; members -= 1) readOne();
    } else {
      readOne();
    }
  }
  if (reader.remaining > 0) reader.fail("bytes after the last type");
  // Modules have few types and many functions.
  const known = new Map<number, Signature>();
  const signature = (index: number): Signature => {
    const made = known.get(index) ?? signatureAt(index);
    known.set(index, made);
    return made;
  };
  const noSuchType = (index: number): never => reader.fail(`there is no type ${index}`);
  const signatureAt = (index: number): Signature => {
    if (index >= ends.length) noSuchType(index);
    const [parameters = 0, results = 0, first = 0, second = 0] = found.slice(index * 4, index * 4 + 4);
    const [parameterBytes, resultBytes] = [
      encodings(content, first, second),
      encodings(content, second, ends[index] ?? second),
    ];
    return { parameters, results, parameterBytes, resultBytes };
  };
  const numberOf = (index: number, which: 0 | 1): number => found[index * 4 + which] ?? noSuchType(index);
  const parametersOf = (index: number): number => numberOf(index, 0);
  const resultsOf = (index: number): number => numberOf(index, 1);
  return { count: ends.length, entries, entriesOffset, collected, parametersOf, resultsOf, signature };
}

/** The encodings of a vector of types. */
function encodings(content: Uint8Array, start: number, end: number): Uint8Array {
  const reader = new ByteReader(content, start, Math.max(start, end));
  if (reader.remaining > 0) reader.u32();
  return reader.bytes(reader.remaining);
}

/** How many of these value types, in their encodings, are references to exceptions. */
export function exceptionTypes(encodings: Uint8Array): number {
  return countTypes(encodings, (heapType) => heapType === EXCEPTION || heapType === NO_EXCEPTION);
}

/** How many of these value types, in their encodings, are references of any kind. */
export function referenceTypes(encodings: Uint8Array): number {
  return countTypes(encodings, () => true);
}

/** The heap types of shorthands, which are all references but numbers and vectors, are encoded like themselves. */
function countTypes(types: Uint8Array, isCounted: (heapType: number) => boolean): number {
  const reader = new ByteReader(types);
  let found = 0;
  while (reader.remaining > 0) {
    const code = reader.peek();
    const isLong = code === NULLABLE_REFERENCE || code === REFERENCE;
    if (isLong ? isCounted(types[reader.offset + 1] ?? 0) : code < FIRST_NUMBER && isCounted(code)) found += 1;
    skipValueType(reader);
  }
  return found;
}

/** Moves past a value type (core specification 5.3.5). */
export function skipValueType(reader: ByteReader): void {
  const code = reader.u8();
  if (code === NULLABLE_REFERENCE || code === REFERENCE) reader.s33();
}

function skipValueTypes(reader: ByteReader): number {
  const count = reader.count();
  for (let left = count; left > 0; left -= 1) skipValueType(reader);
  return count;
}
