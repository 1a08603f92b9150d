import assert from "node:assert/strict";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { AuditEvent } from "../../src/audit/event.ts";
import { run, Sandbox } from "../../src/sandbox/index.ts";
import { policyJsonSchema } from "../../src/policy/documents/schema.ts";
import { cordon, documentOf } from "../support/cli.ts";
import { signedPath } from "../support/signed-files.ts";

const DEMO = fileURLToPath(new URL("../../dist/assets/skills/demo-trusted.wasm", import.meta.url));

class Place {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), "cordon-cli-policy-")));

  constructor() {
    this.write("demo.txt", "of the demo");
  }

  write(name: string, text: string): string {
    const path = join(this.path, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  }

  cordon(...words: readonly string[]): ReturnType<typeof cordon> {
    return cordon(words, { cwd: this.path, environment: { HOME: this.path } });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const READS = 'version: "1.0"\npermissions:\n  storage:\n    allow:\n      - {uri: "fs://*.txt", access: [read]}\n';
const DENIES = `${READS}    deny:\n      - {uri: "fs://demo.txt", reason: "not this one"}\n`;

test("a policy grants a run what it says, and a denial says why, in the record too", async () => {
  using place = new Place();
  place.write("reads.yaml", READS);
  place.write("denies.yaml", DENIES);
  const allowed = await place.cordon("run", "--policy", "reads.yaml", DEMO);
  assert.match(allowed.stdout, /of the demo/u);
  const denied = await place.cordon("run", "--policy=reads.yaml", "--policy=denies.yaml", "--json", DEMO);
  const { events } = documentOf(denied) as { readonly events: readonly AuditEvent[] };
  assert.match(events[0]?.reason ?? "", /denied by the rule fs:\/\/demo\.txt: not this one/u);
  assert.match(events[0]?.policyVersion ?? "", /^sha256:[0-9a-f]{64}$/u);
  const flags = await place.cordon("run", "--allow-fs-read=demo.txt", "--policy=denies.yaml", DEMO);
  assert.match(flags.stdout, /FAILED/u);
  const isolated = await place.cordon("run", "--isolation=process", "--policy=reads.yaml", DEMO);
  assert.match(isolated.stdout, /of the demo/u);
});

test("a document says who has to have signed a component, and may be for whom somebody signed", async () => {
  using place = new Place();
  await place.cordon("trust", "add", "acme", signedPath("key-a.pub"));
  const document = (text: string): string => `version: "1.0"\n${text}\n`;
  place.write("signed.yaml", document("signature: {require: [acme]}"));
  place.write("both.yaml", document("signature: {require: any, threshold: 2}"));
  const by = (file: string, ...words: readonly string[]): ReturnType<typeof cordon> =>
    place.cordon("run", ...words, signedPath(file), "add", "1", "2");
  assert.equal((await by("add.signed-a.wasm", "--policy", "signed.yaml")).stdout, "3\n");
  const unsigned = await by("add.wasm", "--policy", "signed.yaml");
  assert.deepEqual([unsigned.code, unsigned.stdout], [6, ""]);
  // Options weaken nothing, and what two documents ask is all to be met.
  const options = { policy: join(place.path, "signed.yaml"), signature: { require: "none" } } as const;
  await assert.rejects(Sandbox.open(signedPath("add.wasm"), options), { code: "signature" });
  assert.equal((await by("add.signed-a.wasm", "--policy", "signed.yaml", "--policy", "both.yaml")).code, 6);

  place.write("for-acme.yaml", document("match: {signer: acme}\nlimits: {fuel: 1}"));
  assert.equal((await by("add.wasm", "--policy", "for-acme.yaml")).stdout, "3\n");
  assert.match((await by("add.signed-a.wasm", "--policy", "for-acme.yaml")).stderr, /fuel/u);
  await place.cordon("trust", "revoke", "acme");
  assert.equal((await by("add.signed-a.wasm", "--policy", "for-acme.yaml")).stdout, "3\n");
  const faulty = await place.cordon(
    "policy",
    "check",
    place.write("f.yaml", document("signature: {require: [a], threshold: 2}")),
  );
  assert.match(faulty.stderr + faulty.stdout, /f\.yaml:2:12: .*threshold is a whole number from 1 to 1/u);
});

test("the secrets that a document names are this component's, and have to be there", async () => {
  using place = new Place();
  const named = "secrets: [{key: TOKEN, host: api.example.com, header: authorization}]";
  place.write("secret.yaml", `${READS}${named}\n`);
  const missing = await place.cordon("run", "--policy", "secret.yaml", DEMO);
  assert.notEqual(missing.code, 0);
  assert.match(missing.stderr, /TOKEN/u);
  const faulty = await place.cordon(
    "policy",
    "check",
    place.write("f.yaml", `${READS}${named.replace("authorization", "host")}\n`),
  );
  assert.match(faulty.stderr + faulty.stdout, /f\.yaml:6:11: .*for the host to set/u);
});

// Seen to fail with: denied files found by the process of the guest alone, which may not see them.
test("what is denied by its path is denied under another name, at each level of isolation", async () => {
  using place = new Place();
  place.write("secret.txt", "of the secret");
  mkdirSync(join(place.path, "w"));
  linkSync(join(place.path, "secret.txt"), join(place.path, "w/demo.txt"));
  const [allow, deny] = ["w/**", "secret.txt"].map((one) => `fs://${place.path}/${one}`);
  const policy = place.write(
    "p.yaml",
    `version: "1.0"\npermissions: {storage: {allow: [{uri: "${allow}", access: [read]}], deny: [{uri: "${deny}"}]}}\n`,
  );
  for (const level of [["thread"], ["process", "--os-sandbox=off"], ["process"]]) {
    const words = ["run", `--policy=${policy}`, "--isolation", ...level, DEMO];
    const { stdout } = await cordon(words, { cwd: join(place.path, "w"), environment: { HOME: place.path } });
    assert.match(stdout, /denied under another name by the rule/u, level.join(" "));
    assert.doesNotMatch(stdout, /of the secret/u);
  }
});

test("documents of the user's folder hold for whom they match", async () => {
  using place = new Place();
  const uri = `fs://${place.path}/demo.txt`;
  const text = `version: "1.0"\nmatch: {name: demo-trusted}\npermissions: {storage: {allow: [{uri: "${uri}", access: [read]}]}}\n`;
  place.write(".config/cordon/policies/demo.yaml", text);
  assert.match((await place.cordon("run", DEMO)).stdout, /of the demo/u);
  place.write(".config/cordon/policies/demo.yaml", text.replace("demo-trusted", "another"));
  assert.match((await place.cordon("run", DEMO)).stdout, /FAILED/u);
  place.write(".config/cordon/policies/demo.yaml", text.replace("storage", "storrage"));
  const { code, stderr } = await place.cordon("run", DEMO);
  assert.equal(code, 2);
  assert.match(stderr, /demo\.yaml:3:15: .*did you mean storage\?/u);
});

test("check tells all faults and what is odd, with --strict as faults", async () => {
  using place = new Place();
  place.write("bad.yaml", `${READS}        acces: [read]\nisolation: none\n`);
  const bad = await place.cordon("policy", "check", "bad.yaml");
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /^error: bad\.yaml:\d+:\d+: /mu);
  const odd = `version: "1.0"
permissions:
  storage: {allow: [{uri: "fs:///**", access: [read]}, {uri: "fs:///a/b", access: [read]}], deny: [{uri: "fs:///a"}]}
  network: {allow: [{host: "*.com"}, {host: a.test}], deny: [{host: "*.test"}, {cidr: 10.0.0.0/8}]}
  runtime: {docker: {}}
`;
  place.write("odd.yaml", odd);
  const found = await place.cordon("policy", "check", "odd.yaml");
  assert.equal(found.code, 0);
  for (const one of [
    /storage\.allow\[0\] is wide/u,
    /storage\.allow\[1\] can never apply: storage\.deny\[0\]/u,
    /network\.allow\[0\] is wide/u,
    /network\.allow\[1\] can never apply: network\.deny\[0\]/u,
    /network\.deny\[1\] denies IPv4 addresses, and no rule denies IPv6/u,
    /runtime\.docker has no effect/u,
  ]) {
    assert.match(found.stderr, one);
  }
  assert.equal((await place.cordon("policy", "check", "--strict", "odd.yaml")).code, 2);
  assert.equal((await place.cordon("policy", "check", "none.yaml")).code, 2);
});

test("explain names the decision, the rule and its place", async () => {
  using place = new Place();
  place.write(
    "p.yaml",
    `${DENIES}  environment: {allow: [{key: A}], deny: [{key: B}]}\n  network: {allow: [{host: a.test}]}\n`,
  );
  const explain = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout } = await place.cordon("policy", "explain", "p.yaml", ...words);
    return `${code} ${stdout}`;
  };
  assert.match(
    await explain("--storage", "read", "fs://other.txt"),
    /^0 allow: .*\(storage\.allow\[0\], p\.yaml:5:9\)/u,
  );
  assert.match(
    await explain("--storage", "read", "fs://demo.txt"),
    /^3 deny: .*not this one \(storage\.deny\[0\], p\.yaml:7:9\)/u,
  );
  assert.match(await explain("--storage", "modify", "fs://other.txt"), /^3 deny: no rule allows/u);
  assert.match(await explain("--network", "https://a.test:443"), /^0 allow: .*network\.allow\[0\]/u);
  assert.match(await explain("--network", "https://a.test:8443"), /^3 deny/u);
  assert.match(await explain("--env", "A"), /^0 allow: .*environment\.allow\[0\]/u);
  assert.match(await explain("--env", "B"), /^3 deny: .*environment\.deny\[0\]/u);
  assert.match(await explain("--env", "A", "--network", "https://a.test"), /^2 /u);
  assert.match(await explain("--storage", "read", "fs:///a/*"), /^2 /u);
});

