/** The bytes of most sizes that are written after what they are of. */
const SIZE_BYTES = 2;

/** Writes WebAssembly's binary encodings into one array that grows as it has to. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** `capacity` is how many bytes are reserved at first. */
  constructor(capacity: number = 256) {
    this.#bytes = new Uint8Array(Math.max(capacity, 16));
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written and keeps the room. */
  clear(): void {
    this.#length = 0;
  }

  /** What was written, as a view that is good until something more is. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Leaves room for so many bytes, which are zero until they are written through the view. */
  skip(count: number): void {
    this.#reserveFor(count);
    this.#length += count;
  }

  u8(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  /** An unsigned integer of up to 32 bits, as LEB128. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** A signed integer of up to 32 bits, as LEB128. */
  signed(value: number): void {
    for (let rest = value | 0; ;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const isLast = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40);
      this.u8(isLast ? low : low | 0x80);
      if (isLast) return;
    }
  }

  /** Bytes of `source` from `start`, inclusive, to `end`, exclusive. */
  copy(source: Uint8Array, start: number = 0, end: number = source.length): void {
    const count = end - start;
    if (count <= 0) return;
    this.#reserveFor(count);
    const bytes = this.#bytes;
    if (count < 48) {
      let at = this.#length;
      for (let from = start; from < end; from += 1) {
        bytes[at] = source[from] ?? 0;
        at += 1;
      }
    } else {
      bytes.set(source.subarray(start, end), this.#length);
    }
    this.#length += count;
  }

  /** Begins what has its size in front; returns where it begins. */
  beginSized(): number {
    this.skip(SIZE_BYTES);
    return this.#length;
  }

  /** Ends what began at `start`, and writes its size. */
  endSized(start: number): void {
    const size = this.#length - start;
    const sizeBytes = size < 0x80 ? 1 : size < 0x4000 ? 2 : size < 0x20_0000 ? 3 : size < 0x1000_0000 ? 4 : 5;
    if (sizeBytes !== SIZE_BYTES) {
      this.#reserveFor(sizeBytes);
      this.#bytes.copyWithin(start + sizeBytes - SIZE_BYTES, start, this.#length);
    }
    const end = this.#length + sizeBytes - SIZE_BYTES;
    this.#length = start - SIZE_BYTES;
    this.u32(size);
    this.#length = end;
  }

  /** Text with its length in front. */
  name(text: string): void {
    const encoded = Buffer.from(text, "utf8");
    this.u32(encoded.length);
    this.copy(encoded);
  }

  #reserveFor(more: number): void {
    if (this.#length + more > this.#bytes.length) this.#reserve(more);
  }

  #reserve(more: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.view());
    this.#bytes = larger;
  }
}
