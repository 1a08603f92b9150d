import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Database } from "../../shared/machine/database.ts";
import type { StoredEvent } from "../stored-event.ts";
import { TreeEdge } from "../tree/tree-edge.ts";
import { leafHash } from "../tree/hashing.ts";
import { noteSigner } from "../tree/signed-note.ts";
import { AuditLog } from "./audit-log.ts";
import { LogReader } from "./log-reader.ts";
import { type OuterCheckpoint, type Verification, verifyLog } from "./verify-log.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-log-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const signer = noteSigner("log.test", Buffer.alloc(32, 7));

function event(nth: number): StoredEvent {
  return {
    schema: 1,
    timestamp: new Date(Date.UTC(2026, 0, 1) + nth).toISOString(),
    component_id: `c${nth % 3}`,
    event_type: "FilesystemAccess",
    resource: `/data/${nth}`,
    action: "open-at",
    result: nth % 5 === 0 ? "Denied" : "Allowed",
    invocation: `0123456789abcdef-${nth % 7}`,
    sequence: nth,
  };
}

const SIGNED = 900;
const SIZE = 1_000;
const original = join(folder, "original.db");
const checkpoints: OuterCheckpoint[] = [];
{
  using log = new AuditLog(original);
  for (let start = 0; start < SIZE; start += 50) {
    log.append(Array.from({ length: 50 }, (_, nth) => event(start + nth)));
    const size = start + 50;
    if (size !== 300 && size !== SIGNED) continue;
    checkpoints.push({ note: log.checkpoint(signer) ?? assert.fail(), from: `the checkpoint over ${size}` });
  }
}

/** Changes a copy of the log and verifies it. */
function verifyAfter(change: (database: Database) => void, outer: readonly OuterCheckpoint[] = []): Verification {
  const path = join(folder, "changed.db");
  for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
  copyFileSync(original, path);
  {
    using database = new Database(path, { what: "the copy" });
    database.transaction(() => change(database));
  }
  using log = new LogReader(path);
  return verifyLog(log, signer, outer);
}

const run =
  (sql: string, ...values: readonly number[]) =>
  (database: Database): void =>
    database.prepare(sql).run(...values);

test("a log as it was written verifies, with its checkpoints elsewhere too", () => {
  assert.deepEqual(
    verifyAfter(() => undefined, checkpoints),
    { size: SIZE, signed: SIGNED, checkpoints: 2 },
  );
});

test("what was altered, taken, moved, added or cut is named", () => {
  const cases: readonly (readonly [(database: Database) => void, string])[] = [
    [run("UPDATE events SET text = replace(text, 'Denied', 'Allowed') WHERE position = 405"), "event 405 was altered"],
    [run("UPDATE events SET text = replace(text, 'Denied', 'Allowed') WHERE position = 990"), "event 990 was altered"],
    [run("UPDATE events SET text = 'no JSON' WHERE position = 990"), "event 990 was altered"],
    [run("DELETE FROM events WHERE position = 12"), "event 12 is missing"],
    [
      (database) => {
        run("DELETE FROM events WHERE position = 12")(database);
        for (let at = 13; at < SIZE; at += 1)
          run("UPDATE events SET position = ? WHERE position = ?", at - 1, at)(database);
      },
      "event 12 is missing: the next one is in its place",
    ],
    [
      (database) => {
        for (let at = SIZE - 1; at >= 20; at -= 1)
          run("UPDATE events SET position = ? WHERE position = ?", at + 1, at)(database);
        run("INSERT INTO events SELECT 20, leaf, replace(text, '/data/', '/tmp/') FROM events WHERE position = 21")(
          database,
        );
      },
      "an event was added in front of event 20",
    ],
    [
      (database) => {
        run("UPDATE events SET position = -1 WHERE position = 30")(database);
        run("UPDATE events SET position = 30 WHERE position = 40")(database);
        run("UPDATE events SET position = 40 WHERE position = -1")(database);
      },
      "event 40 was moved: it is in the place of event 30",
    ],
    [
      run("INSERT INTO events SELECT 1000, leaf, text FROM events WHERE position = 999"),
      "event 1000 was added behind the tree",
    ],
    [run("DELETE FROM events WHERE position >= 950"), "event 950 is missing"],
    [run("UPDATE facets SET component = 1 WHERE position = 4"), "event 4 is found by what it does not say"],
    [run("DELETE FROM facets WHERE position = 4"), "event 4 is found by what it does not say"],
    [run("UPDATE events SET leaf = zeroblob(32) WHERE position = 5"), "the leaf of event 5 was altered"],
    [run("DELETE FROM tiles WHERE level = 0 AND number = 1"), "the tile of events 256 to 511 is missing"],
    [
      run("UPDATE tiles SET hashes = zeroblob(12) WHERE level = 0 AND number = 1"),
      "the tile of events 256 to 511 was altered",
    ],
    [run("UPDATE tiles SET hashes = zeroblob(96) WHERE level = 1"), "the tree above events 0 to 255 was altered"],
    [run("UPDATE tree SET edge = zeroblob(192)"), "events from 900 on are not those that the tree is over"],
    [
      run("UPDATE checkpoints SET note = replace(note, '300', '301')"),
      "the checkpoint over 300 events is not signed by log.test",
    ],
  ];
  for (const [change, message] of cases) {
    const { fault } = verifyAfter(change);
    assert.ok(fault?.message.startsWith(message), `${fault?.message} is not: ${message}`);
  }
});

