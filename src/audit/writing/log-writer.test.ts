import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { failsWith } from "../../../test/support/errors.ts";
import { needing } from "../../../test/support/needs.ts";
import { Database } from "../../shared/machine/database.ts";
import type { AuditEvent } from "../event.ts";
import { lastCheckpoint, logFiles, logKey } from "../store/log-files.ts";
import { LogReader } from "../store/log-reader.ts";
import { checkProof, proofOf } from "../store/prove.ts";
import { countLog, queryLog } from "../store/query-log.ts";
import { type Verification, verifyLog } from "../store/verify-log.ts";
import { LogWriter } from "./log-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-writer-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const EVENT: AuditEvent = {
  sequence: 1,
  timestamp: "2026-01-01T00:00:00.000Z",
  componentId: "c",
  componentDigest: "sha256:00",
  invocation: 1,
  eventType: "FilesystemAccess",
  action: "open-at",
  resource: "/data",
  result: "Allowed",
};

const DENIED: AuditEvent = { ...EVENT, result: "Denied", reason: "nothing allows it" };

function start(path: string, count: number): ChildProcessByStdio<null, Readable, null> {
  const program = fileURLToPath(new URL("../../../test/support/audit-writer.ts", import.meta.url));
  return spawn(process.execPath, [program, path, String(count)], { stdio: ["ignore", "pipe", "inherit"] });
}

function verified(path: string): Verification {
  const files = logFiles(path);
  const beside = lastCheckpoint(files);
  using log = new LogReader(path);
  return verifyLog(log, logKey(files), beside === undefined ? [] : [{ note: beside, from: files.checkpoint }]);
}

function sizeOf(path: string): number {
  using log = new LogReader(path);
  return log.tree().size;
}

test("a denial is in the log at once, with all that came before; the rest when it is closed", () => {
  const path = join(folder, "order.db");
  using writer = new LogWriter({ path });
  writer.record(EVENT);
  assert.equal(sizeOf(path), 0);
  writer.record({ ...DENIED, sequence: 2 });
  assert.equal(sizeOf(path), 2);
  writer.record({ ...EVENT, sequence: 3 });
  writer[Symbol.dispose]();
  assert.deepEqual(verified(path), { size: 3, signed: 3, checkpoints: 1 });
  using log = new LogReader(path);
  assert.deepEqual(
    queryLog(log, {}, 10).map(({ position, sequence, result }) => [position, sequence, result]),
    [
      [2, 3, "Allowed"],
      [1, 2, "Denied"],
      [0, 1, "Allowed"],
    ],
  );
});

test("events are found by what they say, a page at a time, and counted", () => {
  const path = join(folder, "query.db");
  {
    using writer = new LogWriter({ path });
    for (let nth = 0; nth < 30; nth += 1) {
      writer.record({
        ...(nth % 3 === 0 ? DENIED : EVENT),
        timestamp: new Date(Date.UTC(2026, 0, 1) + nth * 1_000).toISOString(),
        componentId: nth % 2 === 0 ? "even" : "odd",
        invocation: nth % 5,
        resource: `/data/100%_${nth}`,
      });
    }
  }
  using log = new LogReader(path);
  const found = (...query: Parameters<typeof queryLog> extends [unknown, ...infer R] ? R : never): readonly number[] =>
    queryLog(log, ...query).map(({ position }) => position);
  assert.deepEqual(found({ component: "even", result: "Denied" }, 3), [24, 18, 12]);
  assert.deepEqual(found({ component: "even", result: "Denied", before: 12 }, 3), [6, 0]);
  assert.deepEqual(found({ component: "even", result: "Denied", from: 12 }, 2), [12, 18]);
  assert.deepEqual(found({ component: "nobody" }, 3), []);
  assert.deepEqual(found({ text: "100%_7" }, 3), [7]);
  assert.deepEqual(found({ text: "100_" }, 3), []);
  assert.deepEqual(found({ since: Date.UTC(2026, 0, 1) + 28_000 }, 9), [29, 28]);
  assert.deepEqual(found({ until: Date.UTC(2026, 0, 1) + 1_000 }, 9), [0]);
  const { invocation } = queryLog(log, {}, 1)[0] ?? assert.fail();
  assert.match(invocation ?? "", /^[0-9a-f]{16}-4$/);
  assert.deepEqual(found({ invocation }, 2), [29, 24]);
  assert.equal(found({ invocation: invocation?.split("-")[0] }, 100).length, 30);
  assert.deepEqual(countLog(log, { component: "odd" }), [
    { component: "odd", type: "FilesystemAccess", result: "Allowed", count: 10 },
    { component: "odd", type: "FilesystemAccess", result: "Denied", count: 5 },
  ]);
});

