import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faultText } from "../../src/policy/documents/fault.ts";
import { readManifest } from "../../src/manifest/read-manifest.ts";
import { AcceptedStore } from "../../src/manifest/accepted-requests.ts";
import { ManifestThread } from "../../src/manifest/thread/manifest-thread.ts";
import { withinRequests } from "../../src/manifest/within-requests.ts";
import { WHOLE_CAPABILITIES } from "../../src/manifest/manifest.ts";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import { parseGrants } from "../../src/policy/parsing/parse-grants.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { readSandboxOptions } from "../../src/sandbox/options/sandbox-options.ts";
import { signedManifest } from "../../src/sandbox/manifest/signed-manifest.ts";
import { signManifest } from "../../src/signing/manifest-signatures.ts";
import { TrustStore } from "../../src/signing/trust-store.ts";
import "../support/built-workers.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, temporaryFolder, testGuest, textGuest, wasiProbe } from "../support/guests.ts";
import { Probe } from "../support/probe.ts";
import { ECHO, jsonModule } from "../support/json-modules.ts";
import { doublingSchema, manifestPlace, manifestText } from "../support/manifests.ts";
import { testKey, testPair } from "../support/signed-files.ts";

/**
 * What a publisher may write into a manifest, and what a guest or another may do about it, to get more than was granted or accepted, or to
 * hold the host up. Each case was seen to fail once with the weakening that its comment names.
 */

const place = { file: "skill.yaml", folder: "/nowhere" };

async function faultsOf(text: string): Promise<string> {
  const read = await readManifest(text, place);
  return "faults" in read ? read.faults.map(faultText).join("\n") : "it is right";
}

const exporting = (schema: string): string =>
  manifestText(`exports:\n  - name: execute\n    input_schema: ${schema}\n`);

// Weakening: schemas are checked on the thread of the caller, without an end.
test("a schema that takes exponential time is ended within the call's deadline, and the host goes on", async (context) => {
  const folder = await temporaryFolder(context);
  const side = (name: string): string => `    ${name}_schema:\n${doublingSchema(30, "      ")}\n`;
  for (const name of ["input", "output"]) {
    const { component, options } = manifestPlace(
      join(folder, name),
      await textGuest("json", ECHO),
      `exports:\n  - name: execute\n${side(name)}`,
    );
    await using sandbox = await Sandbox.open(component, options());
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 10);
    const call = sandbox.call("execute", ["{}"], { limits: { timeoutMs: 400 } });
    const error = await failsWith("limit", /did not end within 400 ms/u, call);
    clearInterval(ticking);
    assert.equal(error.limit?.limit, "deadline");
    assert.ok(turns > 3, `the event loop went round ${turns} times`);
    // Of the input before the guest ran, of the output after it.
    assert.equal(error.usage === undefined, name === "input");
    const stop = new AbortController();
    const stopped = sandbox.call("execute", ["{}"], { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 50);
    await failsWith("cancelled", /cancelled/u, stopped);
  }
});

// Weakening, each alone: `REFUSED_KEYWORDS` and unknown keywords are passed over; references are left to the validator; cycles are not
// looked for; formats are looked up by any name; numbers are not looked at.
test("a schema that would check nothing, fetch something or never end is refused", async () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['{ patternProperties: { "^(a+)+$": {} } }', /"patternProperties" is refused/u],
    ['{ $ref: "http://127.0.0.1:1/schema" }', /what is elsewhere is not fetched/u],
    ['{ $ref: "file:///etc/passwd" }', /what is elsewhere is not fetched/u],
    ['{ $ref: "#/properties/a/enum/0", properties: { a: { enum: [{}] } } }', /there is no schema in that place/u],
    ['{ $dynamicRef: "#a" }', /"\$dynamicRef" is refused/u],
    ['{ $ref: "#" }', /comes back to itself/u],
    [
      '{ $ref: "#/$defs/a", $defs: { a: { not: { $ref: "#/$defs/b" } }, b: { if: { $ref: "#/$defs/a" } } } }',
      /comes back/u,
    ],
    ["{ format: constructor }", /the format "constructor" is not checked here/u],
    ["{ format: __proto__ }", /the format "__proto__" is not checked here/u],
    ['{ format: "cordon:pattern:0" }', /is not checked here/u],
    ["{ format: regex }", /is not checked here/u],
    ["{ __absolute_ref__: x }", /"__absolute_ref__" is not known/u],
    ["{ constructor: {} }", /"constructor" is not known/u],
    ["{ maximum: 9007199254740993 }", /beyond 2\^53 - 1/u],
    ["{ enum: [[{ a: 1e300 }]] }", /beyond 2\^53 - 1/u],
    ["{ multipleOf: 0 }", /a number above 0/u],
    ['{ pattern: "(?=a)" }', /the pattern is none of RE2/u],
    ['{ pattern: "(a)\\\\1" }', /the pattern is none of RE2/u],
    ['{ pattern: "(x{1000}){1000}" }', /the pattern is none of RE2/u],
    [`{ pattern: "${"a?".repeat(600)}" }`, /at most 1024 characters/u],
    [`${"{ not: ".repeat(40)}true${" }".repeat(40)}`, /more than 32 deep/u],
    ["{ $id: x, properties: { a: { $id: y } } }", /no \$id here/u],
    ["[]", /expected a schema, found a list/u],
  ];
  for (const [schema, message] of refused) assert.match(await faultsOf(exporting(schema)), message, schema);
});

