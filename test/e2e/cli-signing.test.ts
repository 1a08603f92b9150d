import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { type CliResult, cordon, documentOf } from "../support/cli.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, temporaryFolder } from "../support/guests.ts";
import { misfits, type Schema } from "../support/json-schema.ts";
import { signedPath } from "../support/signed-files.ts";

type Run = (words: readonly string[], stdin?: string) => Promise<CliResult>;

/** Runs commands in a folder of their own, with a configuration of their own. */
async function inFolder(
  context: TestContext,
): Promise<{ readonly folder: string; readonly run: Run; readonly trust: string }> {
  const folder = await temporaryFolder(context);
  const environment = { XDG_CONFIG_HOME: join(folder, "config") };
  const run: Run = (words, stdin) =>
    cordon(words, { cwd: folder, environment, ...(stdin === undefined ? {} : { stdin }) });
  return { folder, run, trust: join(folder, "config/cordon/trust") };
}

test("from a key to a run that requires its signature, in documents of the schema", async (context) => {
  const { run } = await inFolder(context);
  const schema = JSON.parse(await readFile("docs/json.schema.json", "utf8")) as Schema;
  const ok = async (kind: string, words: readonly string[]): Promise<Record<string, unknown>> => {
    const result = await run([...words, "--json"]);
    assert.equal(result.code, 0, result.stderr);
    const document = documentOf(result);
    assert.deepEqual(misfits(document, { $ref: `#/$defs/${kind}` }, schema), [], words.join(" "));
    assert.deepEqual(misfits(document, schema, schema), [], words.join(" "));
    return document;
  };
  const { keyId } = await ok("keygen", ["keygen", "acme.key"]);
  await ok("sign", ["sign", signedPath("add.wasm"), "--key", "acme.key", "--output", "signed.wasm"]);
  const refused = await run(["run", "--require-signature", "acme", "signed.wasm", "add", "1", "2"]);
  assert.deepEqual([refused.code, refused.stdout], [6, ""]);
  await ok("trust-key", ["trust", "add", "acme", "acme.key.pub", "--level", "verified", "--until", "2999-01-01"]);
  assert.deepEqual((await ok("verify", ["verify", "signed.wasm"]))["signers"], [
    { name: "acme", level: "verified", keyId },
  ]);
  const words = ["run", "--require-signature", "acme", "--signature-level", "verified"];
  assert.deepEqual(await run([...words, "signed.wasm", "add", "1", "2"]), { code: 0, stdout: "3\n", stderr: "" });
  assert.equal(
    (await run(["run", ...words.slice(1, 3), "--signature-level", "official", "signed.wasm", "add", "1", "2"])).code,
    6,
  );
  await ok("sign", ["sign", signedPath("add.wasm"), "-k", "acme.key", "--detached", "add.sig"]);
  assert.equal(
    (await run([...words, "--signature", "add.sig", signedPath("add.wasm"), "add", "1", "2"])).stdout,
    "3\n",
  );
  const listed = await ok("trust-list", ["trust", "list"]);
  assert.equal((listed["keys"] as readonly unknown[]).length, 1);
  await ok("trust-key", ["trust", "revoke", "acme", "--reason", "it was stolen"]);
  const revoked = await run([...words, "signed.wasm", "add", "1", "2"]);
  assert.equal(revoked.code, 6);
  assert.match(revoked.stderr, /^error: Cannot trust "signed": .*; not counted: acme is revoked\n$/);
  assert.match((await run(["trust", "list"])).stdout, /acme +verified +\S+ +revoked \S+: it was stolen\n/);
  const document = documentOf(
    await run(["run", "--json", "--require-signature", "any", "signed.wasm", "add", "1", "2"]),
  );
  assert.equal((document["error"] as { readonly code: string }).code, "signature");
});

test("several keys sign one file, and as many as are asked for have to", async (context) => {
  const { run } = await inFolder(context);
  for (const name of ["a", "b"]) await run(["trust", "add", `key-${name}`, signedPath(`key-${name}.pub`)]);
  const verify = async (...words: string[]): Promise<number | null> => (await run(["verify", ...words])).code;
  const [one, two] = [signedPath("add.signed-a.wasm"), signedPath("add.signed-ab.wasm")];
  assert.equal(await verify(two, "--require-signature", "key-a", "--require-signature", "key-b"), 0);
  assert.equal(await verify(one, "--require-signature", "key-a", "--require-signature", "key-b"), 6);
  assert.equal(
    await verify(one, "--require-signature=key-a", "--require-signature=key-b", "--signature-threshold", "1"),
    0,
  );
  assert.equal(await verify(one, "--signature-threshold", "2", "--require-signature", "any"), 6);
  assert.equal(await verify(two, "--key", signedPath("key-c.pub")), 6);
  assert.equal(await verify(two, "--key", signedPath("key-b.pub")), 0);
});

