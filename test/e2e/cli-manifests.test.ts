import assert from "node:assert/strict";
import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type CliResult, cordon, documentOf } from "../support/cli.ts";
import { temporaryFolder, testGuest, textGuest } from "../support/guests.ts";
import { misfits, type Schema } from "../support/json-schema.ts";
import { ECHO } from "../support/json-modules.ts";
import { manifestPlace, manifestText } from "../support/manifests.ts";
import { signedPath } from "../support/signed-files.ts";

type Run = (...words: readonly string[]) => Promise<CliResult>;

async function inFolder(context: TestContext): Promise<{ readonly folder: string; readonly run: Run }> {
  const folder = await temporaryFolder(context);
  const environment = { XDG_CONFIG_HOME: join(folder, "config"), XDG_STATE_HOME: join(folder, "state") };
  return { folder, run: (...words) => cordon(words, { cwd: folder, environment }) };
}

const schema = JSON.parse(await readFile("docs/json.schema.json", "utf8")) as Schema;

function fits(kind: string, result: CliResult): Record<string, unknown> {
  const document = documentOf(result);
  assert.deepEqual(misfits(document, { $ref: `#/$defs/${kind}` }, schema), [], JSON.stringify(document));
  return document;
}

test("a manifest is written, checked, accepted, and bounds a run", async (context) => {
  const { folder, run } = await inFolder(context);
  cpSync(await testGuest(), join(folder, "tool.wasm"));
  fits("manifest-init", await run("manifest", "init", "tool.wasm", "--json"));
  assert.match((await run("manifest", "init", "tool.wasm")).stderr, /it is there already/);
  const text = readFileSync(join(folder, "skill.yaml"), "utf8");
  assert.match(
    text,
    /^name: tool\n[^]*capabilities:\n {2}- compute\n {2}- filesystem-read\n {2}- filesystem-write\n {2}- network\nexports:/u,
  );
  // A draft is right as it is, and what it says of types is what the component takes and gives.
  const checked = fits("manifest-check", await run("manifest", "check", "skill.yaml", "--json"));
  assert.deepEqual(checked["unaccepted"], ["filesystem-read", "filesystem-write", "network"]);
  const refused = await run("run", "tool.wasm", "add", "1", "2");
  assert.deepEqual([refused.code, refused.stdout], [2, ""]);
  assert.match(
    refused.stderr,
    /^error: Cannot run "tool": version 0\.1\.0 asks for what nobody has accepted: filesystem-read;/,
  );
  const accepted = fits("manifest-accept", await run("manifest", "accept", "skill.yaml", "--json"));
  assert.deepEqual(accepted["added"], checked["unaccepted"]);
  const ran = await run("run", "tool.wasm", "add", "1", "2");
  assert.deepEqual([ran.code, ran.stdout], [0, "3\n"]);
  assert.match(ran.stderr, /^note: tool 0\.1\.0 asks for network \(everything\), which is not granted\n/mu);
  const calls = [
    ["mirror", "{x: 1, y: -2}"],
    ["describe", "circle(1.5)", "none", "{read}"],
    ["double", "7"],
    ["reverse", "[1, 2]"],
    ["check", "5"],
  ];
  for (const words of calls) assert.equal((await run("run", "tool.wasm", ...words)).code, 0, words.join(" "));
});

test("what is asked for and what is granted are shown side by side", async (context) => {
  const { folder, run } = await inFolder(context);
  const fields = `capabilities:
  - network: { allow: [{ host: "api.example.com", protocol: https }, { host: "b.example.org", protocol: https }] }
  - environment: { allow: [{ key: TOKEN }] }
limits: { max_memory_pages: 32 }
`;
  manifestPlace(folder, await testGuest(), fields);
  const flags = ["--allow-net", "https://*.example.com", "--env", "TOKEN=x", "--env", "OTHER=y", "--stdin"];
  writeFileSync(
    join(folder, "p.yaml"),
    'version: "1.0"\npermissions: { network: { allow: [{ host: c.example.net }] } }\n',
  );
  await run("manifest", "accept", "skill.yaml");
  const words = ["manifest", "check", "skill.yaml", "--policy", "p.yaml", ...flags.slice(0, -1)];
  const { stdout, code, stderr } = await run(...words);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^The manifest of tool 1\.0\.0 is right\.\nCAPABILITY +REQUESTED +GRANTED +EFFECTIVE\nnetwork +https/u,
  );
  const rows = fits("manifest-check", await run(...words, "--json"))["capabilities"] as readonly {
    readonly capability: string;
  }[];
  assert.deepEqual(rows, [
    {
      capability: "network",
      requested: ["https://api.example.com:443", "https://b.example.org:443"],
      granted: ["http://c.example.net:80", "https://c.example.net:443", "https://*.example.com"],
      effective: ["https://api.example.com:443"],
    },
    { capability: "environment", requested: ["TOKEN"], granted: ["TOKEN", "OTHER"], effective: ["TOKEN"] },
    { capability: "limits.memoryBytes", requested: ["2097152"], granted: ["134217728"], effective: ["2097152"] },
  ]);
  const ran = fits("run", await run("run", "--json", ...flags, "tool.wasm", "add", "1", "2"));
  const { capabilities } = ran["manifest"] as { readonly capabilities: readonly { readonly capability: string }[] };
  assert.deepEqual(
    capabilities.map(({ capability }) => capability),
    ["network", "environment", "stdin", "limits.memoryBytes"],
  );
});

