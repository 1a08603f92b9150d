import { TYPE_KEY_BYTES } from "../../hardening/read/type-keys.ts";

const WORDS = TYPE_KEY_BYTES / Uint32Array.BYTES_PER_ELEMENT;

/** The number of keys that there is room for at first; a power of two. */
const FIRST_CAPACITY = 4_096;

/**
 * A set of keys of types. Half a million strings would take 60 MB; here they take 16. Keys are hashes, so their own bits tell where they
 * go, and no key is nothing but zeros: the weight of a type is at least one.
 */
export class KeySet {
  #words = new Uint32Array(FIRST_CAPACITY * WORDS);
  #size = 0;

  /** Adds a key. Returns whether it is new. */
  add(key: Uint8Array): boolean {
    const words = wordsOf(key);
    const at = this.#find(words);
    if (this.#isKey(at)) return false;
    this.#words.set(words, at);
    this.#size += 1;
    if (this.#size * 2 > this.#words.length / WORDS) this.#grow();
    return true;
  }

  has(key: Uint8Array): boolean {
    return this.#isKey(this.#find(wordsOf(key)));
  }

  #isKey(at: number): boolean {
    return (this.#words[at + WORDS - 1] ?? 0) !== 0;
  }

  /** Where a key is, or would be. At least half of the places are free. */
  #find(key: Uint32Array): number {
    const mask = this.#words.length / WORDS - 1;
    for (let place = (key[0] ?? 0) & mask; ; place = (place + 1) & mask) {
      const at = place * WORDS;
      if (!this.#isKey(at) || key.every((word, index) => this.#words[at + index] === word)) return at;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS) {
      const key = old.subarray(at, at + WORDS);
      if ((key[WORDS - 1] ?? 0) !== 0) this.#words.set(key, this.#find(key));
    }
  }
}

function wordsOf(key: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(key).buffer);
}
