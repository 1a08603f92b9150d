import type * as Crypto from "node:crypto";
import { nodeCrypto } from "../../shared/node-modules.ts";

/** SHA-256, 32 bytes. */
export type Hash = Uint8Array;

/** How many bytes a {@link Hash} has. */
export const HASH_BYTES = 32;

// One buffer for all nodes, since a tree of a million leaves has as many of them.
const node = new Uint8Array(1 + 2 * HASH_BYTES);
node[0] = 1;

let crypto: typeof Crypto | undefined;

function sha256(data: Uint8Array | string): Hash {
  crypto ??= nodeCrypto();
  // By a string, since that costs a third of a buffer from OpenSSL: this one is a part of Node's pool.
  return Buffer.from(crypto.hash("sha256", data, "latin1"), "latin1");
}

/** The root of a tree without leaves: the hash of nothing. RFC 9162, 2.1.1. */
export function emptyRoot(): Hash {
  return sha256(new Uint8Array(0));
}

/** The hash of a leaf: of a zero byte and what the leaf holds; a text stands for its UTF-8. RFC 9162, 2.1.1. */
export function leafHash(entry: string | Uint8Array): Hash {
  if (typeof entry === "string") return sha256(`\0${entry}`);
  const leaf = Buffer.allocUnsafe(1 + entry.length);
  leaf[0] = 0;
  leaf.set(entry, 1);
  return sha256(leaf);
}

/** The hash of two subtrees: of a byte of one and both of their hashes. RFC 9162, 2.1.1. */
export function nodeHash(left: Hash, right: Hash): Hash {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** Whether two hashes are the same. They are no secrets. */
export function sameHash(one: Hash, other: Hash): boolean {
  return Buffer.compare(one, other) === 0;
}
