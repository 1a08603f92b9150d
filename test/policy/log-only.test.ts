import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import { type CordonError, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { grantGuests } from "../support/grants/guests.ts";
import { TEST_CACHE, testGuest, textGuest, wasiProbe } from "../support/guests.ts";
import { jsonModule } from "../support/json-modules.ts";
import { needing } from "../support/needs.ts";
import { Probe } from "../support/probe.ts";

class Place implements Disposable {
  readonly base: string = realpathSync(mkdtempSync(join(tmpdir(), "cordon-log-only-")));
  readonly events: AuditEvent[] = [];

  at(name: string): string {
    return join(this.base, name);
  }

  write(name: string, text: string = name): string {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), text, { mode: 0o600 });
    return this.at(name);
  }

  /** What was recorded since, each as its result, action and the name it was about. */
  seen(): readonly string[] {
    return this.events.splice(0).map(({ result, resource }) => `${result} ${resource.replace(`${this.base}/`, "")}`);
  }

  async open(guest: string, policy: readonly string[], options: SandboxOptions = {}): Promise<Sandbox> {
    const onEvent = (event: AuditEvent): void => void this.events.push(event);
    return Sandbox.open(guest, { cache: TEST_CACHE, ...options, onEvent, policy });
  }

  [Symbol.dispose](): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

const document = (text: string): string => `version: "1.0"\n${text}`;
const LOG = "enforce: log\n";

test("what a document denies that only records passes, and is recorded with the reason, at both levels", async () => {
  using place = new Place();
  for (const name of ["allowed", "denied", "elsewhere"]) place.write(name);
  const policy = place.write(
    "log.yaml",
    document(`${LOG}permissions:
  storage:
    allow: [{ uri: "fs://allowed", access: [read] }]
    deny: [{ uri: "fs://denied", reason: "not this one" }]
`),
  );
  for (const isolation of ["thread", "process"] as const) {
    await using sandbox = await place.open(await testGuest(), [policy], { isolation });
    assert.match(sandbox.policy?.warnings.join() ?? "", /log\.yaml: enforce: log lets everything pass/u);
    for (const name of ["allowed", "denied", "elsewhere"]) {
      assert.equal((await sandbox.call("read", [place.at(name)])).value, name);
    }
    await sandbox.call("write", [place.at("allowed"), "allowed"]);
    assert.match(place.events.map(({ reason }) => reason).join(), /denied by the rule fs:\/\/denied: not this one/u);
    assert.deepEqual(place.seen(), [
      "Allowed allowed",
      "would-deny denied",
      "Allowed denied",
      "would-deny elsewhere",
      "Allowed elsewhere",
      "would-deny allowed",
      "Allowed allowed",
    ]);
    const { usage } = await sandbox.call("read", [place.at("denied")]);
    assert.equal(usage.denials, 0, "what would be denied is no denial");
    place.seen();
  }
});

test(
  "programs find the folders that documents open, and the whole tree besides",
  needing(["linux"], async () => {
    using place = new Place();
    place.write("data/a");
    place.write("data/b");
    const policy = place.write(
      "log.yaml",
      document(
        `${LOG}permissions: { storage: { allow: [{ uri: "fs://data/*", access: [read], guest: work }], deny: [{ uri: "fs://data/b" }] } }\n`,
      ),
    );
    await using guest = new Probe(await place.open(await wasiProbe(), [policy]), place.events);
    const seen = await guest.run(({ wasi, call, read, put, list }, outside) => {
      const folders = call(wasi["preopens"], "getDirectories") as [object, string][];
      const [work, root] = ["work", "/"].map((name) => folders.find(([, guest]) => guest === name)?.[0]);
      return [list(work), read(work, "a"), read(work, "b"), read(root, outside), put(work, "new", "made")];
    }, `${place.base}/data/b`.slice(1));
    assert.deepEqual(seen, [["a", "b"], "data/a", "data/b", "data/b", "ok"]);
    const would = place.events.filter(({ result }) => result === "would-deny").map(({ resource }) => resource);
    assert.deepEqual(would, ["work/b", `${place.base}/data/b`, "work/new"]);
  }),
);

