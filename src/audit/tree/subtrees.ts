import { emptyRoot, type Hash, nodeHash } from "./hashing.ts";

/** Reads the hash of a complete subtree: 2^level leaves, the `index`th of that size, both from 0. */
export type ReadHash = (level: number, index: number) => Hash;

/**
 * The hash of the leaves from `start` up to `end`, which must be a range that RFC 9162 splits a tree into: `start` is a multiple of a
 * power of two that is not smaller than the range.
 */
export function rangeHash(start: number, end: number, read: ReadHash): Hash {
  if (start === end) return emptyRoot();
  const parts: Hash[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    let leaves = 1;
    while (at % (leaves * 2) === 0 && at + leaves * 2 <= end) {
      leaves *= 2;
      level += 1;
    }
    parts.push(read(level, at / leaves));
    at += leaves;
  }
  return parts.reduceRight((right, left) => nodeHash(left, right));
}
