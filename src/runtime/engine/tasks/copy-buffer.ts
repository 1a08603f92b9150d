/** Where elements of a stream or future come from or go to: a range of a guest's memory, or a part that the embedder has. */
export interface CopyBuffer {
  /** Whether elements become values of the embedder's there, or are. */
  readonly isEmbedders: boolean;
  /** How many more elements it has, or has room for. */
  readonly remaining: number;
  /** Whether it never had any. */
  readonly isEmpty: boolean;
  /** How many have been copied. */
  readonly progress: number;
  /** The next elements, as a buffer of a guest takes them, or one of the embedder's. */
  readonly read: (count: number, forEmbedder: boolean) => unknown;
  /** Stores elements that {@link read} of another gave. */
  readonly write: (count: number, items: unknown, ofEmbedder: boolean) => void;
}

/** Takes elements for the embedder, up to a number of them. */
export class TakenPart implements CopyBuffer {
  readonly isEmbedders = true;
  readonly #most: number;
  progress = 0;
  /** What was taken: a typed array or a list; undefined for elements without content. */
  items: unknown;

  constructor(most: number) {
    this.#most = most;
  }

  get remaining(): number {
    return this.#most - this.progress;
  }

  get isEmpty(): boolean {
    return false;
  }

  read(): never {
    throw new Error("nothing can be read from what is taken");
  }

  write(count: number, items: unknown): void {
    this.progress += count;
    this.items = items;
  }
}

/** Elements that the embedder gives: a typed array or a list; undefined for elements without content. */
export class GivenPart implements CopyBuffer {
  readonly isEmbedders = true;
  readonly #items: unknown;
  readonly #length: number;
  progress = 0;

  constructor(items: unknown, length: number) {
    this.#items = items;
    this.#length = length;
  }

  get remaining(): number {
    return this.#length - this.progress;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  read(count: number): unknown {
    const from = this.progress;
    this.progress += count;
    if (this.#items === undefined) return undefined;
    if (Array.isArray(this.#items)) return this.#items.slice(from, from + count);
    return (this.#items as Uint8Array).subarray(from, from + count);
  }

  write(): never {
    throw new Error("nothing can be stored in what is given");
  }
}
