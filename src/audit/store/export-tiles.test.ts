import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { failsWith } from "../../../test/support/errors.ts";
import { openCheckpoint } from "../tree/checkpoint.ts";
import { noteSigner } from "../tree/signed-note.ts";
import { AuditLog } from "./audit-log.ts";
import { exportTiles } from "./export-tiles.ts";
import { LogReader } from "./log-reader.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-tiles-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The root over leaves, from its definition in RFC 9162, 2.1.1. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined || leaves.length === 1) return first ?? sha256();
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

function entriesOf(bundle: Buffer): readonly Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    const end = at + 2 + bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

const hashesOf = (tile: Buffer): readonly Buffer[] =>
  Array.from({ length: tile.length / 32 }, (_, nth) => tile.subarray(nth * 32, (nth + 1) * 32));

test("tiles, entries and checkpoint agree for whoever knows only their specification", async () => {
  const signer = noteSigner("log.test", Buffer.alloc(32, 4));
  const path = join(folder, "log.db");
  const size = 600;
  {
    using log = new AuditLog(path);
    const event = {
      schema: 1,
      component_id: "c",
      event_type: "NetworkAccess",
      resource: "ä€",
      action: "a",
      result: "Allowed",
    } as const;
    const timestamp = "2026-01-01T00:00:00.000Z";
    log.append(Array.from({ length: size }, (_, nth) => ({ ...event, timestamp, sequence: nth })));
    using early = new LogReader(path);
    await failsWith("usage", /no checkpoint yet/, () => exportTiles(early, join(folder, "early")));
    assert.ok(!existsSync(join(folder, "early")));
    log.checkpoint(signer);
    log.append([{ ...event, timestamp, sequence: size }]);
  }
  const out = join(folder, "out");
  using log = new LogReader(path);
  assert.equal(exportTiles(log, out), size);
  const read = (name: string): Buffer => readFileSync(join(out, name));
  const entries = ["000", "001", "002.p/88"].flatMap((name) => entriesOf(read(`tile/entries/${name}`)));
  assert.equal(entries.length, size);
  assert.equal((JSON.parse(String(entries[599])) as { readonly sequence: number }).sequence, 599);
  const leaves = entries.map((entry) => sha256(Uint8Array.of(0), entry));
  const tiles = ["000", "001", "002.p/88"].flatMap((name) => hashesOf(read(`tile/0/${name}`)));
  assert.deepEqual(tiles, leaves);
  assert.deepEqual(hashesOf(read("tile/1/000.p/2")), [rootOf(leaves.slice(0, 256)), rootOf(leaves.slice(256, 512))]);
  const checkpoint = openCheckpoint(String(read("checkpoint")), signer);
  assert.equal(checkpoint?.size, size);
  assert.deepEqual(Buffer.from(checkpoint.root), rootOf(leaves));
  await failsWith("usage", /Cannot export the log to/, () => exportTiles(log, out));
});
