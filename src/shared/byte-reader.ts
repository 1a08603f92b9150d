/** Bytes do not have the form their format asks for. `offset` is where, counted from the start of the whole array. */
export class MalformedError extends Error {
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(`${problem}, at byte ${offset}`);
    this.name = "MalformedError";
    this.offset = offset;
  }
}

// `ignoreBOM` keeps a leading U+FEFF in the string: dropping it would let two different names read the same.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads WebAssembly's binary encodings from a range of a byte array, front to back, copying nothing.
 *
 * Integers follow the core specification's LEB128 rules
 * (https://webassembly.github.io/spec/core/binary/values.html#integers): no more bytes than the width needs, unused
 * bits of the last byte zero or the sign; padding within that length is legal, since toolchains emit it.
 *
 * @throws {MalformedError} from every method that reads, when the bytes run out or break a rule.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;

  /** Reads `bytes` from `start`, inclusive, to `end`, exclusive; default the whole array. */
  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    if (start < 0 || end < start || end > bytes.length) {
      throw new RangeError(`Cannot read bytes ${start} to ${end}: the array has ${bytes.length} bytes`);
    }
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  /** The whole array, of which this reads a range. */
  get source(): Uint8Array {
    return this.#bytes;
  }

  /** Position of the next byte, counted from the start of the array. */
  get offset(): number {
    return this.#offset;
  }

  /** Position after the last byte of the range. */
  get end(): number {
    return this.#end;
  }

  /** Number of bytes left in the range. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Throws a {@link MalformedError} that names `offset`, by default the next byte. */
  fail(problem: string, offset: number = this.#offset): never {
    throw new MalformedError(offset, problem);
  }

  /** The next byte, without moving on. */
  peek(): number {
    const byte = this.#offset < this.#end ? this.#bytes[this.#offset] : undefined;
    return byte ?? this.fail("the bytes end too early");
  }

  u8(): number {
    const byte = this.peek();
    this.#offset += 1;
    return byte;
  }

  u32(): number {
    const start = this.#offset;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.u8();
    if (last > 0x0f) this.fail("the integer does not fit in 32 bits", start);
    return value + last * 2 ** 28;
  }

  u64(): bigint {
    const start = this.#offset;
    let value = 0n;
    for (let shift = 0n; shift < 63n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.u8();
    if (last > 0x01) this.fail("the integer does not fit in 64 bits", start);
    return value | (BigInt(last) << 63n);
  }

  /** A signed 33-bit integer: how WebAssembly packs a type index and a negative type code into one number. */
  s33(): number {
    const start = this.#offset;
    let value = 0;
    let weight = 1;
    for (let count = 0; count < 4; count += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * weight;
      weight *= 128;
      if (byte < 0x80) return byte & 0x40 ? value - weight : value;
    }
    const last = this.u8();
    const sign = last & 0x70;
    if (last >= 0x80 || (sign !== 0 && sign !== 0x70)) this.fail("the integer does not fit in 33 bits", start);
    value += (last & 0x1f) * weight;
    return sign === 0 ? value : value - 2 ** 33;
  }

  /** Moves past `length` bytes. */
  skip(length: number): void {
    if (length > this.remaining) {
      this.fail(`${length} bytes are announced where ${this.remaining} are left`);
    }
    this.#offset += length;
  }

  /** The next `length` bytes, as a view of the array. */
  bytes(length: number): Uint8Array {
    const start = this.#offset;
    this.skip(length);
    return this.#bytes.subarray(start, this.#offset);
  }

  /** The next `length` bytes as text; ill-formed UTF-8 is an error, never replaced. */
  utf8(length: number): string {
    const start = this.#offset;
    const encoded = this.bytes(length);
    try {
      return utf8.decode(encoded);
    } catch {
      return this.fail("the name is not valid UTF-8", start);
    }
  }

  /** A name: its length in bytes, at most `maxBytes`, then that much UTF-8. */
  name(maxBytes: number): string {
    const start = this.#offset;
    const length = this.u32();
    if (length > maxBytes) this.fail(`the name has ${length} bytes where ${maxBytes} are allowed`, start);
    return this.utf8(length);
  }

  /**
   * The number of elements of a vector. Every element takes at least one byte, so a count beyond the bytes left is an
   * error here, before anything is made of it.
   */
  count(): number {
    const start = this.#offset;
    const count = this.u32();
    if (count > this.remaining)
      this.fail(`${count} elements are announced where ${this.remaining} bytes are left`, start);
    return count;
  }

  /** A reader of the next `length` bytes; this one moves past them. */
  sub(length: number): ByteReader {
    const start = this.#offset;
    this.skip(length);
    return new ByteReader(this.#bytes, start, this.#offset);
  }
}