// Weakening: `pattern` is left to the validator, which gives it to the engine's regular expressions.
test("patterns take linear time", async () => {
  const { thread } = await ManifestThread.read(exporting('{ type: string, pattern: "^(a+)+$" }'), place);
  const check = { what: "check it", export: 0, side: "input", timeoutMs: 10_000 } as const;
  assert.match(
    (await thread.check({ ...check, json: JSON.stringify(`${"a".repeat(50_000)}!`) })) ?? "",
    /the pattern "\^\(a\+\)\+\$" finds nothing in it/u,
  );
  assert.equal(await thread.check({ ...check, json: JSON.stringify("a".repeat(50_000)) }), undefined);
  thread.close();
});

// Weakening: `jsonInstance` is `JSON.parse`.
test("what is checked is what every reader reads", async (context) => {
  const folder = await temporaryFolder(context);
  const schema = "{ type: object, properties: { n: { type: integer } }, additionalProperties: false }";
  const fields = `exports:\n  - name: execute\n    input_schema: ${schema}\n    output_schema: ${schema}\n`;
  const { component, options } = manifestPlace(folder, await textGuest("json", ECHO), fields);
  await using sandbox = await Sandbox.open(component, options());
  assert.equal((await sandbox.call("execute", ['{"n": 1}'])).value, '{"n": 1}');
  const refused: readonly (readonly [string, RegExp])[] = [
    ['{"n": 1, "n": 2}', /a key twice/u],
    ['{"n": 1, "\\u006e": 2}', /a key twice/u],
    ['{"n": 9007199254740993}', /an integer beyond/u],
    ['{"__proto__": {"n": 1}}', /at \/__proto__ it does not match: nothing may be there/u],
    ['{"constructor": 1}', /nothing may be there/u],
    ['{"n": 1} {}', /it is not JSON/u],
    [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, /does not match/u],
    ['{"\\ud800": 1}', /not valid Unicode|nothing may be there/u],
  ];
  for (const [input, message] of refused) {
    const error = await failsWith("usage", message, sandbox.call("execute", [input]));
    assert.equal(error.usage, undefined, "the guest has not run");
  }
  await using instance = await sandbox.instantiate();
  await failsWith("usage", /a key twice/u, instance.call("execute", ['{"n": 1, "n": 2}']));
  assert.equal((await instance.call("execute", ['{"n": 3}'])).value, '{"n": 3}');
});

// Weakening: the output is checked after it was given on, or its error carries it.
test("nobody sees what does not match", async (context) => {
  const folder = await temporaryFolder(context);
  const secret = "made-up-by-the-guest";
  const text = jsonModule("(call $json (i32.const 100) (i32.const 31))", {
    fields: `(data (i32.const 100) "{\\"told\\":\\"${secret}\\"}")`,
  });
  const fields = "exports:\n  - name: execute\n    output_schema: { required: [result] }\n";
  const { component, options } = manifestPlace(folder, await textGuest("telling", text), fields);
  await using sandbox = await Sandbox.open(component, options());
  for (const call of [
    () => sandbox.call("execute", ["{}"]),
    async () => (await sandbox.instantiate()).call("execute", ["{}"]),
  ]) {
    const error = await failsWith("guest-error", /what the guest returned is not what its manifest says/u, call());
    assert.ok(error.usage !== undefined);
    assert.equal(error.payload, undefined);
    assert.ok(!error.message.includes(secret) && !JSON.stringify(error).includes(secret));
  }
});

