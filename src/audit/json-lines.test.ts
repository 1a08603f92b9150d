import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { failsWith } from "../../test/support/errors.ts";
import type { AuditEvent } from "./event.ts";
import { JsonLinesSink } from "./json-lines.ts";
import { needing } from "../../test/support/needs.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-audit-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const EVENT: AuditEvent = {
  sequence: 1,
  timestamp: "2026-01-01T00:00:00.000Z",
  componentId: "c",
  componentDigest: "sha256:00",
  invocation: 1,
  eventType: "FilesystemAccess",
  action: "filesystem-read.read-file",
  resource: "a\nb",
  result: "Denied",
};

test("events are appended, one a line, to a file for this user alone", () => {
  const path = join(folder, "events.jsonl");
  for (const sequence of [1, 2]) {
    using sink = new JsonLinesSink(path);
    sink.write({ ...EVENT, sequence });
  }
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [EVENT, { ...EVENT, sequence: 2 }],
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("what is in the file stays", () => {
  const path = join(folder, "existing.jsonl");
  writeFileSync(path, "before\n");
  using sink = new JsonLinesSink(path);
  sink.write(EVENT);
  assert.match(readFileSync(path, "utf8"), /^before\n\{/);
});

test(
  "a folder, a missing folder and a FIFO are refused at once",
  needing(["posix"], async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    for (const path of [folder, join(folder, "no/such/file"), fifo]) {
      await failsWith("usage", /Cannot open the audit file/, () => new JsonLinesSink(path));
    }
  }),
);

test(
  "an event that cannot be written is an error",
  needing(["linux"], async () => {
    using sink = new JsonLinesSink("/dev/full");
    await failsWith("host", /Cannot write the audit file/, () => sink.write(EVENT));
  }),
);