test("a fence is enforced, and so is what another document denies", async () => {
  using place = new Place();
  for (const name of ["in/a", "in/secret", "out/b"]) place.write(name);
  const log = place.write("log.yaml", document(LOG));
  const fence = place.write(
    "fence.yaml",
    document(`fence: { permissions: { storage: { allow: [{ uri: "fs://in/**", access: [read] }] } } }\n`),
  );
  const denies = place.write(
    "denies.yaml",
    document(`permissions: { storage: { deny: [{ uri: "fs://in/secret" }] } }\n`),
  );
  await using sandbox = await place.open(await testGuest(), [log, fence, denies]);
  assert.equal((await sandbox.call("read", [place.at("in/a")])).value, "in/a");
  for (const name of ["in/secret", "out/b"]) {
    await failsWith("guest-error", /Permission denied/u, sandbox.call("read", [place.at(name)]));
  }
  await failsWith("guest-error", /Permission denied/u, sandbox.call("write", [place.at("in/a"), "changed"]));
  await failsWith("guest-error", /Permission denied/u, sandbox.call("get", ["http://127.0.0.1:1/"]));
  assert.deepEqual(place.seen(), [
    "would-deny in/a",
    "Allowed in/a",
    "Denied in/secret",
    "Denied out/b",
    "Denied in/a",
    "Denied http://127.0.0.1:1/",
  ]);
});

test("nothing passes that no document can grant: programs without a fence, the documents and Cordon's own files", async () => {
  using place = new Place();
  const log = place.write("log.yaml", document(LOG));
  const { starter, skill } = await grantGuests();
  await using starting = await place.open(starter, [log]);
  assert.equal((await starting.call("f")).value, 1);
  await using reading = await place.open(skill, [log]);
  await failsWith("guest-error", /Permission denied/u, reading.call("write", [log, "version: '1.0'"]));
  await failsWith("guest-error", /Permission denied/u, reading.call("read", [log]));
  assert.deepEqual(
    place.seen().map((one) => one.split(" ")[0]),
    ["Denied", "Denied", "Denied"],
  );
  assert.match(readFileSync(log, "utf8"), /enforce: log/u);
});

test("a variable that is asked for by name passes; no program is given more of them than documents say", async () => {
  using place = new Place();
  const log = place.write(
    "log.yaml",
    document(`${LOG}permissions: { environment: { deny: [{ key: "HOME", reason: "private" }] } }\n`),
  );
  const module = await textGuest(
    "log-only-variables",
    jsonModule(`(call $answer (call $env_get (i32.const 32) (i32.const 4)))`, {
      fields: `(data (i32.const 32) "HOME")`,
    }),
  );
  const home = process.env["HOME"];
  process.env["HOME"] = "[1]";
  try {
    await using sandbox = await place.open(module, [log]);
    assert.equal((await sandbox.call("execute", ["{}"])).value, "[1]");
    assert.match(place.events[0]?.reason ?? "", /the variable is denied: private/u);
    assert.deepEqual(place.seen(), ["would-deny HOME", "Allowed HOME"]);
    await using program = new Probe(await place.open(await wasiProbe(), [log]), place.events);
    assert.deepEqual(await program.run(({ wasi, call }) => call(wasi["environment"], "getEnvironment")), []);
  } finally {
    if (home === undefined) delete process.env["HOME"];
    else process.env["HOME"] = home;
  }
});

test("why a variable is denied is told in the event", async () => {
  using place = new Place();
  const policy = place.write(
    "p.yaml",
    document(`permissions: { environment: { deny: [{ key: "17", reason: "kept from skills" }] } }\n`),
  );
  const module = await textGuest(
    "log-only-denied",
    jsonModule(`(call $answer (call $env_get (local.get $p) (local.get $l)))`),
  );
  await using sandbox = await place.open(module, [policy]);
  await sandbox.call("execute", ["17"]);
  assert.deepEqual(
    place.events.map(({ result, reason }) => `${result} ${reason}`),
    ["Denied the variable is denied: kept from skills"],
  );
});