// Weakening: the text is parsed on the caller's thread without bounds, or aliases are followed.
test("a hostile text is refused in bounded time", async (context) => {
  const folder = await temporaryFolder(context);
  const texts: readonly (readonly [string, RegExp])[] = [
    [`a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n`, /an anchor is for aliases/u],
    ["[".repeat(200_000), /nested too deeply/u],
    [manifestText("signature: !!js/function 'process.exit()'\n"), /a tag changes what is written/u],
    [manifestText("__proto__: { capabilities: [network] }\n"), /"__proto__" is not known/u],
    [manifestText("---\nname: other\n"), /a second document begins/u],
    [manifestText("name: twice\n"), /is there twice/u],
    [`name: tool\nversion: "1"\nmodule: ../../etc/passwd\n`, /no path below the manifest's folder/u],
    [`name: "../../x"\nversion: "1"\nmodule: a\n`, /no name of a component/u],
    [manifestText("capabilities: [everything]\n"), /the capability "everything" is not known/u],
    [
      manifestText('capabilities: [{ environment: { allow: [{ key: PATH, value: "/tmp" }] } }]\n'),
      /value sets a variable/u,
    ],
    [manifestText("limits: { max_fuel: 1, fuel: 2 }\n"), /are the same limit/u],
  ];
  for (const [text, message] of texts) assert.match(await faultsOf(text), message);
  await failsWith(
    "policy",
    /^Cannot use the manifest, which has a fault: skill\.yaml:1:65: it is nested/u,
    ManifestThread.read("[".repeat(200_000), place),
  );
  const large = join(folder, "large.yaml");
  writeFileSync(large, "#".repeat(300 * 1024));
  const open = (file: string): Promise<Sandbox> => Sandbox.open("none.wasm", { manifest: file });
  await failsWith("usage", /more than 262144 bytes/u, open(large));
  writeFileSync(large, Buffer.from([0xff, 0xfe]));
  await failsWith("policy", /it is not UTF-8 text/u, open(large));
  await failsWith("usage", /it is no regular file/u, open(folder));
});

// Weakening: `withinFence` is called with the two exchanged.
test("requests add nothing to what is granted", async (context) => {
  const folder = await temporaryFolder(context);
  const everything = { whole: WHOLE_CAPABILITIES, grants: { custom: { x: true } }, limits: {} };
  const base = { cwd: folder, env: { PATH: "/usr/bin" } };
  const none = withinRequests({ ...NO_GRANTS, cwd: folder }, everything, base);
  assert.deepEqual(
    { ...none, network: { allow: none.network.allow } },
    { ...NO_GRANTS, cwd: folder, network: { allow: [] } },
  );
  mkdirSync(join(folder, "notes"));
  const granted = parseGrants(
    {
      filesystem: { read: ["notes"], preopens: ["notes"] },
      network: { allow: ["https://a.example.com"] },
      environment: { set: { A: "1", B: "2" } },
      process: ["sh"],
      stdin: true,
      custom: { x: true, y: true },
    },
    { ...base, env: process.env },
  );
  const all = withinRequests(granted, everything, base);
  assert.deepEqual(
    [all.environment, all.stdin, all.process, all.network.allow, all.custom],
    [granted.environment, true, granted.process, granted.network.allow, { x: granted.custom["x"] }],
  );
  const nothing = withinRequests(granted, { whole: [], grants: {}, limits: {} }, base);
  assert.deepEqual(
    [
      nothing.preopens,
      nothing.filesystemRead,
      nothing.environment,
      nothing.stdin,
      nothing.process.kind,
      nothing.custom,
    ],
    [[], [], [], false, "none", {}],
  );
  const some = {
    environment: { allow: ["B", "C"] },
    process: ["/bin/nothing-of-that-name"],
    network: { allow: ["https://b.example.com"] },
  };
  const part = withinRequests(granted, { whole: [], grants: some, limits: {} }, base);
  assert.deepEqual([part.environment, part.process], [[["B", "2"]], { kind: "commands", commands: [] }]);
});

// Weakening: the grants of the options are used, and not what is left of them.
test("a guest has what is asked for and granted, and is denied the rest", async (context) => {
  const folder = await temporaryFolder(context);
  for (const name of ["asked", "other"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "x"), `content of ${name}`);
  }
  const guest = await wasiProbe();
  const fields = 'capabilities:\n  - storage: { allow: [{ uri: "fs://asked/**", access: [read] }] }\n';
  const { component, manifest, accepted } = manifestPlace(folder, guest, fields);
  for (const isolation of ["thread", "process"] as const) {
    await using sandbox = await Sandbox.open(component, {
      cache: TEST_CACHE,
      isolation,
      manifest: { file: manifest, accept: true, acceptedDirectory: accepted },
      grants: { filesystem: { preopens: [`${folder}::/:rw`] } },
    });
    const answers = await new Probe(sandbox, []).run(({ folders, read, put }) => {
      const [root] = folders();
      return [read(root, "asked/x"), read(root, "other/x"), put(root, "asked/y", "new")];
    });
    assert.deepEqual(answers, ["content of asked", "!not-permitted", "!not-permitted"]);
    assert.deepEqual(
      sandbox.manifest?.capabilities.find(({ capability }) => capability === "filesystem-write")?.effective,
      [],
    );
  }
});

