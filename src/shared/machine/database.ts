import type * as Sqlite from "node:sqlite";
import { CordonError, messageOf } from "../errors.ts";
import { quoteText } from "../text/quote-text.ts";

/** What can be bound to a statement. */
export type SqlValue = null | number | string | Uint8Array;

/** A row, by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A statement that is prepared once. */
export interface Statement {
  readonly run: (...values: readonly SqlValue[]) => void;
  readonly get: (...values: readonly SqlValue[]) => SqlRow | undefined;
  readonly all: (...values: readonly SqlValue[]) => readonly SqlRow[];
  readonly iterate: (...values: readonly SqlValue[]) => IterableIterator<SqlRow>;
}

/** How long a statement waits for another process that writes, in milliseconds. */
const BUSY_MS = 5_000;

/** How a database is opened. */
export interface DatabaseOptions {
  /** What it is, for messages: `the audit log`. */
  readonly what: string;
  /** Default false: it is made when it is not there. */
  readonly readOnly?: boolean;
}

/** The only place that knows Node's SQLite, whose classes are named differently by its versions. */
export class Database implements Disposable {
  readonly #name: string;
  readonly #database: Sqlite.DatabaseSync;

  /** @throws CordonError `host` when it cannot be opened, or is no database. */
  constructor(path: string, { what, readOnly = false }: DatabaseOptions) {
    this.#name = `${what} ${quoteText(path)}`;
    try {
      this.#database = new (databaseClass())(path, { readOnly, timeout: BUSY_MS, allowExtension: false });
    } catch (thrown) {
      throw this.#failure("open", thrown);
    }
  }

  /** Runs statements that give no rows. @throws CordonError `host` when that fails. */
  exec(sql: string): void {
    try {
      this.#database.exec(sql);
    } catch (thrown) {
      throw this.#failure("use", thrown);
    }
  }

  /** Prepares a statement. @throws CordonError `host`, as its uses do. */
  prepare(sql: string): Statement {
    const statement = this.#attempt(() => this.#database.prepare(sql));
    return {
      run: (...values) => void this.#attempt(() => statement.run(...values)),
      get: (...values) => this.#attempt(() => statement.get(...values)),
      all: (...values) => this.#attempt(() => statement.all(...values)),
      iterate: (...values) => this.#attempt(() => statement.iterate(...values)),
    };
  }

  /**
   * Does work in one transaction that no other process writes during. All of it is in the database when this returns, or nothing.
   *
   * @throws CordonError `host` when the database fails; or what the work throws.
   */
  transaction<T>(work: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    let result: T;
    try {
      result = work();
      this.exec("COMMIT");
    } catch (thrown) {
      this.#rollBack();
      throw thrown;
    }
    return result;
  }

  /** Does work that sees the database as it is at one moment, whoever writes meanwhile. */
  snapshot<T>(work: () => T): T {
    this.exec("BEGIN");
    try {
      return work();
    } finally {
      this.#rollBack();
    }
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    } catch {
      // A full disk may have ended the transaction already.
    }
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw this.#failure("use", thrown);
    }
  }

  #failure(verb: string, thrown: unknown): CordonError {
    return new CordonError("host", `Cannot ${verb} ${this.#name}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** The class of databases, loaded by the first use. It is called `Database` from Node 26.13 on, where the old name is deprecated. */
function databaseClass(): typeof Sqlite.DatabaseSync {
  const loaded: typeof Sqlite & { readonly Database?: typeof Sqlite.DatabaseSync } =
    process.getBuiltinModule("node:sqlite");
  return loaded.Database ?? loaded.DatabaseSync;
}