test("explain says what is enforced: fences, links, other names, Cordon's own files and those of the kernel", async () => {
  using place = new Place();
  place.write(
    "all.yaml",
    `version: "1.0"
permissions:
  storage:
    allow: [{uri: "fs:///**", access: [read, write]}]
    deny: [{uri: "fs://demo.txt"}, {uri: "fs://*.lnk"}]
  environment: {allow: [{key: A}, {key: B}]}
fence:
  permissions:
    storage: {allow: [{uri: "fs:///**", access: [read, write]}]}
    environment: {allow: [{key: A}]}
`,
  );
  place.write("open.txt", "open");
  linkSync(join(place.path, "demo.txt"), join(place.path, "alias.txt"));
  symlinkSync("open.txt", join(place.path, "a.lnk"));
  const explain = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout } = await place.cordon("policy", "explain", "all.yaml", ...words);
    return `${code} ${stdout}`;
  };
  const read = async (path: string): Promise<string> =>
    explain("--storage", "read", `fs://${path.startsWith("/") ? path : join(place.path, path)}`);
  assert.match(await read("open.txt"), /^0 allow/u);
  assert.match(await read("alias.txt"), /^3 deny: .*under another name \(storage\.deny\[0\]/u);
  assert.match(await read("a.lnk"), /^3 deny: .*the link .* is denied by its name \(storage\.deny\[1\]/u);
  assert.match(await read("all.yaml"), /^3 deny: .*Cordon keeps state/u);
  assert.match(await read(".config/cordon/trust/a.json"), /^3 deny: .*Cordon keeps state/u);
  if (process.platform === "linux") assert.match(await read("/proc/self/environ"), /^3 deny/u);
  assert.match(await explain("--env", "A"), /^0 allow/u);
  assert.match(await explain("--env", "B"), /^3 deny: .*outside a fence/u);
});