// Weakening, each alone: what is read of the store is not compared; a first version counts as accepted; a lost or damaged file counts as
// no bound; a record of another component counts.
test("what was not accepted is not run, whatever is granted or becomes of the store", async (context) => {
  const folder = await temporaryFolder(context);
  const guest = await testGuest();
  const asks = "capabilities: [network]\n";
  const at = manifestPlace(folder, guest, asks);
  const open = async (): Promise<void> => {
    const grants = { network: "full" as const };
    await (await Sandbox.open(at.component, at.options({ grants }))).close();
  };
  const store = new AcceptedStore(at.accepted);
  const accept = (asked: readonly string[], component = "tool"): void =>
    store.write({ component, manifest: "tool" }, { version: "1.0.0", asks: asked, renounces: [], limits: {} });
  await failsWith("policy", /asks for what nobody has accepted: network; .*cordon manifest accept/u, open());
  accept(["network"], "another");
  await failsWith("policy", /nobody has accepted/u, open());
  accept(["network"]);
  await open();
  at.write(
    manifestText("capabilities: [network, filesystem-read, { environment: { allow: [{ key: TOKEN }] } }]\n", "1.1.0"),
  );
  await failsWith(
    "policy",
    /version 1\.1\.0 asks for more than was accepted of version 1\.0\.0: environment: TOKEN; filesystem-read;/u,
    open(),
  );
  at.write(manifestText(`${asks}limits: { max_fuel: 9000000000000 }\n`, "1.1.0"));
  accept(["network"]);
  await open();
  store.write(
    { component: "tool", manifest: "tool" },
    { version: "1.0.0", asks: ["network"], renounces: [], limits: { fuel: 1_000 } },
  );
  await failsWith("policy", /limits: fuel 1000 -> 9000000000000/u, open());
  at.write(manifestText(asks));
  await failsWith("policy", /limits: fuel 1000 -> whatever is granted/u, open());
  accept(["network"]);
  const paths = readdirSync(at.accepted).map((name) => join(at.accepted, name));
  const kept = paths.find((path) => readFileSync(path, "utf8").includes('"component": "tool"')) ?? "";
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  for (const damage of [
    () => writeFileSync(kept, "{}"),
    () => writeFileSync(kept, '{"format":1'),
    () => chmodSync(kept, 0o644),
  ]) {
    accept(["network"]);
    await open();
    damage();
    await failsWith("policy", /Cannot rely on the accepted requests/u, open());
  }
  chmodSync(at.accepted, 0o777);
  await failsWith("policy", /Cannot rely on the accepted requests/u, open());
});

