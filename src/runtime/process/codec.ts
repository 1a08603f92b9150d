import { CordonError } from "../../shared/errors.ts";

/**
 * What every message is made of, as bytes: the plain data that WIT values and Cordon's own records consist of. The decoder reads
 * what a process that hostile code has taken over may have written. It is ours rather than the engine's so that nothing but plain
 * data can come of it: no classes, no prototypes, no shared or circular parts, and no more than the budget allows.
 */

/** How deeply values may be nested. */
const MAX_DEPTH = 256;

/** Lists of numbers that are not copied have this size at least, in bytes. */
const UNCOPIED_BYTES = 64 * 1024;

/** What a member of a list or record takes on the heap, in bytes, as `isLargerThan` counts it. */
const SLOT_BYTES = 8;

const TAGS = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  integer: 4,
  negative: 5,
  float: 6,
  bigint: 7,
  utf8: 8,
  utf16: 9,
  bytes: 10,
  array: 11,
  record: 12,
  map: 13,
} as const;

/** The lists of numbers, by the number that stands for their kind. */
const LISTS = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const;

type NumberList = InstanceType<(typeof LISTS)[number]>;

/**
 * Writes a value.
 *
 * @throws TypeError for what is no plain data: functions, symbols, instances of classes.
 */
export function encode(value: unknown): Buffer {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.bytes();
}

/**
 * The same in parts, where large lists of numbers are not copied: they must not change until they are written.
 *
 * @throws TypeError as {@link encode}.
 */
export function encodeUncopied(value: unknown): readonly Buffer[] {
  const writer = new Writer(UNCOPIED_BYTES);
  writer.value(value, 0);
  return writer.parts();
}

/**
 * Reads a value that {@link encode} wrote, or somebody else.
 *
 * @param budgetBytes What the value may take on the heap, counted as the crossing of a worker's boundary is.
 * @throws CordonError `host` when the bytes are none, or are of a value over the budget.
 */
export function decode(bytes: Buffer, budgetBytes: number): unknown {
  const reader = new Reader(bytes, budgetBytes);
  const value = reader.value(0);
  reader.assertEnd();
  return value;
}

class Writer {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;
  readonly #keys = new Map<string, number>();
  /** What comes before the buffer. */
  readonly #parts: Buffer[] = [];
  readonly #uncopiedBytes: number;

  /** @param uncopiedBytes Lists of numbers of this size on are parts of their own. */
  constructor(uncopiedBytes = Infinity) {
    this.#uncopiedBytes = uncopiedBytes;
  }

  parts(): readonly Buffer[] {
    return [...this.#parts, this.bytes()];
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  value(value: unknown, depth: number): void {
    if (depth > MAX_DEPTH) throw new TypeError("it is nested too deeply");
    switch (typeof value) {
      case "undefined":
        return this.#byte(TAGS.undefined);
      case "boolean":
        return this.#byte(value ? TAGS.true : TAGS.false);
      case "number":
        return this.#number(value);
      case "bigint":
        this.#byte(TAGS.bigint);
        return this.#text(value.toString(16));
      case "string":
        return this.#string(value);
      case "object":
        return value === null ? this.#byte(TAGS.null) : this.#object(value, depth);
      default:
        throw new TypeError(`a ${typeof value} is no data`);
    }
  }

  #object(value: object, depth: number): void {
    if (Array.isArray(value)) {
      this.#byte(TAGS.array);
      this.#size(value.length);
      for (const item of value as readonly unknown[]) this.value(item, depth + 1);
    } else if (ArrayBuffer.isView(value)) {
      this.#list(value);
    } else if (value instanceof Map) {
      this.#byte(TAGS.map);
      this.#size(value.size);
      for (const [key, item] of value as ReadonlyMap<unknown, unknown>) {
        this.value(key, depth + 1);
        this.value(item, depth + 1);
      }
    } else {
      this.#record(value, depth);
    }
  }

  #record(value: object, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw new TypeError("an instance of a class is no data");
    const entries = Object.entries(value);
    this.#byte(TAGS.record);
    this.#size(entries.length);
    for (const [key, item] of entries) {
      this.#key(key);
      this.value(item, depth + 1);
    }
  }

