import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditEvent } from "../../src/audit/event.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { PolicyHistory } from "../../src/sandbox/policy/live/policy-history.ts";
import { Playground } from "../support/filesystem.ts";
import { bundled, TEST_CACHE } from "../support/guests.ts";

/** Documents that change while they are in force. */

const ALLOW = `version: "1.0"\npermissions:\n  storage:\n    allow:\n      - uri: "fs://**"\n        access: [read]\n`;
const DENY = `    deny:\n      - uri: "fs://secrets/**"\n`;

class Watched implements AsyncDisposable {
  readonly place: Playground;
  readonly file: string;
  readonly history: string;
  readonly events: AuditEvent[] = [];
  #sandbox: Sandbox | undefined;
  #told = Promise.withResolvers<AuditEvent>();

  constructor(text: string) {
    this.place = new Playground();
    this.file = join(this.place.inside, "policy.yaml");
    this.history = join(this.place.base, "state");
    writeFileSync(this.file, text);
  }

  async open(): Promise<Sandbox> {
    this.#sandbox = await Sandbox.open(bundled("demo-trusted"), {
      cache: TEST_CACHE,
      policy: { files: [this.file], watch: true, history: this.history },
      onEvent: (event) => {
        if (event.eventType !== "PolicyChange") return;
        this.events.push(event);
        this.#told.resolve(event);
        this.#told = Promise.withResolvers();
      },
    });
    return this.#sandbox;
  }

  /** The next event about the policy after a change. */
  async after(change: () => void): Promise<AuditEvent> {
    const told = this.#told.promise;
    change();
    return told;
  }

  /** Puts a text in place as a whole. */
  replace(text: string): void {
    const temporary = join(this.place.inside, ".policy.tmp");
    writeFileSync(temporary, text);
    renameSync(temporary, this.file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sandbox?.close();
    this.place[Symbol.dispose]();
  }
}

test("a document that is put in place as a whole is in force, and one that is broken or away is not", async () => {
  await using watched = new Watched(ALLOW + DENY);
  const sandbox = await watched.open();
  const first = sandbox.policy?.version;
  const widened = await watched.after(() => watched.replace(ALLOW));
  assert.partialDeepStrictEqual(widened, { action: "policy.files", result: "Allowed", invocation: 0 });
  assert.notEqual(sandbox.policy?.version, first);
  assert.equal(widened.policyVersion, sandbox.policy?.version);
  const broken = await watched.after(() => watched.replace(`${ALLOW}nonsense: true\n`));
  assert.equal(broken.result, "Error");
  assert.equal(broken.policyVersion, widened.policyVersion);
  const away = await watched.after(() => rmSync(watched.file));
  assert.equal(away.result, "Error");
  assert.equal(sandbox.policy?.version, widened.policyVersion);
  const back = await watched.after(() => watched.replace(ALLOW + DENY));
  assert.equal(back.policyVersion, first);
});

test("a document that is rewritten in halves is at no moment in force without its denials", async () => {
  await using watched = new Watched(ALLOW + DENY);
  const sandbox = await watched.open();
  const first = sandbox.policy?.version;
  const half = await watched.after(() => writeFileSync(watched.file, `# rewritten\n${ALLOW}`));
  assert.equal(half.result, "Error");
  assert.match(half.reason ?? "", /written in place/u);
  assert.equal(sandbox.policy?.version, first);
  appendFileSync(watched.file, DENY);
  // The same as what is in force: nothing is told of it.
  await sleep(400);
  assert.equal(sandbox.policy?.version, first);
  const narrower = await watched.after(() => appendFileSync(watched.file, `      - uri: "fs://more/**"\n`));
  assert.equal(narrower.result, "Allowed");
  // What is asked for in so many words is read as it is.
  writeFileSync(watched.file, ALLOW);
  await sandbox.reloadPolicy();
  assert.notEqual(sandbox.policy?.version, narrower.policyVersion);
});

test("with reload: narrow-only nothing is gained by any change, the taking away of that included", async () => {
  await using watched = new Watched(`${ALLOW + DENY}reload: narrow-only\n`);
  const sandbox = await watched.open();
  const first = sandbox.policy?.version;
  for (const text of [`${ALLOW}reload: narrow-only\n`, ALLOW + DENY]) {
    const refused = await watched.after(() => watched.replace(text));
    assert.equal(refused.result, "Error");
    assert.match(refused.reason ?? "", /narrow-only/u);
  }
  await assert.rejects(sandbox.setPolicy({ files: [] }), { code: "policy", message: /narrow-only/u });
  assert.equal(sandbox.policy?.version, first);
  const narrower = await watched.after(() =>
    watched.replace(`version: "1.0"\nreload: narrow-only\npermissions:\n  storage:\n${DENY}`),
  );
  assert.equal(narrower.result, "Allowed");
});

test("versions are kept with who, when and what changed, and are put back as they were", async () => {
  await using watched = new Watched(ALLOW + DENY);
  const sandbox = await watched.open();
  const first = sandbox.policy?.version;
  await watched.after(() => watched.replace(ALLOW));
  await sandbox.reloadPolicy();
  const history = new PolicyHistory(watched.history);
  const list = history.list();
  assert.deepEqual(
    list.slice(0, 2).map(({ by, version }) => [by, version === first]),
    [
      ["open", true],
      ["files", false],
    ],
  );
  assert.match(list[1]?.gained?.join() ?? "", /no longer denied/u);
  assert.equal(list[1]?.pid, process.pid);
  const restored = await watched.after(() => void history.rollBack(undefined));
  assert.equal(restored.policyVersion, first);
  assert.equal(readFileSync(watched.file, "utf8"), ALLOW + DENY);
  assert.throws(() => history.rollBack("sha256:ffff"), { code: "usage" });
});

test("what is in the folder of versions, and that folder, is granted to nobody", async () => {
  await using watched = new Watched(ALLOW);
  mkdirSync(join(watched.place.base, "state"));
  await assert.rejects(
    Sandbox.open(bundled("demo-trusted"), {
      cache: TEST_CACHE,
      policy: { files: [watched.file], history: watched.history },
      grants: { filesystem: { preopens: [watched.history] } },
    }),
    { code: "policy" },
  );
});