test("diff tells what is gained and lost, test compares rows, effective puts documents together", async () => {
  using place = new Place();
  place.write("a.yaml", READS);
  place.write("b.yaml", DENIES);
  const narrower = await place.cordon("policy", "diff", "a.yaml", "b.yaml");
  assert.deepEqual([narrower.code, /^- denied: storage/mu.test(narrower.stdout)], [0, true]);
  const wider = await place.cordon("policy", "diff", "b.yaml", "a.yaml");
  assert.deepEqual([wider.code, /^\+ no longer denied: storage/mu.test(wider.stdout)], [1, true]);
  assert.match((await place.cordon("policy", "diff", "a.yaml", "a.yaml")).stdout, /Both say the same/u);
  place.write(
    "rows.yaml",
    'policy: b.yaml\nrows:\n  - {storage: [read, "fs://demo.txt"], expect: allow}\n  - {env: A, expect: deny}\n',
  );
  const rows = await place.cordon("policy", "test", "rows.yaml");
  assert.equal(rows.code, 1);
  assert.match(rows.stdout, /rows\.yaml:3: expected allow, found deny: .*\n1 of 2 rows are as expected/u);
  const effective = documentOf(await place.cordon("policy", "effective", DEMO, "--policy=b.yaml", "--json"));
  assert.deepEqual(effective["documents"], ["b.yaml"]);
});