// Weakening: `stateDirectory()` is not among the folders that are hidden.
test("no guest is granted what an operator has accepted", async (context) => {
  const folder = await temporaryFolder(context);
  const before = process.env["XDG_STATE_HOME"];
  process.env["XDG_STATE_HOME"] = join(folder, "state");
  try {
    const own = join(folder, "accepted-elsewhere");
    for (const path of [join(folder, "state/cordon"), own]) mkdirSync(path, { recursive: true });
    const { grants } = readSandboxOptions("a test", {
      grants: { filesystem: { read: [folder], write: [folder], preopens: [`${folder}:rw`] } },
      manifest: { file: "skill.yaml", acceptedDirectory: own },
    });
    for (const path of [join(folder, "state/cordon"), own]) {
      assert.ok(grants.filesystemRead.every(({ except }) => except.includes(path)));
      assert.ok(grants.filesystemWrite.every(({ except }) => except.includes(path)));
      assert.ok(grants.preopens.every(({ hidden = [] }) => hidden.includes(path)));
    }
  } finally {
    if (before === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = before;
  }
});

// Weakening: the manifest's name is the component's.
test("a manifest cannot give its component the name of another, with the policies and secrets that it has", async (context) => {
  const folder = await temporaryFolder(context);
  const at = manifestPlace(folder, await testGuest());
  at.write(manifestText().replace("name: tool", "name: github"));
  const policy = join(folder, "policy.yaml");
  writeFileSync(
    policy,
    'version: "1.0"\nmatch: { name: github }\npermissions: { network: { allow: [{ host: api.github.com }] } }\n',
  );
  await using sandbox = await Sandbox.open(at.component, at.options({ policy }));
  assert.deepEqual([sandbox.component.name, sandbox.policy?.documents], ["tool", []]);
});

// Weakening, each alone: the digest is not compared; `signature` is part of no check; requests are left out of what is signed; a signature
// that does not hold counts as one of an unknown key.
test("no byte of a signed manifest, nor of its component, can be another", async (context) => {
  const folder = await temporaryFolder(context);
  const trustDirectory = join(folder, "trust");
  mkdirSync(trustDirectory, { mode: 0o700 });
  const [from, until, revoked] = [undefined, undefined, undefined];
  new TrustStore(trustDirectory).add({
    name: "acme",
    publicKey: testKey("a"),
    level: "verified",
    from,
    until,
    revoked,
  });
  const fields =
    "capabilities: [compute]\nexports:\n  - name: execute\n    input_schema: { type: object }\nsignature: null\n";
  const at = manifestPlace(folder, await textGuest("json", ECHO), fields);
  const open = async (require: "any" | readonly string[] = ["acme"]): Promise<readonly string[] | undefined> => {
    await using sandbox = await Sandbox.open(at.component, at.options({ signature: { require, trustDirectory } }));
    return sandbox.manifest?.signers;
  };
  await failsWith("signature", /it is not signed/u, open());
  const signed = await signedManifest(at.manifest, (text) => signManifest(text, testPair("a")));
  at.write(signed);
  assert.deepEqual(await open(), ["acme"]);
  assert.deepEqual(await open("any"), ["acme"]);
  const changes: readonly (readonly [string, string])[] = [
    ["capabilities: [ compute ]", "capabilities: [ network ]"],
    ["type: object", "type: array"],
    ['version: "1.0.0"', 'version: "1.0.1"'],
    ["module: tool.wasm", "module: tool2.wasm"],
    ["name: tool", "name: tol"],
  ];
  for (const [old, made] of changes) {
    assert.ok(signed.includes(old), signed);
    at.write(signed.replace(old, made));
    await failsWith("signature", /was not made by it, or something of it was changed/u, open());
  }
  // Comments and layout say nothing, so they are not signed.
  at.write(`# another comment\n${signed}`);
  assert.deepEqual(await open(), ["acme"]);
  at.write(await signedManifest(at.manifest, (text) => signManifest(text, testPair("b"))));
  assert.deepEqual(await open(), ["acme"], "a signature of a key that is not known says nothing");
  at.write(signed.replace(/key: \w{24}/u, `key: "${"0".repeat(24)}"`));
  await failsWith("signature", /needs the signature of|has none/u, open());
  at.write(signed);
  const bytes = readFileSync(at.component);
  writeFileSync(at.component, Buffer.concat([bytes, Buffer.from([0, 2, 1, 0x78])]));
  const cache = join(folder, "cache");
  for (const signature of [{ require: ["acme"], trustDirectory }, undefined]) {
    const opening = Sandbox.open(at.component, at.options({ signature, cache: { directory: cache } }));
    await failsWith("signature", /its manifest is about sha256:/u, opening);
  }
  assert.ok(!existsSync(cache), "nothing of it was prepared");
});
