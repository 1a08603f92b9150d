import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { Database } from "../../shared/machine/database.ts";
import { noteSigner } from "../tree/signed-note.ts";
import { AuditLog } from "./audit-log.ts";
import { LogReader } from "./log-reader.ts";
import { verifyLog } from "./verify-log.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-tampering-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const signer = noteSigner("log.test", Buffer.alloc(32, 9));
const SIZE = 270;
const original = join(folder, "original.db");
const path = join(folder, "changed.db");
const elsewhere = {
  note: "",
  from: "the one that is kept elsewhere",
};
{
  using log = new AuditLog(original);
  for (let nth = 0; nth < SIZE; nth += 1) {
    log.append([
      {
        schema: 1,
        timestamp: new Date(Date.UTC(2026, 0, 1) + nth).toISOString(),
        component_id: "c",
        event_type: "NetworkAccess",
        resource: `https://host-${nth}.test/`,
        action: "handle",
        result: "Denied",
      },
    ]);
    if (nth === 99) log.checkpoint(signer);
  }
  elsewhere.note = log.checkpoint(signer) ?? "";
}

const positions = fc.integer({ min: 0, max: SIZE - 1 });

/** One change of a stored log, each of which is to be found. */
const changes = fc.oneof(
  fc.record({ kind: fc.constant("flip"), position: positions, at: fc.nat(150), bit: fc.nat(6) }),
  fc.record({ kind: fc.constant("cut"), position: positions }),
  fc.record({ kind: fc.constant("remove"), position: positions }),
  fc.record({ kind: fc.constant("swap"), position: positions, other: positions }),
  fc.record({ kind: fc.constant("insert"), position: positions }),
  fc.record({ kind: fc.constant("roll back"), position: positions }),
  fc.record({ kind: fc.constant("flip tile"), at: fc.nat(255), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant("flip leaf"), position: positions, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant("flip edge"), at: fc.nat(4 * 32 - 1), bit: fc.nat(7) }),
);

type Change = typeof changes extends fc.Arbitrary<infer T> ? T : never;

/** Makes the change. Returns false where it changes nothing. */
function apply(database: Database, change: Change): boolean {
  const run = (sql: string, ...values: readonly (number | string | Uint8Array)[]): void =>
    database.prepare(sql).run(...values);
  const renumber = (from: number, to: number): void =>
    run("UPDATE events SET position = ? WHERE position = ?", to, from);
  switch (change.kind) {
    case "flip": {
      const { position, at, bit } = change as { position: number; at: number; bit: number };
      const row = database.prepare("SELECT text FROM events WHERE position = ?").get(position);
      const bytes = Buffer.from(String(row?.["text"]));
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      run("UPDATE events SET text = ? WHERE position = ?", bytes.toString("latin1"), position);
      return true;
    }
    case "cut": {
      run("DELETE FROM events WHERE position >= ?", change.position);
      return true;
    }
    case "remove": {
      const { position } = change;
      run("DELETE FROM events WHERE position = ?", position);
      for (let at = position + 1; at < SIZE; at += 1) renumber(at, at - 1);
      return true;
    }
    case "swap": {
      const { position, other } = change as { position: number; other: number };
      renumber(position, -1);
      renumber(other, position);
      renumber(-1, other);
      return position !== other;
    }
    case "insert": {
      const { position } = change;
      for (let at = SIZE - 1; at >= position; at -= 1) renumber(at, at + 1);
      run(
        "INSERT INTO events SELECT ?, leaf, text FROM events WHERE position = ?",
        position,
        position === 0 ? 1 : position - 1,
      );
      return true;
    }
    case "roll back": {
      const { position } = change;
      run("DELETE FROM events WHERE position >= ?", position);
      run("DELETE FROM facets WHERE position >= ?", position);
      run("UPDATE tree SET size = ?", position);
      return true;
    }
    case "flip tile": {
      flip("SELECT hashes AS b FROM tiles WHERE level = 0", "UPDATE tiles SET hashes = ? WHERE level = 0", change);
      return true;
    }
    case "flip leaf": {
      const where = `WHERE position = ${change.position}`;
      flip(`SELECT leaf AS b FROM events ${where}`, `UPDATE events SET leaf = ? ${where}`, { at: 3, ...change });
      return true;
    }
    default: {
      flip("SELECT edge AS b FROM tree", "UPDATE tree SET edge = ?", change);
      return true;
    }
  }

  function flip(
    select: string,
    update: string,
    { at = 0, bit = 0 }: { readonly at?: number; readonly bit?: number },
  ): void {
    const bytes = Buffer.from(database.prepare(select).get()?.["b"] as Uint8Array);
    const index = at % bytes.length;
    bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
    run(update, bytes);
  }
}

test("every change of a log is found", () => {
  fc.assert(
    fc.property(changes, (change) => {
      for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
      copyFileSync(original, path);
      let isChange = false;
      {
        using database = new Database(path, { what: "the copy" });
        database.exec("PRAGMA synchronous = OFF");
        isChange = database.transaction(() => apply(database, change));
      }
      using log = new LogReader(path);
      const { fault } = verifyLog(log, signer, [elsewhere]);
      assert.equal(fault !== undefined, isChange, JSON.stringify(fault));
    }),
    { numRuns: 1_000 },
  );
});
