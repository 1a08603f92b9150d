import { HASH_BYTES, type Hash, nodeHash } from "../tree/hashing.ts";

/** The logarithm of {@link TILE_WIDTH}: the levels of the tree that one tile covers. C2SP `tlog-tiles`. */
export const TILE_HEIGHT = 8;

/** How many hashes a full tile has: 256 subtrees of one level side by side. C2SP `tlog-tiles`. */
export const TILE_WIDTH: number = 1 << TILE_HEIGHT;

/**
 * The hash of a subtree within a tile.
 *
 * @param height How many levels above the tile's own, up to 8.
 * @param at Which subtree of that height within the tile, from 0.
 * @returns `undefined` when the tile has not all of its hashes.
 */
export function hashInTile(hashes: Uint8Array, height: number, at: number): Hash | undefined {
  const first = at << height;
  const count = 1 << height;
  if ((first + count) * HASH_BYTES > hashes.length) return undefined;
  let level = Array.from({ length: count }, (_, nth) => {
    const offset = (first + nth) * HASH_BYTES;
    return hashes.subarray(offset, offset + HASH_BYTES);
  });
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, nth) =>
      nodeHash(below[2 * nth] as Hash, below[2 * nth + 1] as Hash),
    );
  }
  return level[0];
}
