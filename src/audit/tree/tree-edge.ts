import { emptyRoot, HASH_BYTES, type Hash, nodeHash } from "./hashing.ts";

/** Told of each subtree that became complete: 2^level leaves, the `index`th of that size, both from 0. */
export type SubtreeListener = (level: number, index: number, hash: Hash) => void;

/**
 * The right edge of an RFC 9162 tree: the hash of one complete subtree for each bit of its size, the largest first. It is all that
 * appending needs, and the root follows from it. At most 53 hashes.
 */
export class TreeEdge {
  #size: number;
  readonly #hashes: Hash[];

  private constructor(size: number, hashes: Hash[]) {
    this.#size = size;
    this.#hashes = hashes;
  }

  /** The edge of a tree without leaves. */
  static empty(): TreeEdge {
    return new TreeEdge(0, []);
  }

  /**
   * The edge that {@link bytes} gave.
   *
   * @returns `undefined` where it has not as many hashes as the size demands.
   */
  static from(size: number, bytes: Uint8Array): TreeEdge | undefined {
    if (!Number.isSafeInteger(size) || size < 0 || bytes.length !== onesOf(size) * HASH_BYTES) return undefined;
    const hashes: Hash[] = [];
    for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.slice(at, at + HASH_BYTES));
    return new TreeEdge(size, hashes);
  }

  /** How many leaves the tree has. */
  get size(): number {
    return this.#size;
  }

  /** Adds a leaf at the right. */
  append(leaf: Hash, listener?: SubtreeListener): void {
    let hash = leaf;
    let index = this.#size;
    listener?.(0, index, hash);
    for (let level = 1; index % 2 === 1; level += 1) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new Error("the edge of the tree has fewer hashes than its size demands");
      hash = nodeHash(left, hash);
      index = (index - 1) / 2;
      listener?.(level, index, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1;
  }

  /** The hash of the whole tree. */
  root(): Hash {
    const smallestFirst = this.#hashes.toReversed();
    const [first, ...others] = smallestFirst;
    if (first === undefined) return emptyRoot();
    return others.reduce((right, left) => nodeHash(left, right), first);
  }

  /** Its hashes, one after the other. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#hashes);
  }

  /** An edge of its own that has the same hashes now. */
  copy(): TreeEdge {
    return new TreeEdge(this.#size, [...this.#hashes]);
  }
}

function onesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
