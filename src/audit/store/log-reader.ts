import { CordonError } from "../../shared/errors.ts";
import type { Database, SqlRow, Statement } from "../../shared/machine/database.ts";
import type { Hash } from "../tree/hashing.ts";
import type { ReadHash } from "../tree/subtrees.ts";
import { openToRead } from "./audit-database.ts";
import type { Facets } from "./facets.ts";
import { hashInTile, TILE_HEIGHT, TILE_WIDTH } from "./tiles.ts";

/** A checkpoint as it is stored. */
export interface StoredCheckpoint {
  readonly size: number;
  /** In ms since 1970. */
  readonly time: number;
  readonly note: string;
}

/** An event as it is stored. */
export interface StoredText {
  readonly position: number;
  /** Its leaf in the tree, as it was when it was written. */
  readonly leaf: Hash;
  readonly text: string;
}

/** Reads a log, of which other processes may append to the end meanwhile. */
export class LogReader implements Disposable {
  readonly #database: Database;
  readonly #tile: Statement;
  readonly #texts: Statement;
  readonly #facets: Statement;

  /** @throws CordonError `usage` when there is no log; `host` when it cannot be opened. */
  constructor(path: string) {
    this.#database = openToRead(path);
    this.#tile = this.#database.prepare("SELECT hashes FROM tiles WHERE level = ? AND number = ?");
    this.#texts = this.#database.prepare(
      "SELECT position, leaf, text FROM events WHERE position >= ? AND position < ? ORDER BY position",
    );
    this.#facets = this.#database.prepare(`
      SELECT position, time, call, c.text AS component, t.text AS type, r.text AS result, p.text AS run, u.text AS rule FROM facets
      LEFT JOIN names c ON c.id = component LEFT JOIN names t ON t.id = type LEFT JOIN names r ON r.id = result
      LEFT JOIN names p ON p.id = run LEFT JOIN names u ON u.id = rule WHERE position >= ? AND position < ?`);
  }

  /** The database, for queries. */
  get database(): Database {
    return this.#database;
  }

  /** Does work that sees the log as it is at one moment. */
  atOnce<T>(work: () => T): T {
    return this.#database.snapshot(work);
  }

  /** How many events the tree is over, and its edge as it is stored. */
  tree(): { readonly size: number; readonly edge: Uint8Array } {
    const row = this.#database.prepare("SELECT size, edge FROM tree").get();
    const edge = row?.["edge"];
    return { size: Number(row?.["size"] ?? 0), edge: edge instanceof Uint8Array ? edge : new Uint8Array(0) };
  }

  /** Events from a position up to another. */
  texts(start: number, end: number): readonly StoredText[] {
    return this.#texts.all(start, end).map(({ position, leaf, text }) => ({
      position: Number(position),
      leaf: leaf instanceof Uint8Array ? leaf : new Uint8Array(0),
      text: String(text),
    }));
  }

  /** The columns for queries of events from a position up to another, by position. */
  facets(start: number, end: number): ReadonlyMap<number, Facets> {
    return new Map(this.#facets.all(start, end).map((row) => [Number(row["position"]), facetsFrom(row)]));
  }

  /** The last position that has an event, or -1. */
  lastPosition(): number {
    return Number(this.#database.prepare("SELECT max(position) AS last FROM events").get()?.["last"] ?? -1);
  }

  /** A tile as it is stored, if it is. */
  tile(level: number, number: number): Uint8Array | undefined {
    const hashes = this.#tile.get(level, number)?.["hashes"];
    return hashes instanceof Uint8Array ? hashes : undefined;
  }

  /** All checkpoints, the oldest first. */
  checkpoints(): readonly StoredCheckpoint[] {
    return this.#database
      .prepare("SELECT size, time, note FROM checkpoints ORDER BY size")
      .all()
      .map(({ size, time, note }) => ({ size: Number(size), time: Number(time), note: String(note) }));
  }

  /**
   * The hash of a complete subtree, from the tiles, or from the events where no full tile has it.
   *
   * @throws CordonError `host` when the log has not what it takes.
   */
  readonly readHash: ReadHash = (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const height = level % TILE_HEIGHT;
    const perTile = TILE_WIDTH >> height;
    const number = Math.floor(index / perTile);
    const stored = this.tile(tileLevel, number) ?? (tileLevel === 0 ? this.#leaves(number) : undefined);
    const found = stored === undefined ? undefined : hashInTile(stored, height, index % perTile);
    if (found !== undefined) return found;
    throw new CordonError(
      "host",
      `Cannot read the audit log: its tile ${tileLevel}/${number} is not whole; run cordon audit verify`,
    );
  };

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }

  #leaves(number: number): Uint8Array {
    const start = number * TILE_WIDTH;
    return Buffer.concat(this.texts(start, start + TILE_WIDTH).map(({ leaf }) => leaf));
  }
}

function facetsFrom(row: SqlRow): Facets {
  const text = (name: string): string => {
    const value = row[name];
    return typeof value === "string" ? value : "";
  };
  return {
    time: Number(row["time"]),
    component: text("component"),
    type: text("type"),
    result: text("result"),
    run: text("run"),
    call: Number(row["call"]),
    rule: text("rule"),
  };
}
