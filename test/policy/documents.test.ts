import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkTarget } from "../../src/host/net/check.ts";
import { combineGrants } from "../../src/policy/documents/combine.ts";
import { effectivePolicy } from "../../src/policy/documents/effective.ts";
import { loadDocuments } from "../../src/policy/documents/load-documents.ts";
import { policyJsonSchema } from "../../src/policy/documents/schema.ts";
import { parseGrants } from "../../src/policy/parsing/parse-grants.ts";
import { ruleIndex } from "../../src/policy/storage/rule-index.ts";
import { CordonError } from "../../src/shared/errors.ts";
import { readSandboxOptions } from "../../src/sandbox/options/sandbox-options.ts";
import { withPolicy } from "../../src/sandbox/policy/with-policy.ts";
import { documentOf, faultsOf } from "../support/policy.ts";

class Folder {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), "cordon-policies-")));

  write(name: string, text: string, mode = 0o644): string {
    const path = join(this.path, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const VERSION = 'version: "1.0"\n';

test("all faults at once, each at its key or value, with the key that was meant", () => {
  const faults = faultsOf(`version: "1.0"
permisions: {}
permissions:
  storage:
    allow:
      - {uri: "fs:///a", access: [reed]}
      - {uri: "fs:///b", access: []}
  network:
    allow:
      - {cidr: "10.0.0.1/8"}
      - {hots: x}
  listen: ["nowhere"]
  clocks: {resolution: 5}
limits: {timeoutMS: 5, fuel: 0, profile: denze}
isolation: none
defaults: true
`);
  assert.deepEqual(
    faults.map((one) => one.split(" ")[0]),
    ["2:1", "6:35", "7:34", "10:16", "11:9", "11:10", "12:12", "13:11", "14:10", "14:30", "14:42", "15:12", "16:1"],
    faults.join("\n"),
  );
  for (const near of ["permissions", "host", "timeoutMs"])
    assert.match(faults.join("\n"), new RegExp(`did you mean ${near}`, "u"));
  assert.match(faults.at(-1) ?? "", /defaults.*nothing is granted that no document names/u);
});

for (const [what, text, message] of [
  ["an alias", "version: &v '1.0'\ndescription: *v\n", /alias/u],
  ["a merge key", `${VERSION}<<: {permissions: {}}\n`, /merge key/u],
  ["a tag", "version: !!str 1.0\n", /tag/u],
  ["a directive", `%YAML 1.1\n---\n${VERSION}`, /directive/u],
  ["a second document", `${VERSION}---\n${VERSION}`, /second document/u],
  ["a document that ends and goes on", `${VERSION}...\n${VERSION}`, /second document|twice/u],
  ["a key twice", `${VERSION}version: "1.1"\n`, /twice/u],
  ["a key that is no text", `${VERSION}1: 2\n`, /no text/u],
  ["a number that JSON has not", `${VERSION}limits: {fuel: .inf}\n`, /JSON/u],
  ["more than 1 MiB", `${VERSION}# ${"x".repeat(1024 * 1024)}`, /1 MiB/u],
  ["an unpaired surrogate", `${VERSION}description: "\\uD800"\n`, /Unicode/u],
  ["an own prototype", `${VERSION}__proto__: {permissions: {}}\n`, /not known/u],
  ["no mapping", "- a\n", /map of keys/u],
  ["nothing", "", /map of keys|missing/u],
] as const) {
  test(`${what} is refused`, () => assert.match(faultsOf(text).join("\n"), message));
}

const MIB = 1024 * 1024;

for (const [what, text] of [
  ["flow lists in each other", "[".repeat(MIB)],
  ["lists in each other", "- ".repeat(MIB / 2)],
  ["explicit keys in each other", "? ".repeat(5_000)],
  ["maps in each other", Array.from({ length: 1_400 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("")],
  ["anchors", "&a ".repeat(MIB / 3)],
  ["documents", "---\n".repeat(MIB / 4)],
  ["commas", `[${",".repeat(MIB - 1)}`],
  ["escapes that are none", `"${String.raw`\x`.repeat(MIB / 2 - 1)}"`],
  ["directives", "%YAML 1.2\n".repeat(MIB / 10)],
  ["comments", "#\n".repeat(MIB / 2)],
  ["keys of one map", Array.from({ length: 20_000 }, (_, key) => `k${key}: 1\n`).join("")],
] as const) {
  test(`a hostile document of ${what} ends with a fault, soon`, () => {
    const started = process.cpuUsage();
    assert.notEqual(faultsOf(text).length, 0);
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 20_000_000, `${user + system} us`);
  });
}

test("a policy that others may write is refused, and so is what is no regular file", async () => {
  using folder = new Folder();
  const refused = async (path: string, message: RegExp): Promise<void> =>
    assert.rejects(
      loadDocuments([path], undefined),
      (thrown) => thrown instanceof CordonError && message.test(thrown.message),
    );
  await refused(folder.write("group.yaml", VERSION, 0o664), /others than its owner may write it/u);
  await refused(folder.write("all.yaml", VERSION, 0o646), /others than its owner may write it/u);
  await refused(folder.path, /not a regular file/u);
  await refused(join(folder.path, "none.yaml"), /no such file/u);
  mkdirSync(join(folder.path, "open"));
  const replaceable = folder.write("open/p.yaml", VERSION);
  chmodSync(join(folder.path, "open"), 0o777);
  await refused(replaceable, /anyone may replace it/u);
  // Who follows a link finds what is in the folder that it leads to.
  symlinkSync("open/p.yaml", join(folder.path, "link.yaml"));
  await refused(join(folder.path, "link.yaml"), /anyone may replace it in ".*open"/u);
  chmodSync(join(folder.path, "open"), 0o775);
  await refused(replaceable, /a group may replace it/u);
  assert.equal((await loadDocuments([folder.write("own.yaml", VERSION)], undefined)).length, 1);
  // Whoever removes a document takes its denials away.
  mkdirSync(join(folder.path, "empty"));
  const folders = { user: join(folder.path, "empty"), machine: join(folder.path, "none") };
  assert.deepEqual(await loadDocuments([], folders), []);
  chmodSync(folders.user, 0o777);
  await assert.rejects(loadDocuments([], folders), { code: "policy", message: /anyone may remove what is in it/u });
});

test("documents that match add up, and a denial in any of them wins", async () => {
  using folder = new Folder();
  const network = (use: string, host: string): string => `permissions: {network: {${use}: [{host: ${host}}]}}\n`;
  folder.write("user/a.yaml", `${VERSION}match: {name: tool}\n${network("allow", "a.example.com")}`);
  folder.write("user/b.yaml", `${VERSION}match: {name: other}\n${network("allow", "b.example.com")}`);
  folder.write("user/C.JSON", `{"version": "1.0", "permissions": {"network": {"deny": [{"host": "c.example.com"}]}}}`);
  folder.write(
    "user/d.yaml",
    `${VERSION}match: {digest: "sha256:${"0".repeat(64)}"}\n${network("allow", "d.example.com")}`,
  );
  const named = folder.write("named.yaml", `${VERSION}${network("allow", '"*.example.com"')}`);
  const loaded = await loadDocuments([named], { user: join(folder.path, "user"), machine: join(folder.path, "none") });
  const policy = await effectivePolicy(loaded, { name: "tool", digest: `sha256:${"0".repeat(64)}` });
  assert.equal(policy.documents.length, 4);
  const { network: granted } = parseGrants(policy.grants, { cwd: "/" });
  const allowed = (host: string): boolean => checkTarget(granted, { scheme: "https", host, port: 443 }).allowed;
  assert.deepEqual(
    ["a", "c", "d", "x"].map((one) => allowed(`${one}.example.com`)),
    [true, false, true, true],
  );
  assert.match(policy.version, /^sha256:[0-9a-f]{64}$/u);
  const without = await effectivePolicy(loaded, { name: "else", digest: undefined });
  assert.equal(without.documents.length, 2);
  assert.notEqual(without.version, policy.version);
});

test("one faulty document of the folders, and nothing runs", async () => {
  using folder = new Folder();
  folder.write("user/a.yaml", `${VERSION}match: {name: someone-else}\npermissions: {netwrok: {}}\n`);
  folder.write("user/b.yaml", `${VERSION}isolatoin: thread\n`);
  const folders = { user: join(folder.path, "user"), machine: join(folder.path, "none") };
  await assert.rejects(loadDocuments([], folders), {
    code: "policy",
    message: /2 faults: .*a\.yaml:3:15: .*did you mean network\?; .*b\.yaml:2:1: .*did you mean isolation\?/u,
  });
});

test("a fence bounds what documents and options allow, files, hosts, variables, limits and the rest", async () => {
  using folder = new Folder();
  mkdirSync(join(folder.path, "w/in"), { recursive: true });
  const { path } = folder;
  folder.write(
    "etc/fence.yaml",
    `${VERSION}fence:
  permissions:
    storage: {allow: [{uri: "fs://${path}/w/in/**", access: [read, write]}]}
    network: {allow: [{host: "*.example.com"}], deny: [{host: bad.example.com}]}
    environment: {allow: [{key: A}, {key: C}], deny: [{key: C}]}
  limits: {timeoutMs: 1000}
`,
  );
  const named = folder.write(
    "named.yaml",
    `${VERSION}permissions:
  storage: {allow: [{uri: "fs://${path}/w/**", access: [read]}]}
  network: {allow: [{host: "*"}]}
  stdin: true
  clocks: read
  random: full
`,
  );
  const read = readSandboxOptions("test", {
    grants: {
      environment: { set: { A: "1", B: "2", C: "3" } },
      network: { hosts: ["b.test"] },
      filesystem: { read: [path] },
    },
    limits: { timeoutMs: 60_000 },
  });
  const folders = { user: undefined, machine: join(path, "etc") };
  const opened = await withPolicy("./tool.wasm", read, { files: [named], folders: true }, folders);
  const { grants, limits } = opened;
  const allowed = (host: string): boolean => checkTarget(grants.network, { scheme: "https", host, port: 443 }).allowed;
  assert.deepEqual(["a.example.com", "bad.example.com", "b.test", "other.test"].map(allowed), [
    true,
    false,
    false,
    false,
  ]);
  for (const { rules } of [...grants.preopens, ...grants.filesystemRead]) {
    assert.ok(rules !== undefined);
    assert.equal(ruleIndex(rules).of(`${path}/w/in/x`).rights & 1, 1);
    assert.equal(ruleIndex(rules).of(`${path}/w/x`).rights, 0);
  }
  assert.deepEqual(grants.environment, [["A", "1"]]);
  assert.deepEqual([grants.stdin, grants.clocks.kind, grants.random.kind], [false, "none", "pseudo"]);
  assert.equal(limits.timeoutMs, 1_000);
  assert.deepEqual(opened.mostLimits, { timeoutMs: 1_000 });
});

test("what documents are made of is never granted: settings, caches and the documents themselves", async () => {
  using folder = new Folder();
  const named = folder.write(
    "p.yaml",
    `${VERSION}permissions: {storage: {allow: [{uri: "fs://${folder.path}", access: [read, write]}]}}\n`,
  );
  const another = folder.write("another.yaml", `${VERSION}match: {name: another}\n`);
  const opened = await withPolicy("./tool.wasm", readSandboxOptions("test", {}), [named, another]);
  const rules = opened.grants.preopens[0]?.rules;
  assert.ok(rules !== undefined);
  for (const file of [named, another]) assert.equal(ruleIndex(rules).of(file).rights, 0, file);
  assert.equal(ruleIndex(rules).of(`${folder.path}/other`).rights, 15);
});

test("grants add up, and what denies goes before what sets", () => {
  const combined = combineGrants([
    { environment: { set: { A: "1" }, allow: ["B"] }, clocks: "read", process: ["a"] },
    { environment: { deny: ["A"], allow: [] }, clocks: "none", process: "none", network: "loopback" },
    { network: { ports: [80] }, random: "full" },
  ]);
  const { environment, process: programs, clocks, random, network } = combined;
  assert.deepEqual(environment, { set: {}, allow: ["B"], deny: ["A"] });
  assert.deepEqual([programs, clocks, random], [["a"], "read", "full"]);
  assert.deepEqual(network, { public: false, hosts: [], allow: ["loopback:*", "*:80"], deny: [] });
});

test("hosts are read as the reference's examples write them", () => {
  const rules = (entry: string): unknown => {
    const { grants } = documentOf(`${VERSION}permissions: {network: {allow: [${entry}]}}\n`);
    return typeof grants.network === "object" ? grants.network.allow : undefined;
  };
  assert.deepEqual(rules('{host: "https://a.b/"}'), ["https://a.b:443"]);
  assert.deepEqual(rules('{host: "localhost:8080"}'), ["localhost:8080"]);
  assert.deepEqual(rules("{host: a.b}"), ["http://a.b:80", "https://a.b:443"]);
  assert.deepEqual(rules('{cidr: "2001:db8::/32", port: [80, "90-99"], protocol: tcp}'), [
    "tcp://[2001:db8::]/32:80,90-99",
  ]);
  assert.deepEqual(rules("{host: a.b, reason: because}"), [
    { rule: "http://a.b:80", reason: "because" },
    { rule: "https://a.b:443", reason: "because" },
  ]);
});

test("the schema is one of JSON Schema, strict all through", () => {
  const schema = JSON.stringify(policyJsonSchema());
  assert.match(schema, /draft\/2020-12/u);
  assert.doesNotMatch(schema, /"type":"object","properties":\{[^}]*\}(?!.*additionalProperties)/u);
});
