import { CordonError } from "../../shared/errors.ts";
import type { Database, Statement } from "../../shared/machine/database.ts";
import type { StoredEvent } from "../stored-event.ts";
import { signCheckpoint } from "../tree/checkpoint.ts";
import { leafHash } from "../tree/hashing.ts";
import type { NoteSigner } from "../tree/signed-note.ts";
import { TreeEdge } from "../tree/tree-edge.ts";
import { type Durability, openToWrite } from "./audit-database.ts";
import { textAt, textOf } from "./event-text.ts";
import { facetsOf } from "./facets.ts";
import { Names } from "./names.ts";
import { TileWriter } from "./tile-writer.ts";

/** How a log is written. */
export interface AuditLogOptions {
  /** Default `process`: what was written outlives any end of the process. */
  readonly durability?: Durability;
}

/**
 * A log of events with a Merkle tree over them, in one database that any number of processes write. What was appended can be read and
 * proved; it is never changed.
 */
export class AuditLog implements Disposable {
  readonly #path: string;
  readonly #database: Database;
  readonly #names: Names;
  readonly #tiles: TileWriter;
  readonly #statements: Readonly<
    Record<"tree" | "setTree" | "event" | "facets" | "lastCheckpoint" | "checkpoint", Statement>
  >;
  #edge = TreeEdge.empty();

  /**
   * @param path Made, with mode 0600, when it is not there; its folder has to be.
   * @throws CordonError `host` when it cannot be opened.
   */
  constructor(path: string, { durability = "process" }: AuditLogOptions = {}) {
    this.#path = path;
    const database = openToWrite(path, durability);
    this.#database = database;
    this.#names = new Names(database);
    this.#tiles = new TileWriter(database);
    this.#statements = {
      tree: database.prepare("SELECT size, edge FROM tree"),
      setTree: database.prepare("REPLACE INTO tree(one, size, edge) VALUES(1, ?, ?)"),
      event: database.prepare("INSERT INTO events(position, leaf, text) VALUES(?, ?, ?)"),
      facets: database.prepare("INSERT INTO facets VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
      lastCheckpoint: database.prepare("SELECT size FROM checkpoints ORDER BY size DESC LIMIT 1"),
      checkpoint: database.prepare("INSERT OR IGNORE INTO checkpoints(size, time, note) VALUES(?, ?, ?)"),
    };
  }

  /**
   * Appends events in one step.
   *
   * @returns The position of the first, from 0.
   * @throws CordonError `host` when none of them was written.
   */
  append(events: readonly StoredEvent[]): number {
    const texts = events.map(textOf);
    try {
      return this.#database.transaction(() => {
        const edge = this.#edgeNow();
        const first = edge.size;
        for (const [nth, event] of events.entries()) {
          const text = textAt(first + nth, texts[nth] ?? "");
          const leaf = leafHash(text);
          this.#statements.event.run(first + nth, leaf, text);
          this.#writeFacets(first + nth, event);
          edge.append(leaf, this.#tiles.take);
        }
        this.#statements.setTree.run(edge.size, edge.bytes());
        return first;
      });
    } catch (thrown) {
      this.#names.forget();
      this.#tiles.forget();
      this.#edge = TreeEdge.empty();
      throw thrown;
    }
  }

  /**
   * Signs what the log is now, unless that was done already.
   *
   * @returns The checkpoint, in the form of C2SP `tlog-checkpoint`; `undefined` where there is nothing new.
   * @throws CordonError `host` when it cannot be written.
   */
  checkpoint(signer: NoteSigner, now: number = Date.now()): string | undefined {
    return this.#database.transaction(() => {
      const edge = this.#edgeNow();
      const last = this.#statements.lastCheckpoint.get()?.["size"];
      if (edge.size === 0 || last === edge.size) return undefined;
      const note = signCheckpoint({ origin: signer.name, size: edge.size, root: edge.root() }, signer);
      this.#statements.checkpoint.run(edge.size, now, note);
      return note;
    });
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }

  /** The edge as the database has it, for this process or another may have appended since. */
  #edgeNow(): TreeEdge {
    const row = this.#statements.tree.get();
    const size = Number(row?.["size"] ?? 0);
    if (size === this.#edge.size) return this.#edge;
    const bytes = row?.["edge"];
    const edge = bytes instanceof Uint8Array ? TreeEdge.from(size, bytes) : undefined;
    if (edge === undefined || size < this.#edge.size) {
      throw new CordonError(
        "host",
        `Cannot append to the audit log ${JSON.stringify(this.#path)}: ${edge === undefined ? "the edge of its tree is damaged" : "events were taken from it"}; run cordon audit verify`,
      );
    }
    this.#edge = edge;
    return edge;
  }

  #writeFacets(position: number, event: StoredEvent): void {
    const { time, component, type, result, run, call, rule } = facetsOf(event);
    const names = this.#names;
    this.#statements.facets.run(
      position,
      time,
      names.numberOf(component),
      names.numberOf(type),
      names.numberOf(result),
      names.numberOf(run),
      call,
      names.numberOf(rule),
    );
  }
}
