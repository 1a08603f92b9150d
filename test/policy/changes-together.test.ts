import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import "../support/built-workers.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, temporaryFolder, testGuest } from "../support/guests.ts";
import { manifestPlace } from "../support/manifests.ts";

/** What a change of the policy does with the parts of documents that are not grants, and with a manifest. */

const document = (text: string): string => `version: "1.0"\n${text}`;
const reading = (name: string): string =>
  `permissions:\n  storage:\n    allow: [{ uri: "fs://${name}", access: [read] }]\n`;

/** Writes a file into a folder, and gives its path. */
function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

// Weakening: what compares is kept from the policy before.
test("a document that only records does so from the change on, and the next one denies again", async (context) => {
  const folder = await temporaryFolder(context);
  const [one, other] = [written(folder, "one", "1"), written(folder, "other", "2")];
  const strict = written(folder, "strict.yaml", document(reading("one")));
  const logging = written(folder, "logging.yaml", document(`enforce: log\n${reading("one")}`));
  const seen: string[] = [];
  await using sandbox = await Sandbox.open(await testGuest(), {
    cache: TEST_CACHE,
    policy: strict,
    onEvent: ({ eventType, result }) => void (eventType === "PolicyChange" || seen.push(result)),
  });
  assert.equal((await sandbox.call("read", [one])).value, "1");
  await failsWith("guest-error", /./u, sandbox.call("read", [other]));
  await sandbox.setPolicy(logging);
  assert.equal((await sandbox.call("read", [other])).value, "2");
  assert.equal((await sandbox.call("read", [one])).value, "1");
  await sandbox.setPolicy(strict);
  await failsWith("guest-error", /./u, sandbox.call("read", [other]));
  assert.deepEqual(seen, ["Allowed", "Denied", "would-deny", "Allowed", "Allowed", "Denied"]);
});

// Weakening, each alone: the gate is made anew at each change; it is never made anew.
test("rates count on over a change that does not change them, and hold from the change that does", async (context) => {
  const folder = await temporaryFolder(context);
  const one = written(folder, "one", "1");
  const two = written(folder, "two.yaml", document(`rates: { calls: 2 per minute }\n${reading("one")}`));
  const again = written(
    folder,
    "again.yaml",
    document(`# the same\n\nrates: { calls: 2 per minute }\n${reading("*")}`),
  );
  const three = written(folder, "three.yaml", document(`rates: { calls: 3 per minute }\n${reading("one")}`));
  await using sandbox = await Sandbox.open(await testGuest(), { cache: TEST_CACHE, policy: two });
  await sandbox.call("read", [one]);
  await sandbox.setPolicy(again);
  await sandbox.call("read", [one]);
  await failsWith("limit", /2 calls per minute/u, sandbox.call("read", [one]));
  await sandbox.setPolicy(three);
  await sandbox.call("read", [one]);
});

test("where events are written is settled when a component is opened", async (context) => {
  const folder = await temporaryFolder(context);
  const one = written(folder, "one", "1");
  const without = written(folder, "without.yaml", document(reading("one")));
  const audited = written(folder, "audited.yaml", document(`audit: { file: events.jsonl }\n${reading("*")}`));
  await using sandbox = await Sandbox.open(await testGuest(), { cache: TEST_CACHE, policy: without });
  await failsWith("policy", /events written elsewhere \(audit\)/u, sandbox.setPolicy(audited));
  assert.equal((await sandbox.call("read", [one])).value, "1");
  await failsWith("guest-error", /./u, sandbox.call("read", [audited]));
});

// Weakening: the next policy is put in force as it is.
test("a policy that comes later stays within the manifest", async (context) => {
  const folder = await temporaryFolder(context);
  mkdirSync(join(folder, "asked"));
  writeFileSync(join(folder, "asked/x"), "asked");
  writeFileSync(join(folder, "other"), "other");
  const { component, manifest, accepted } = manifestPlace(
    folder,
    await testGuest(),
    'capabilities:\n  - storage: { allow: [{ uri: "fs://asked/**", access: [read] }] }\n',
  );
  const narrow = join(folder, "narrow.yaml");
  const wide = join(folder, "wide.yaml");
  writeFileSync(narrow, document(reading("asked/x")));
  writeFileSync(wide, document(reading("**")));
  await using sandbox = await Sandbox.open(component, {
    cache: TEST_CACHE,
    policy: narrow,
    manifest: { file: manifest, accept: true, acceptedDirectory: accepted },
  });
  await sandbox.setPolicy(wide);
  assert.equal((await sandbox.call("read", [join(folder, "asked/x")])).value, "asked");
  await failsWith("guest-error", /./u, sandbox.call("read", [join(folder, "other")]));
});
