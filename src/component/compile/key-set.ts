import { nodeCrypto } from "../../shared/node-modules.ts";
import { TYPE_KEY_BYTES } from "../../hardening/read/type-keys.ts";

const WORDS = TYPE_KEY_BYTES / Uint32Array.BYTES_PER_ELEMENT;

/** The number of keys that there is room for at first; a power of two. */
const FIRST_CAPACITY = 4_096;

/**
 * A set of keys of types. Half a million strings would take 60 MB; here they take 16. No key ends in a zero: the weight of a type is at
 * least one. Where a key goes is computed from its words and numbers of this set's own, so that nobody can choose keys that collide.
 */
export class KeySet {
  #words = new Uint32Array(FIRST_CAPACITY * WORDS);
  readonly #multipliers = randomWords(WORDS);
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
    let sum = 0;
    for (let word = 0; word < WORDS; word += 1)
      sum = (sum + Math.imul(key[word] ?? 0, this.#multipliers[word] ?? 1)) | 0;
    // The upper bits depend on all of the lower ones.
    for (let place = (sum >>> (Math.clz32(mask) % 32)) & mask; ; place = (place + 1) & mask) {
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

/** Odd numbers that nobody else knows. */
function randomWords(count: number): Uint32Array {
  // Not of the Web Cryptography API, whose modules nothing else of a run loads.
  return nodeCrypto()
    .randomFillSync(new Uint32Array(count))
    .map((word) => word | 1);
}

function wordsOf(key: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(key).buffer);
}