test("a manifest is found beside its component alone, named with --manifest, and left with --no-manifest", async (context) => {
  const { folder, run } = await inFolder(context);
  const at = manifestPlace(
    folder,
    await textGuest("json", ECHO),
    "exports: [{ name: execute, input_schema: { type: object } }]\n",
  );
  const execute = (...words: readonly string[]): Promise<CliResult> => run("run", ...words, "execute", '"[]"');
  const refused = await execute("tool.wasm");
  assert.deepEqual([refused.code, refused.stdout], [2, ""]);
  assert.match(
    refused.stderr,
    /^error: Cannot call execute: what it is given is not what its manifest says: it does not match/,
  );
  assert.equal((await run("run", "tool.wasm", "execute", '"{}"')).stdout, "{}\n");
  assert.equal((await execute("--no-manifest", "tool.wasm")).code, 0);
  cpSync(at.component, join(folder, "other.wasm"));
  assert.equal((await execute("other.wasm")).code, 0, "it does not name this one");
  assert.equal((await execute("--manifest", "skill.yaml", "other.wasm")).code, 2);
  at.write("name: tool\n");
  const faulty = await execute("tool.wasm");
  assert.deepEqual([faulty.code, faulty.stdout], [2, ""]);
  assert.match(faulty.stderr, /skill\.yaml:1:1: the key "version" is missing/);
  renameSync(at.manifest, join(folder, "x.yaml"));
  assert.equal((await execute("tool.wasm")).code, 0);
  const faults = await run("manifest", "check", "x.yaml", "--json");
  assert.equal(faults.code, 2);
  assert.equal((fits("error", faults)["faults"] as readonly unknown[]).length, 2);
  assert.match(
    (await run("manifest", "check", "x.yaml")).stderr,
    /^error: x\.yaml:1:1: the key "version" is missing\nerror: /,
  );
});

test("a signed manifest covers its component", async (context) => {
  const { folder, run } = await inFolder(context);
  const at = manifestPlace(folder, signedPath("add.wasm"), "# who asks\ncapabilities: [compute] # nothing\n");
  for (const format of ["wasmsign2", "pem"]) await run("keygen", `${format}.key`, "--format", format);
  await run("trust", "add", "acme", "pem.key.pub");
  const needs = ["run", "--require-signature", "acme", "tool.wasm", "add", "1", "2"];
  assert.equal((await run(...needs)).code, 6);
  const sign = async (key: string): Promise<void> => {
    fits("sign", await run("sign", "skill.yaml", "--key", key, "--output", "skill.yaml", "--json"));
  };
  await sign("wasmsign2.key");
  assert.equal((await run(...needs)).code, 6, "by a key that is not asked for");
  await sign("pem.key");
  const text = readFileSync(at.manifest, "utf8");
  assert.match(
    text,
    /# who asks\ncapabilities: \[ compute \] # nothing\ndigest: sha256:[0-9a-f]{64}\nsignature:\n(?: {2}- key: \S+\n {4}value: \S+\n){2}$/u,
  );
  assert.deepEqual(await run(...needs), { code: 0, stdout: "3\n", stderr: "" });
  fits("verify", await run("verify", "skill.yaml", "--json"));
  at.write(text.replace("compute", "network"));
  assert.equal((await run("verify", "skill.yaml")).code, 6);
  at.write(text);
  cpSync(signedPath("core.wasm"), at.component);
  assert.match((await run("verify", "skill.yaml")).stderr, /its module is sha256:/);
  assert.match(
    (await run("sign", "skill.yaml", "--key", "pem.key", "-o", "x.yaml")).stderr,
    /set signature: null first/,
  );
  assert.equal((await run(...needs)).code, 6);
  assert.equal((await run("sign", "skill.yaml", "--key", "pem.key", "--detached", "x")).code, 2);
  at.write(manifestText());
  assert.match((await run("verify", "skill.yaml")).stderr, /it has no digest of its module; cordon sign puts it there/);
});
