import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogEvent } from "../../audit/store/query-log.ts";
import { logLine } from "./log-lines.ts";

const HOSTILE = "a\u001b[2J\nfake line\u202e\u0000";

// Weakening, each alone: one of the texts is put into the line as it is.
test("whatever an event holds, it is one line without control sequences", () => {
  const event: LogEvent = {
    position: 7,
    schema: 1,
    timestamp: HOSTILE,
    component_id: HOSTILE,
    event_type: "FilesystemAccess",
    resource: HOSTILE,
    action: HOSTILE,
    result: "Denied",
    reason: HOSTILE,
  };
  const line = logLine(event, process.stderr);
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(line.replaceAll(/\u001b\[\d*m/gu, ""), /[\u0000-\u001f\u202e]/u);
});