test("a proof holds without the log, for the event it was made of and no other", async () => {
  const path = join(folder, "proof.db");
  {
    using writer = new LogWriter({ path });
    for (let nth = 0; nth < 300; nth += 1) writer.record({ ...EVENT, sequence: nth });
  }
  const key = logKey(logFiles(path));
  using log = new LogReader(path);
  for (const position of [0, 255, 256, 299]) {
    const proof = proofOf(log, position);
    const proven = checkProof(proof, key);
    assert.deepEqual([proven.position, proven.size], [position, 300]);
    assert.equal((JSON.parse(proven.text) as AuditEvent).sequence, position);
    const other = proof.replace(/^extra .*$/mu, `extra ${Buffer.from("{}").toString("base64")}`);
    for (const bad of [
      other,
      proof.replace(/^index \d+$/mu, "index 7"),
      proof.replace("300", "299"),
      "",
      proof.slice(1),
    ]) {
      await failsWith("signature", /Cannot accept the proof/, () => checkProof(bad, key));
    }
    await failsWith("signature", /not signed by/, () =>
      checkProof(proof, logKey(logFiles(join(folder, `k${position}`)))),
    );
  }
  await failsWith("usage", /the log has events 0 to 299/, () => proofOf(log, 300));
});

test("processes that write at the same time make one tree", async () => {
  const path = join(folder, "many.db");
  const writers = Array.from({ length: 4 }, () => start(path, 150));
  const printed = await Promise.all(writers.map(({ stdout }) => text(stdout)));
  for (const one of printed) assert.ok(one.endsWith("\n150\n"));
  const { size, fault } = verified(path);
  assert.deepEqual([size, fault], [600, undefined]);
  using log = new LogReader(path);
  for (const { pid } of writers) {
    const sequences = queryLog(log, { component: `writer-${pid}`, from: 0 }, 200).map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      Array.from({ length: 150 }, (_, nth) => nth + 1),
    );
  }
});

test("what a killed process has said of a denial, the log has", async () => {
  const path = join(folder, "killed.db");
  for (const after of [1, 20, 90]) {
    const writer = start(path, 1_000_000);
    let printed = "";
    writer.stdout.setEncoding("utf8");
    for await (const part of writer.stdout) {
      printed += String(part);
      if (printed.split("\n").length > after) writer.kill("SIGKILL");
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
    const last = Number(printed.slice(0, printed.lastIndexOf("\n")).split("\n").at(-1));
    assert.equal(verified(path).fault, undefined);
    using log = new LogReader(path);
    const [newest] = queryLog(log, { component: `writer-${writer.pid}` }, 1);
    assert.ok((newest?.sequence ?? 0) >= last, `${newest?.sequence} is in the log, ${last} was printed`);
  }
});

test("a log that cannot be written stops its guests, or is counted and says so when it can be", () => {
  for (const onFailure of ["stop", "count"] as const) {
    const path = join(folder, `${onFailure}.db`);
    using writer = new LogWriter({ path, onFailure });
    writer.record(DENIED);
    {
      using other = new Database(path, { what: "the log" });
      other.exec("ALTER TABLE events RENAME TO taken");
      writer.record(EVENT);
      writer.record({ ...DENIED, sequence: 2 });
      other.exec("ALTER TABLE taken RENAME TO events");
    }
    assert.equal(writer.lost.aborted, onFailure === "stop");
    if (onFailure === "stop") {
      assert.match(String(writer.lost.reason), /Cannot use the audit log/);
      continue;
    }
    writer.record({ ...EVENT, sequence: 3 });
    writer[Symbol.dispose]();
    using log = new LogReader(path);
    const events = queryLog(log, { from: 0 }, 10).map((event) => [event.event_type, event.sequence, event.reason]);
    assert.deepEqual(events, [
      ["FilesystemAccess", 1, "nothing allows it"],
      ["FilesystemAccess", 2, "nothing allows it"],
      ["FilesystemAccess", 3, undefined],
      ["AuditGap", undefined, "1 events could not be written and are not in the log"],
    ]);
  }
});

test(
  "a key that others may read and a file that is no log are refused",
  needing(["posix"], async () => {
    const path = join(folder, "refused.db");
    new LogWriter({ path })[Symbol.dispose]();
    chmodSync(logFiles(path).key, 0o644);
    await failsWith("usage", /other users may read it/, () => new LogWriter({ path }));
    const other = join(folder, "other.db");
    writeFileSync(other, "this is a text and no database, and long enough to be looked at as one".repeat(20));
    await failsWith("host", /Cannot use the audit log/, () => new LogWriter({ path: other }));
    await failsWith("host", /Cannot (use|open) the audit log/, () => new LogReader(other));
  }),
);