/** Makes the log anew from other events, with everything that follows from them but the signatures. */
function rewrite(size: number, change: (position: number, text: string) => string): (database: Database) => void {
  return (database) => {
    const texts = database.prepare("SELECT text FROM events ORDER BY position LIMIT ?").all(size);
    const edge = TreeEdge.empty();
    const subtrees = new Map<number, Uint8Array[]>();
    run("DELETE FROM events")(database);
    run("DELETE FROM tiles")(database);
    run("DELETE FROM facets WHERE position >= ?", size)(database);
    for (const [position, row] of texts.entries()) {
      const text = change(position, String(row["text"]));
      const leaf = leafHash(text);
      database.prepare("INSERT INTO events VALUES(?, ?, ?)").run(position, leaf, text);
      edge.append(leaf, (level, _, hash) => subtrees.set(level, [...(subtrees.get(level) ?? []), hash]));
    }
    for (const level of [0, 1]) {
      const hashes = subtrees.get(level * 8) ?? [];
      for (let at = 0; at < hashes.length; at += 256) {
        const part = hashes.slice(at, at + 256);
        if (level === 0 && part.length < 256) continue;
        database.prepare("INSERT INTO tiles VALUES(?, ?, ?)").run(level, at / 256, Buffer.concat(part));
      }
    }
    database.prepare("UPDATE tree SET size = ?, edge = ?").run(size, edge.bytes());
  };
}

test("a log that was made anew does not agree with what was signed", () => {
  assert.equal(verifyAfter(rewrite(SIZE, (_, text) => text)).fault, undefined);
  const altered = rewrite(SIZE, (position, text) => (position === 600 ? text.replace("/data/", "/tmp/") : text));
  assert.match(verifyAfter(altered).fault?.message ?? "", /an event from 300 to 899 was altered, and the tree with it/);
  const cut = verifyAfter(rewrite(800, (_, text) => text));
  assert.equal(cut.fault?.kind, "cut");
  assert.match(cut.fault.message, /events 800 to 899 are missing/);
  // Past the last checkpoint there is nothing to hold it against.
  assert.equal(verifyAfter(rewrite(950, (_, text) => text)).fault, undefined);
});

function back(database: Database): void {
  rewrite(500, (_, text) => text)(database);
  run("DELETE FROM checkpoints WHERE size > 500")(database);
}

function wentOn(database: Database): void {
  rewrite(SIZE, (position, text) => (position < 500 ? text : text.replace("/data/", "/other/")))(database);
  run("DELETE FROM checkpoints WHERE size > 500")(database);
}

test("a log that was put back shows against a checkpoint that is kept elsewhere", () => {
  assert.equal(verifyAfter(back).fault, undefined);
  assert.match(
    verifyAfter(back, checkpoints).fault?.message ?? "",
    /events 500 to 899 are missing: the checkpoint over 900/,
  );
  assert.equal(verifyAfter(wentOn).fault, undefined);
  assert.equal(verifyAfter(wentOn, checkpoints).fault?.kind, "replaced");
  const foreign = { note: checkpoints[0]?.note.replace("300", "200") ?? "", from: "cp.txt" };
  assert.match(
    verifyAfter(() => undefined, [foreign]).fault?.message ?? "",
    /cp\.txt is no checkpoint that log\.test signed/,
  );
});
