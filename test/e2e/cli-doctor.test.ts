import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "../../src/sandbox/machine/doctor.ts";
import { lookAtMachine, type MachineFacts } from "../../src/sandbox/machine/machine.ts";
import { cordon, documentOf } from "../support/cli.ts";

const GOOD: MachineFacts = {
  platform: "linux",
  architecture: "x64",
  nodeVersion: "26.10.0",
  suspendsGuests: true,
  permissionModel: true,
  closesNetwork: true,
  bubblewrap: { kind: "working", path: "/usr/bin/bwrap", version: "0.8.0", disablesUserNamespaces: true },
  namespaceBar: undefined,
  proc: true,
  descriptorBar: undefined,
  cacheFolder: "/home/u/.cache/cordon",
  cacheBar: undefined,
  memoryBytes: 8 * 1024 ** 3,
  processors: 4,
};

function states(more: Partial<MachineFacts>): string {
  const { checks } = diagnose({ ...GOOD, ...more });
  return checks
    .filter(({ state }) => state !== "ok")
    .map(({ name, state }) => `${name} ${state}`)
    .join(", ");
}

function processLevel(more: Partial<MachineFacts>): string {
  const level = diagnose({ ...GOOD, ...more }).levels.find((one) => one.level === "process");
  return `${level?.state ?? ""}: ${level?.gives ?? ""}`;
}

test("a machine that has everything is fit, with nothing to do", () => {
  const { fit, checks } = diagnose(GOOD);
  assert.ok(fit && checks.every(({ state, remedy }) => state === "ok" && remedy === undefined));
  assert.match(processLevel({}), /^ok: .*sees only what is granted/);
});

test("what is missing is named, with what it means and what to do", () => {
  const missing = { kind: "missing" } as const;
  assert.equal(states({ bubblewrap: missing }), "bubblewrap weak");
  assert.equal(states({ bubblewrap: missing, closesNetwork: false }), "network weak, bubblewrap weak");
  assert.equal(states({ closesNetwork: false }), "", "bubblewrap closes it");
  assert.equal(
    states({ bubblewrap: { kind: "refused", path: "/usr/bin/bwrap", reason: "no" }, namespaceBar: "a is 0" }),
    "bubblewrap weak, namespaces weak",
  );
  assert.equal(states({ namespaceBar: "a is 1" }), "", "it works all the same");
  assert.equal(states({ proc: false, descriptorBar: "ENOENT" }), "/proc missing, descriptors missing");
  assert.equal(states({ cacheBar: "no home", memoryBytes: 1024 }), "cache weak, resources weak");
  assert.equal(states({ platform: "darwin", bubblewrap: { kind: "unsupported" } }), "system weak");
  for (const one of diagnose({ ...GOOD, bubblewrap: missing, closesNetwork: false, cacheBar: "no home" }).checks) {
    assert.equal(one.state === "ok", one.remedy === undefined, one.name);
  }
});

test("without Node's floor or suspension nothing can be run", () => {
  for (const nodeVersion of ["24.20.9", "22.99.0", "9.0.0"]) {
    const { fit, levels } = diagnose({ ...GOOD, nodeVersion });
    assert.ok(!fit && levels.every(({ state }) => state === "missing"), nodeVersion);
  }
  for (const nodeVersion of ["24.21.0", "25.0.0", "100.1.0"])
    assert.ok(diagnose({ ...GOOD, nodeVersion }).fit, nodeVersion);
  assert.ok(!diagnose({ ...GOOD, suspendsGuests: false }).fit);
});

test("what the level process does not hold against is said", () => {
  assert.match(processLevel({ bubblewrap: { kind: "missing" } }), /^weak: .*machine code, signals/);
  assert.match(
    processLevel({ bubblewrap: { kind: "missing" }, closesNetwork: false }),
    /machine code, the network, signals/,
  );
});

test("this machine runs Cordon, and says so", async () => {
  assert.ok(diagnose(await lookAtMachine()).fit);
  const { code, stdout, stderr } = await cordon(["doctor"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^ {2}ok +node +\d+\.\d+\.\d+ on \w+ +Cordon runs on it$/m);
  assert.match(stdout, /^Isolation levels\n {2}ok +thread /m);
  assert.match(stdout, /\nCordon can run guests here\.\n$/);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(stdout, /\u001b/);
});

test("as JSON it is one document", async () => {
  const document = documentOf(await cordon(["doctor", "--json"]));
  assert.equal(document["status"], "ok");
  assert.equal((document["levels"] as readonly unknown[]).length, 2);
});
