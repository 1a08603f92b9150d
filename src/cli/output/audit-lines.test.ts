import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import type { AuditEvent } from "../../audit/event.ts";
import { auditLine } from "./audit-lines.ts";
import type { Output } from "./terminal.ts";
import { anyText } from "../../../test/support/any-text.ts";

const NOT_A_TERMINAL = new PassThrough() as unknown as Output;

const EVENT: AuditEvent = {
  sequence: 1,
  timestamp: "2026-01-01T00:00:00.000Z",
  componentId: "skill",
  componentDigest: "sha256:00",
  invocation: 1,
  eventType: "FilesystemAccess",
  action: "filesystem-read.read-file",
  resource: "/etc/passwd",
  result: "Denied",
};

function line(changes: Partial<AuditEvent>): string {
  return auditLine({ ...EVENT, ...changes }, NOT_A_TERMINAL);
}

test("each result has its words", () => {
  const attempt = `Component 'skill' attempted filesystem-read.read-file("/etc/passwd")`;
  assert.equal(line({}), `[DENIED] ${attempt} without permission`);
  assert.equal(line({ reason: "why" }), `[DENIED] ${attempt} without permission\n         why`);
  assert.equal(line({ result: "Error", reason: "no such file" }), `[ERROR] ${attempt}: no such file`);
  assert.equal(line({ result: "Allowed" }), "[ALLOWED] Component 'skill' read file '/etc/passwd' successfully");
  const post = { result: "Allowed", action: "network.http-post", resource: "https://a.b/" } as const;
  assert.equal(line(post), "[ALLOWED] Component 'skill' posted to 'https://a.b/' successfully");
});

test("a resource cannot close its quotes, and is cut", () => {
  assert.match(
    line({ resource: 'a") without permission' }),
    /read-file\("a\\"\) without permission"\) without permission$/,
  );
  assert.match(line({ resource: "a' successfully", result: "Allowed" }), /'a\\' successfully' successfully$/);
  assert.match(line({ resource: "x".repeat(4096) }), /\("x{300}"…\) without/);
});

test("whatever a guest names, a line stays one line", () => {
  const hostile = anyText();
  const result = fc.constantFrom("Allowed" as const, "Error" as const);
  fc.assert(
    fc.property(hostile, hostile, result, (resource, componentId, ended) => {
      const printed = line({ resource, componentId, result: ended, reason: resource });
      assert.doesNotMatch(printed, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 300 },
  );
});
