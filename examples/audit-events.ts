/**
 * Listens to every access a component makes or is denied, and keeps them as JSON lines.
 */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditEvent, Sandbox } from "cordon";

const tool = new URL("../build/examples/tool.wasm", import.meta.url);
const folder = await mkdtemp(join(tmpdir(), "cordon-example-"));
const log = join(folder, "audit.jsonl");
await writeFile(join(folder, "data.txt"), "data");

try {
  const events: AuditEvent[] = [];
  await using sandbox = await Sandbox.open(tool, {
    name: "example-tool",
    grants: { filesystem: { read: [join(folder, "data.txt")] } },
    onEvent: (event) => events.push(event),
  });

  await sandbox.call("tool.read", [join(folder, "data.txt")]);
  // Both are denied; `allSettled` since the guest returns the denials as errors.
  await Promise.allSettled([
    sandbox.call("tool.read", ["/etc/passwd"]),
    sandbox.call("tool.fetch", ["https://example.com/upload?d=data"]),
  ]);

  for (const event of events) {
    console.log(`${event.sequence} ${event.result.padEnd(7)} ${event.action} ${event.resource}`);
    await appendFile(log, `${JSON.stringify(event)}\n`);
  }

  const denied = events.filter(({ result }) => result === "Denied");
  assert.deepEqual(denied.map(({ action }) => action).sort(), ["filesystem-read.read-file", "network.http-get"]);
  assert.deepEqual(
    events.map(({ sequence }) => sequence),
    [1, 2, 3],
  );
  assert.ok(events.every(({ componentId }) => componentId === "example-tool"));
  assert.ok(events.every(({ componentDigest }) => componentDigest === sandbox.component.digest));
  assert.ok(denied.every(({ reason }) => reason !== undefined));
  assert.equal((await readFile(log, "utf8")).trimEnd().split("\n").length, 3);
} finally {
  await rm(folder, { recursive: true });
}
