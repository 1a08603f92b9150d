import type { Database, Statement } from "../../shared/machine/database.ts";
import type { Hash } from "../tree/hashing.ts";
import type { SubtreeListener } from "../tree/tree-edge.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "./tiles.ts";

/**
 * Writes the tiles of a tree that grows. A tile of leaves is written when it is full, since until then its hashes are with the events;
 * those above it, where there is something new once in 256 events, as they grow.
 */
export class TileWriter {
  readonly #put: Statement;
  readonly #grow: Statement;
  readonly #stored: Statement;
  /** Hashes of the last leaves, as far as this process has made them itself, up to and without `#end`. */
  #leaves: Hash[] = [];
  #end = 0;

  constructor(database: Database) {
    this.#put = database.prepare("INSERT INTO tiles(level, number, hashes) VALUES(?, ?, ?)");
    this.#grow = database.prepare(
      "INSERT INTO tiles(level, number, hashes) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET hashes = CAST(hashes || excluded.hashes AS BLOB)",
    );
    this.#stored = database.prepare("SELECT leaf FROM events WHERE position >= ? AND position < ? ORDER BY position");
  }

  /** Takes the hash of a subtree that is complete. Within a transaction. */
  readonly take: SubtreeListener = (level, index, hash) => {
    if (level % TILE_HEIGHT !== 0) return;
    const tile = Math.floor(index / TILE_WIDTH);
    if (level > 0) {
      this.#grow.run(level / TILE_HEIGHT, tile, hash);
      return;
    }
    if (index !== this.#end) this.#leaves = [];
    this.#end = index + 1;
    this.#leaves.push(hash);
    if (this.#end % TILE_WIDTH !== 0) return;
    this.#put.run(0, tile, Buffer.concat([...this.#missing(tile), ...this.#leaves]));
    this.#leaves = [];
  };

  /** To be called when a transaction was taken back. */
  forget(): void {
    this.#leaves = [];
    this.#end = 0;
  }

  /** The hashes in front of those that this process made. */
  #missing(tile: number): readonly Hash[] {
    const start = tile * TILE_WIDTH;
    const rows = this.#stored.all(start, this.#end - this.#leaves.length);
    return rows.flatMap(({ leaf }) => (leaf instanceof Uint8Array ? [leaf] : []));
  }
}
