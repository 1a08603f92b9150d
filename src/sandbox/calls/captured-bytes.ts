/** Bytes that are gathered from parts, however small: it takes at most twice as much memory as they are. */
export class CapturedBytes {
  #buffer = new Uint8Array();
  #length = 0;

  /** Adds a copy of a part. */
  add(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(2 * this.#buffer.length, 2 ** 31)));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(part, this.#length);
    this.#length = length;
  }

  /** All of them so far. */
  get bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}
