/** An address, or a range from it, that a guest named and that its memory does not have. It ends the guest. */
export class OutsideMemory extends Error {}

/**
 * A guest's linear memory, as host functions of core modules reach it. Addresses and lengths are unsigned and come from the guest:
 * each access is checked against the memory as it is at that moment, and for how it is aligned where it is of more than bytes.
 */
export class LinearMemory {
  readonly #buffer: () => ArrayBuffer;
  #view: DataView<ArrayBuffer>;

  /** @param buffer What the memory is now: it is another after it grew. */
  constructor(buffer: () => ArrayBuffer) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer());
  }

  /** The bytes from `at` on, in place. Good until the guest's code runs again. */
  bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#within(at, length).buffer, at, length);
  }

  /** A place for a value of this size that is yet to come. Throws now, before anything is done for it. */
  assertPlace(at: number, size: number, alignment: number = size): void {
    this.#aligned(at, size, alignment);
  }

  u8(at: number): number {
    return this.#within(at, 1).getUint8(at);
  }

  u16(at: number): number {
    return this.#aligned(at, 2).getUint16(at, true);
  }

  u32(at: number): number {
    return this.#aligned(at, 4).getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.#aligned(at, 8).getBigUint64(at, true);
  }

  setU8(at: number, value: number): void {
    this.#within(at, 1).setUint8(at, value);
  }

  setU16(at: number, value: number): void {
    this.#aligned(at, 2).setUint16(at, value, true);
  }

  setU32(at: number, value: number): void {
    this.#aligned(at, 4).setUint32(at, value, true);
  }

  setU64(at: number, value: bigint): void {
    this.#aligned(at, 8).setBigUint64(at, value, true);
  }

  #aligned(at: number, size: number, alignment: number = size): DataView<ArrayBuffer> {
    if (at % alignment !== 0) throw new OutsideMemory(`the guest passed the address ${at}, which is not aligned`);
    return this.#within(at, size);
  }

  #within(at: number, length: number): DataView<ArrayBuffer> {
    const buffer = this.#buffer();
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    if (at + length <= buffer.byteLength) return this.#view;
    throw new OutsideMemory(`the guest passed the address ${at}, from which on its memory has no ${length} bytes`);
  }
}