test("schema is what the package has", async () => {
  using place = new Place();
  const { stdout } = await place.cordon("policy", "schema");
  assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(policyJsonSchema())));
  const kept = fileURLToPath(new URL("../../dist/assets/schema/policy-1.json", import.meta.url));
  assert.deepEqual(JSON.parse(readFileSync(kept, "utf8")), JSON.parse(stdout));
});

test("convert makes documents that say what flags, the crate's capabilities and srt's settings say", async () => {
  using place = new Place();
  const flags = await place.cordon(
    "policy",
    "convert",
    "--allow-fs-read=.",
    "--dir=.::/w:rw",
    "--allow-create",
    "--max-file-size=4KiB",
    "--env=A=b",
    "--timeout=5s",
  );
  place.write("flags.yaml", flags.stdout);
  assert.match((await place.cordon("run", "--policy=flags.yaml", DEMO)).stdout, /of the demo/u);
  assert.match(flags.stdout, /maxFileBytes: 4096\n +guest: \/w[^]*key: A\n +value: b[^]*timeoutMs: 5000/u);
  place.write(
    "crate.toml",
    '[network]\nAllowedHosts = [{host = "a.b", ports = {start = 80, end = 90}, secure = true}]\n[filesystem]\nreadable_dirs = ["/data"]\n',
  );
  const crate = await place.cordon("policy", "convert", "crate.toml");
  assert.match(crate.stdout, /uri: fs:\/\/\/data[^]*host: a\.b\n +port: 80-90\n +protocol: https/u);
  place.write(
    "srt.json",
    '{"network": {"allowedDomains": ["*.a.b"]}, "filesystem": {"denyRead": ["/k", "~/.ssh"], "allowWrite": ["./out"]}}',
  );
  const srt = await place.cordon("policy", "convert", "srt.json");
  assert.match(
    srt.stdout,
    /uri: fs:\/\/out\n +access:\n +- write[^]*deny:\n +- uri: fs:\/\/\/k[^]*- uri: fs:\/\/\/.*\/\.ssh\n[^]*host: "\*\.a\.b"/u,
  );
  // A denial that no document can say is not left out: the document would allow what the settings deny.
  place.write("srt-odd.json", '{"filesystem": {"denyRead": ["/k/*[ab]"], "allowWrite": []}}');
  const odd = await place.cordon("policy", "convert", "srt-odd.json");
  assert.deepEqual([odd.code, odd.stdout], [2, ""]);
  assert.match(odd.stderr, /no document can deny "\/k\/\*\[ab\]"/u);
  place.write("other.json", '{"x": 1}');
  assert.equal((await place.cordon("policy", "convert", "other.json")).code, 2);
});

test("the SDK takes a policy, and tells its version and what has no effect", async () => {
  using place = new Place();
  const policy = place.write("p.yaml", `${READS}  runtime: {docker: {}}\n`);
  await using sandbox = await Sandbox.open(DEMO, { policy });
  assert.match(sandbox.policy?.version ?? "", /^sha256:/u);
  assert.match(sandbox.policy?.warnings.join() ?? "", /p\.yaml:6:21: runtime\.docker has no effect/u);
  await assert.rejects(Sandbox.open(DEMO, { policy: place.write("q.yaml", "version: 2\n") }), { code: "policy" });
  await assert.rejects(run(DEMO, "run", [], { policy: [5] as never }), { code: "usage", message: /option policy/u });
});
