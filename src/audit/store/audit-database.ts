import { closeSync, constants, openSync } from "node:fs";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { Database } from "../../shared/machine/database.ts";
import { quoteText } from "../../shared/text/quote-text.ts";

/** Raised with each change that an older version could not read. */
const VERSION = 1;

/**
 * `events` has what the tree is over, and its leaves; `facets` what is asked for, in rows small enough to go through a million of them; `names` the
 * texts that facets refer to by number; `tree` the right edge, `tiles` all that is full, `checkpoints` what was signed.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS events(position INTEGER PRIMARY KEY, leaf BLOB NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS facets(
  position INTEGER PRIMARY KEY, time INTEGER NOT NULL, component INTEGER NOT NULL, type INTEGER NOT NULL, result INTEGER NOT NULL,
  run INTEGER NOT NULL, call INTEGER NOT NULL, rule INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS tree(one INTEGER PRIMARY KEY CHECK(one = 1), size INTEGER NOT NULL, edge BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tiles(level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, UNIQUE(level, number)) STRICT;
CREATE TABLE IF NOT EXISTS checkpoints(size INTEGER PRIMARY KEY, time INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
PRAGMA user_version = ${VERSION};
`;

/** How much survives: an end of the process, or of the power as well. */
export type Durability = "process" | "power";

/**
 * Opens the database to write to it; made for this user alone when it is not there.
 *
 * @throws CordonError `host` when it cannot be, or is of a newer version.
 */
export function openToWrite(path: string, durability: Durability): Database {
  makeForThisUser(path);
  const database = new Database(path, { what: WHAT });
  try {
    const isNew = checkVersion(database, path) === 0;
    database.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
    if (isNew) {
      database.exec("PRAGMA journal_mode = WAL");
      database.transaction(() => database.exec(TABLES));
    }
    return database;
  } catch (thrown) {
    database[Symbol.dispose]();
    throw thrown;
  }
}

/**
 * Opens the database to read it only.
 *
 * @throws CordonError `host` when it cannot be, or is of another version.
 */
export function openToRead(path: string): Database {
  const database = new Database(path, { what: WHAT, readOnly: true });
  try {
    if (checkVersion(database, path) === 0) {
      throw new CordonError("usage", `Cannot read the audit log ${quoteText(path)}: it is none; name another`);
    }
    return database;
  } catch (thrown) {
    database[Symbol.dispose]();
    throw thrown;
  }
}

const WHAT = "the audit log";

/** Made by us, since SQLite would let others read it; the files that it puts beside it get the same mode. */
function makeForThisUser(path: string): void {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_CREAT | (constants.O_NONBLOCK ?? 0), 0o600));
  } catch (thrown) {
    const reason = messageOf(thrown);
    throw new CordonError("host", `Cannot open ${WHAT} ${quoteText(path)}: ${reason}`, { cause: thrown });
  }
}

function checkVersion(database: Database, path: string): number {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version === 0 || version === VERSION) return version;
  throw new CordonError(
    "host",
    `Cannot use the audit log ${quoteText(path)}: it is of version ${version}, and this is for ${VERSION}; use a newer cordon`,
  );
}
