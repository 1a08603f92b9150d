import { type Hash, nodeHash, sameHash } from "./hashing.ts";
import { rangeHash, type ReadHash } from "./subtrees.ts";

/** The largest power of two below a size of at least 2. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/**
 * The proof that a leaf is in the tree of a size: the hashes of the subtrees beside its path, from the leaf up. RFC 9162, 2.1.3.1.
 *
 * @param index Which leaf, from 0; below `size`.
 */
export function inclusionProof(index: number, size: number, read: ReadHash): readonly Hash[] {
  const proof: Hash[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      proof.push(rangeHash(middle, end, read));
      end = middle;
    } else {
      proof.push(rangeHash(start, middle, read));
      start = middle;
    }
  }
  return proof.reverse();
}

/** Whether a proof of {@link inclusionProof} holds. RFC 9162, 2.1.3.2. */
export function includes(
  proof: readonly Hash[],
  leaf: { readonly index: number; readonly hash: Hash },
  tree: { readonly size: number; readonly root: Hash },
): boolean {
  if (leaf.index < 0 || leaf.index >= tree.size) return false;
  let { hash } = leaf;
  const ends = climb(proof, leaf.index, tree.size - 1, (beside, isLeft) => {
    hash = isLeft ? nodeHash(beside, hash) : nodeHash(hash, beside);
  });
  return ends && sameHash(hash, tree.root);
}

/**
 * Goes from a node up to the root as both checks of RFC 9162 do, with what the proof has beside each node, and whether that is on its left.
 *
 * @param from The index of the node on its level.
 * @param end The index of the last one there.
 * @returns Whether the proof ends at the root.
 */
function climb(
  proof: readonly Hash[],
  from: number,
  end: number,
  step: (beside: Hash, isLeft: boolean) => void,
): boolean {
  let [index, last] = [from, end];
  for (const beside of proof) {
    if (last === 0) return false;
    const isLeft = index % 2 === 1 || index === last;
    step(beside, isLeft);
    if (isLeft) {
      while (index % 2 === 0 && index !== 0) {
        index = index / 2;
        last = Math.floor(last / 2);
      }
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0;
}

/**
 * The proof that the tree of a size begins with the one of an older size, of at least 1. RFC 9162, 2.1.4.1.
 */
export function consistencyProof(older: number, size: number, read: ReadHash): readonly Hash[] {
  const proof: Hash[] = [];
  let start = 0;
  let end = size;
  // While the older tree is a whole subtree that began at 0, whoever checks has its hash.
  let known = true;
  while (older !== end) {
    const middle = start + splitOf(end - start);
    if (older <= middle) {
      proof.push(rangeHash(middle, end, read));
      end = middle;
    } else {
      proof.push(rangeHash(start, middle, read));
      start = middle;
      known = false;
    }
  }
  if (!known) proof.push(rangeHash(start, end, read));
  return proof.reverse();
}

/** Whether a proof of {@link consistencyProof} holds. RFC 9162, 2.1.4.2. */
export function extendsTree(
  proof: readonly Hash[],
  older: { readonly size: number; readonly root: Hash },
  newer: { readonly size: number; readonly root: Hash },
): boolean {
  if (older.size < 1 || older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && sameHash(older.root, newer.root);
  const [first, ...others] = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof;
  if (first === undefined) return false;
  let index = older.size - 1;
  let last = newer.size - 1;
  while (index % 2 === 1) {
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  let before = first;
  let after = first;
  const ends = climb(others, index, last, (beside, isLeft) => {
    if (isLeft) before = nodeHash(beside, before);
    after = isLeft ? nodeHash(beside, after) : nodeHash(after, beside);
  });
  return ends && sameHash(before, older.root) && sameHash(after, newer.root);
}

function isPowerOfTwo(size: number): boolean {
  let rest = size;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}
