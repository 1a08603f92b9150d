import type { Database, Statement } from "../../shared/machine/database.ts";

/** How many are kept in memory; rules and components are few, and what is not kept is asked for again. */
const MAX_KEPT = 10_000;

/** Texts that stand in many events, by numbers that never change. To be used within a transaction. */
export class Names {
  readonly #find: Statement;
  readonly #add: Statement;
  readonly #known = new Map<string, number>();

  constructor(database: Database) {
    this.#find = database.prepare("SELECT id FROM names WHERE text = ?");
    this.#add = database.prepare("INSERT INTO names(text) VALUES(?) RETURNING id");
  }

  /** The number of a text. */
  numberOf(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const id = Number((this.#find.get(text) ?? this.#add.get(text))?.["id"]);
    if (this.#known.size >= MAX_KEPT) this.#known.clear();
    this.#known.set(text, id);
    return id;
  }

  /** To be called when a transaction was taken back, and with it what was added. */
  forget(): void {
    this.#known.clear();
  }
}