test("a key under a passphrase is made and used with a file or stdin", async (context) => {
  const { folder, run } = await inFolder(context);
  assert.equal((await run(["keygen", "k", "--passphrase-file", "-"], "open sesame\n")).code, 0);
  const sign = ["sign", signedPath("add.wasm"), "-k", "k", "-o", "s.wasm"];
  await writeFile(join(folder, "pass"), "open sesame\nand more", { mode: 0o600 });
  assert.equal((await run([...sign, "--passphrase-file", "pass"])).code, 0);
  const wrong = await run([...sign, "--passphrase-file", "-"], "open barley\n");
  assert.deepEqual([wrong.code, /passphrase is not its own/.test(wrong.stderr)], [2, true]);
  assert.match((await run(sign)).stderr, /it is under a passphrase/);
});

test("what makes no sense is refused before anything is read or written", async (context) => {
  const { run } = await inFolder(context);
  const rows: readonly (readonly [RegExp, readonly string[]])[] = [
    [/give either --output FILE .* or --detached FILE/, ["sign", "x.wasm", "-k", "k"]],
    [/required option '-k, --key <FILE>' not specified/, ["sign", "x.wasm"]],
    [/no signature is required; add --require-signature any/, ["run", "--signature", "s", "x.wasm"]],
    [/no signature is required/, ["run", "--signature-threshold", "2", "x.wasm"]],
    [
      /give any once, or the names of keys/,
      ["run", "--require-signature", "any", "--require-signature", "a", "x.wasm"],
    ],
    [/neither any nor none/, ["run", "--require-signature", "none", "x.wasm"]],
    [
      /--signature-threshold "0": it is a whole number from 1/,
      ["run", "--require-signature=any", "--signature-threshold=0", "x.wasm"],
    ],
    [/Allowed choices are unverified, community, verified, official/, ["trust", "add", "a", "b", "--level", "root"]],
    [/--from is not before --until/, ["trust", "add", "a", "b", "--from", "2028-01-01", "--until", "2027-01-01"]],
    [/unknown command 'lst'\n\(Did you mean list\?\)/, ["trust", "lst"]],
    [/none of that name is trusted/, ["trust", "remove", "nobody"]],
    [/there is no such file/, ["trust", "add", "a", "absent.pub"]],
  ];
  for (const [message, words] of rows) {
    const { code, stdout, stderr } = await run(words);
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(stderr, message);
  }
});

test("the library requires signatures by the same rules", async (context) => {
  const { run, trust: trustDirectory } = await inFolder(context);
  await run(["trust", "add", "key-a", signedPath("key-a.pub")]);
  const options = { cache: TEST_CACHE, signature: { require: "any", trustDirectory } } as const;
  await using sandbox = await Sandbox.open(signedPath("add.signed-a.wasm"), options);
  assert.equal((await sandbox.call("add", [1, 2])).value, 3);
  const bytes = await readFile(signedPath("add.signed-a.wasm"));
  const opening = Sandbox.open(bytes, options);
  // The caller's buffer is the caller's: what was checked is a copy of its own, which is what runs.
  bytes.fill(0);
  await using own = await opening;
  assert.equal((await own.call("add", [1, 2])).value, 3);
  await failsWith(
    "signature",
    /it is not what was signed/,
    Sandbox.open(signedPath("bad.tampered-byte.wasm"), options),
  );
  const detached = { ...options, signature: { ...options.signature, detached: signedPath("add.detached-a.sig") } };
  await using beside = await Sandbox.open(signedPath("add.wasm"), detached);
  assert.equal((await beside.call("add", [1, 2])).value, 3);
  const rows: readonly (readonly [RegExp, object])[] = [
    [/it needs require/, {}],
    [/the list of names is empty/, { require: [] }],
    [/option signature.require .* not 5/, { require: 5 }],
    [/option signature.threshold .* not 0/, { require: "any", threshold: 0 }],
    [
      /option signature.treshold of Sandbox.open: there is none of that name; did you mean threshold\?/,
      { require: "any", treshold: 1 },
    ],
    [/option signature.level/, { require: "any", level: "root" }],
    [/option signature.detached/, { require: "any", detached: 5 }],
  ];
  for (const [message, signature] of rows) {
    await failsWith("usage", message, Sandbox.open(signedPath("add.wasm"), { signature } as never));
  }
});