test("calls over a rate are refused with when to come back, and calls of instances count", async () => {
  using place = new Place();
  const policy = place.write("rates.yaml", document("rates: { calls: [2 per minute, 1000 per second] }\n"));
  await using sandbox = await place.open(await testGuest(), [policy]);
  await using instance = await sandbox.instantiate();
  assert.equal((await sandbox.call("add", [1, 2])).value, 3);
  assert.equal((await instance.call("add", [1, 2])).value, 3);
  for (const call of [() => sandbox.call("add", [1, 2]), () => instance.call("add", [1, 2])]) {
    const error = await failsWith("limit", /the policy allows 2 calls per minute \(.*rates\.yaml:2:\d+\)/u, call());
    assert.deepEqual(error.limit, { limit: "calls-rate", cap: 2 });
    assert.ok((error.retryAfterMs ?? 0) > 50_000);
  }
  assert.deepEqual(
    place.events.map(({ eventType, action, result }) => `${eventType} ${action} ${result}`),
    ["PolicyViolation policy.rates.calls Denied", "PolicyViolation policy.rates.calls Denied"],
  );
  const none = place.write("none.yaml", document("rates: { calls: 0 per second }\n"));
  await using closed = await place.open(await testGuest(), [none]);
  await failsWith("limit", /0 calls per second/u, closed.call("add", [1, 2]));
});

test("a guest that is denied too often is ended, and cannot be called for the rest of the span", async () => {
  using place = new Place();
  const policy = place.write("rates.yaml", document("rates: { denials: 3 per minute }\n"));
  await using guest = await place.open(await wasiProbe(), [policy]);
  const { probeCode } = await import("../support/probe.ts");
  const insists = probeCode(({ wasi, call }) => {
    for (;;) call(wasi["tcp"], "createTcpSocket", "ipv4");
  });
  const limits = { timeoutMs: 60_000 };
  const error: CordonError = await failsWith(
    "limit",
    /the policy allows 3 denials per minute/u,
    guest.call("run", [insists], { limits }),
  );
  assert.equal(error.limit?.limit, "denials-rate");
  const denied = place.events.filter(({ action }) => action.startsWith("tcp"));
  assert.ok(denied.length >= 4);
  await failsWith("limit", /3 denials per minute/u, guest.call("run", [probeCode(() => 1)]));
});

test("a rate of a document that only records is recorded", async () => {
  using place = new Place();
  const policy = place.write("rates.yaml", document(`${LOG}rates: { calls: 1 per minute }\n`));
  await using sandbox = await place.open(await testGuest(), [policy]);
  for (let call = 0; call < 3; call += 1) await sandbox.call("add", [1, 2]);
  assert.deepEqual(
    place.events.map(({ action, result }) => `${action} ${result}`),
    ["policy.rates.calls would-deny", "policy.rates.calls would-deny"],
  );
});

test("a document has events written to its file, which no guest reaches", async () => {
  using place = new Place();
  place.write("a");
  const all = place.write(
    "all.yaml",
    document(
      `permissions: { storage: { allow: [{ uri: "fs://**", access: [read, write] }] } }\naudit: { file: "all.jsonl" }\n`,
    ),
  );
  const denials = place.write("denials.yaml", document(`audit: { file: "denials.jsonl", level: denials }\n`));
  {
    await using sandbox = await place.open(await testGuest(), [all, denials]);
    await sandbox.call("read", [place.at("a")]);
    await failsWith("guest-error", /Permission denied/u, sandbox.call("read", ["/etc/hostname"]));
    await failsWith("guest-error", /Permission denied/u, sandbox.call("write", [place.at("all.jsonl"), ""]));
  }
  const lines = (name: string): readonly string[] =>
    readFileSync(place.at(name), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as AuditEvent).result);
  assert.deepEqual(lines("all.jsonl"), ["Allowed", "Denied", "Denied"]);
  assert.deepEqual(lines("denials.jsonl"), ["Denied", "Denied"]);
});

test(
  "nothing runs whose record cannot be kept",
  needing(["linux"], async () => {
    using place = new Place();
    const full = place.write(
      "full.yaml",
      document(
        `permissions: { storage: { allow: [{ uri: "fs://a", access: [read] }] } }\naudit: { file: /dev/full }\n`,
      ),
    );
    place.write("a");
    await using sandbox = await place.open(await testGuest(), [full]);
    await failsWith("host", /Cannot write the audit file/u, sandbox.call("read", [place.at("a")]));
    await failsWith("host", /Cannot write the audit file/u, sandbox.call("add", [1, 2]));
    const folder = place.write("folder.yaml", document(`audit: { file: "." }\n`));
    await failsWith("usage", /Cannot open the audit file/u, place.open(await testGuest(), [folder]));
    assert.equal(existsSync(place.at("full.jsonl")), false);
  }),
);
