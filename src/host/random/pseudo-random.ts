const GOLDEN = 0x9e37_79b9_7f4a_7c15n;

/** The SplitMix64 generator of Steele, Lea and Flood, which spreads a seed over the state of another generator. */
export function* splitMix64(seed: bigint): Generator<bigint, never> {
  for (let state = BigInt.asUintN(64, seed + GOLDEN); ; state = BigInt.asUintN(64, state + GOLDEN)) {
    let mixed = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn);
    yield mixed ^ (mixed >> 31n);
  }
}

/** The state of {@link Xoshiro128}: four words of 32 bits, not all of them 0. */
export type XoshiroState = readonly [number, number, number, number];

/** The xoshiro128** 1.1 generator of Blackman and Vigna. What it gives can be computed from what it gave: not for secrets. */
export class Xoshiro128 {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor([a, b, c, d]: XoshiroState) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
  }

  /** Fills `bytes` with the words that follow, the low byte of each first; a word that is begun is used up. */
  writeTo(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 4) {
      const word = this.next();
      bytes[at] = word;
      bytes[at + 1] = word >>> 8;
      bytes[at + 2] = word >>> 16;
      bytes[at + 3] = word >>> 24;
    }
  }

  /** The next 32 bits, from 0 to 2^32 - 1. */
  next(): number {
    const scaled = Math.imul(this.#b, 5);
    const word = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return word >>> 0;
  }
}

/** A generator that gives the same for the same seed, of 64 bits, and another sequence for each name. */
export function seeded(seed: bigint, name: string): Xoshiro128 {
  let domain = 0n;
  for (const byte of new TextEncoder().encode(name))
    domain = BigInt.asUintN(64, (domain ^ BigInt(byte)) * 0x100_0000_01b3n);
  const [seedWord] = take(splitMix64(seed), 1);
  const [low = 1n, high = 1n] = take(splitMix64((seedWord ?? 0n) ^ domain), 2);
  const words: XoshiroState = [word(low), word(low >> 32n), word(high), word(high >> 32n)];
  return new Xoshiro128(words.some((one) => one !== 0) ? words : [1, 0, 0, 0]);
}

function take(from: Generator<bigint>, count: number): bigint[] {
  return Array.from({ length: count }, () => from.next().value as bigint);
}

function word(bits: bigint): number {
  return Number(BigInt.asUintN(32, bits));
}
