import { types } from "node:util";

/**
 * Bytes that are read when the guest has made room for them, straight into its memory: a megabyte that lay in the host's first
 * would be copied once more, and cost the host a megabyte.
 */
export class LazyBytes {
  /** How many there are, in bytes; unless {@link pour} finds fewer. */
  readonly length: number;
  readonly #read: (target: Uint8Array) => number;
  #poured = false;

  /** @param read Fills an array of that length, or its beginning, and returns how much; throws what ends the guest. */
  constructor(length: number, read: (target: Uint8Array) => number) {
    this.length = length;
    this.#read = read;
  }

  /**
   * Fills memory from an offset on, once, and returns how many bytes there were. Throws for an offset that leaves no room for all
   * of them.
   *
   * @param memory May be of another realm.
   */
  pour(memory: ArrayBuffer, offset: number): number {
    if (!types.isAnyArrayBuffer(memory)) throw new Error("there is no memory to read the bytes into");
    if (this.#poured) throw new Error("the bytes were read before");
    this.#poured = true;
    return this.#read(new Uint8Array(memory, offset, this.length));
  }
}

/** What a function that answers with bytes may answer with. */
export type BytesOrLazy = Uint8Array | LazyBytes;