  /** The names of fields come again and again: after the first time, by number. */
  #key(key: string): void {
    const known = this.#keys.get(key);
    this.#size(known ?? this.#keys.size);
    if (known !== undefined) return;
    this.#keys.set(key, this.#keys.size);
    this.#text(key);
  }

  #list(view: ArrayBufferView): void {
    const kind = LISTS.findIndex((one) => view instanceof one);
    if (kind < 0) throw new TypeError("a view of a buffer is no data");
    this.#byte(TAGS.bytes);
    this.#byte(kind);
    this.#size(view.byteLength);
    this.#raw(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }

  #number(value: number): void {
    const isSmall = Number.isSafeInteger(value) && !Object.is(value, -0);
    if (isSmall) {
      this.#byte(value < 0 ? TAGS.negative : TAGS.integer);
      return this.#size(Math.abs(value));
    }
    this.#byte(TAGS.float);
    this.#length = this.#reserve(8).writeDoubleLE(value, this.#length);
  }

  #string(value: string): void {
    const utf8 = value.isWellFormed() ? Buffer.byteLength(value) : Infinity;
    const isUtf8 = utf8 <= value.length * 2;
    this.#byte(isUtf8 ? TAGS.utf8 : TAGS.utf16);
    if (isUtf8) return this.#text(value, utf8);
    this.#size(value.length * 2);
    this.#length += this.#reserve(value.length * 2).write(value, this.#length, "utf16le");
  }

  #text(value: string, byteLength: number = Buffer.byteLength(value)): void {
    this.#size(byteLength);
    this.#length += this.#reserve(byteLength).write(value, this.#length, "utf8");
  }

  #raw(bytes: Uint8Array): void {
    if (bytes.length >= this.#uncopiedBytes) {
      this.#parts.push(this.bytes(), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      this.#buffer = Buffer.allocUnsafe(256);
      this.#length = 0;
      return;
    }
    this.#reserve(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #byte(byte: number): void {
    this.#length = this.#reserve(1).writeUInt8(byte, this.#length);
  }

  /** Seven bits in a byte, the lowest first. */
  #size(size: number): void {
    let left = size;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#byte((left % 0x80) + 0x80);
    this.#byte(left);
  }

  #reserve(bytes: number): Buffer {
    if (this.#length + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #keys: string[] = [];
  #budget: number;
  #at = 0;

  constructor(bytes: Buffer, budgetBytes: number) {
    this.#bytes = bytes;
    this.#budget = budgetBytes;
  }

  assertEnd(): void {
    if (this.#at !== this.#bytes.length) throw malformed("something follows it");
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw malformed("it is nested too deeply");
    const tag = this.#byte();
    switch (tag) {
      case TAGS.undefined:
        return undefined;
      case TAGS.null:
        return null;
      case TAGS.false:
        return false;
      case TAGS.true:
        return true;
      case TAGS.integer:
        return this.#size();
      case TAGS.negative:
        return -this.#size();
      case TAGS.float:
        return this.#take(8).readDoubleLE();
      case TAGS.bigint:
        return this.#bigint();
      case TAGS.utf8:
        return this.#text();
      case TAGS.utf16:
        return this.#charged(this.#size()).toString("utf16le");
      case TAGS.bytes:
        return this.#list();
      case TAGS.array:
        return this.#array(depth);
      case TAGS.record:
        return this.#record(depth);
      case TAGS.map:
        return this.#map(depth);
      default:
        throw malformed(`there is no tag ${tag}`);
    }
  }

  #array(depth: number): unknown[] {
    const length = this.#members();
    const items: unknown[] = [];
    for (let index = 0; index < length; index++) items.push(this.value(depth + 1));
    return items;
  }

  #record(depth: number): Record<string, unknown> {
    const length = this.#members();
    const record: Record<string, unknown> = {};
    for (let index = 0; index < length; index++) {
      const key = this.#key();
      record[key] = this.value(depth + 1);
    }
    return record;
  }

  #map(depth: number): Map<unknown, unknown> {
    const length = this.#members();
    const map = new Map<unknown, unknown>();
    for (let index = 0; index < length; index++) {
      const key = this.value(depth + 1);
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  #key(): string {
    const index = this.#size();
    const known = this.#keys[index];
    if (known !== undefined) return known;
    if (index !== this.#keys.length) throw malformed("a name is not there");
    const key = this.#text();
    // Assigning to it would change what the record is.
    if (key === "__proto__") throw malformed("a record has a name that no record has");
    this.#keys.push(key);
    return key;
  }

  #list(): NumberList {
    const List = LISTS[this.#byte()];
    if (List === undefined) throw malformed("there is no such list");
    const part = this.#charged(this.#size());
    if (part.length % List.BYTES_PER_ELEMENT !== 0) throw malformed("a list ends within a number");
    // A copy of its own: the message's buffer is shared, and may not be aligned.
    const own = Uint8Array.from(part);
    return new List(own.buffer);
  }

  #bigint(): bigint {
    const text = this.#text();
    const [, sign, digits] = /^(-?)([0-9a-f]{1,16})$/.exec(text) ?? [];
    if (digits === undefined) throw malformed("a number is none");
    const magnitude = BigInt(`0x${digits}`);
    return sign === "-" ? -magnitude : magnitude;
  }

  #text(): string {
    return this.#charged(this.#size()).toString("utf8");
  }

  /** A count of members, each of which has a byte at least. Charged before anything is made for them. */
  #members(): number {
    const count = this.#size();
    if (count > this.#bytes.length - this.#at) throw malformed("it ends too early");
    this.#charge((count + 1) * SLOT_BYTES);
    return count;
  }

  #charged(length: number): Buffer {
    const part = this.#take(length);
    this.#charge(length);
    return part;
  }

  #charge(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) throw malformed("it is larger than it may be");
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw malformed("it ends too early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #byte(): number {
    return this.#take(1).readUInt8();
  }

  #size(): number {
    let size = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#byte();
      size += (byte & 0x7f) * factor;
      if (!Number.isSafeInteger(size)) throw malformed("a number is too large");
      if (byte < 0x80) return size;
      if (factor > Number.MAX_SAFE_INTEGER) throw malformed("a number is too long");
    }
  }
}

function malformed(reason: string): CordonError {
  return new CordonError("host", `Cannot read a message of a guest process: ${reason}`);
}
