import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { type CliResult, cordon, documentOf, startCordon } from "../support/cli.ts";
import { exactGuest, failingGuest } from "../support/cli-guests.ts";
import { commandText } from "../support/command-guests.ts";
import { proxyGuest, temporaryFolder, testGuest, textGuest, wasiProbe } from "../support/guests.ts";
import { misfits, type Schema } from "../support/json-schema.ts";

let schema: Schema;
let guest: string;
before(async () => {
  schema = JSON.parse(await readFile("docs/json.schema.json", "utf8")) as Schema;
  guest = await testGuest();
});

/** Asserts that stdout is one document, of the kind that the schema calls so. */
function assertDocument(result: CliResult, kind: string, what: string): Record<string, unknown> {
  const document = documentOf(result);
  assert.deepEqual(misfits(document, { $ref: `#/$defs/${kind}` }, schema), [], what);
  assert.deepEqual(misfits(document, schema, schema), [], what);
  return document;
}

test("what each command prints with --json is of the schema", async () => {
  const program = await textGuest("json-program", commandText("(call $exit (i32.const 3))"));
  const rows: readonly (readonly [kind: string, code: number, words: readonly string[]])[] = [
    ["run", 0, ["run", "--json", guest, "add", "1", "2"]],
    ["run", 0, ["run", "--json", guest, "--allow-fs-read=package.json", "read", "package.json"]],
    ["run", 0, ["run", "--json", await exactGuest(), "pair", "1", "2"]],
    ["program", 3, ["run", "--json", program]],
    ["inspect", 0, ["inspect", "--json", guest]],
    ["inspect", 0, ["inspect", "--json", await wasiProbe()]],
    ["limits", 0, ["limits", "dense", "--json"]],
    ["scan", 1, ["scan", "--json", "--code", 'import os; os.environ["API_KEY"]']],
    ["types", 0, ["types", "--json", guest]],
    ["doctor", 0, ["doctor", "--json"]],
  ];
  for (const [kind, code, words] of rows) {
    const result = await cordon(words);
    assert.equal(result.code, code, `${words.join(" ")}: ${result.stderr}`);
    assertDocument(result, kind, words.join(" "));
  }
});

test("what goes wrong is a document of the schema on every command, a wrong flag included", async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "text.wasm"), "(component)");
  const lacking = await textGuest(
    "json-lacking",
    `(component (import "acme:mail/outbox" (instance (export "send" (func)))))`,
  );
  const rows: readonly (readonly [error: string, code: number, words: readonly string[]])[] = [
    ["usage", 2, ["--json"]],
    ["usage", 2, ["nosuch", "--json"]],
    ["usage", 2, ["run", "--json"]],
    ["usage", 2, ["run", "--json", "--timeot", "5s", guest]],
    ["usage", 2, ["run", "--json", "--timeout", "soon", guest, "add", "1", "2"]],
    ["usage", 2, ["run", "--json", guest, "add", "five", "3"]],
    ["usage", 2, ["run", "--json", guest, "add", "--flag"]],
    ["usage", 2, ["run", "--json", guest, "--audit", "/", "add", "1", "2"]],
    ["policy", 2, ["run", "--json", guest, "--allow-fs-read=/no/such/path", "add", "1", "2"]],
    ["invalid-component", 2, ["run", "--json", join(folder, "text.wasm")]],
    ["unsupported", 2, ["run", "--json", lacking, "f"]],
    ["trap", 4, ["run", "--json", guest, "fail", "x"]],
    ["guest-error", 3, ["run", "--json", guest, "read", "/etc/passwd"]],
    ["guest-error", 1, ["run", "--json", await failingGuest(), "failing"]],
    ["limit", 5, ["run", "--json", "--timeout", "50ms", guest, "spin"]],
    ["limit", 5, ["run", "--json", "--max-component-size", "8", guest, "add", "1", "2"]],
    ["usage", 2, ["serve-http", "--json", guest]],
    ["usage", 2, ["inspect", "--json", "absent.wasm"]],
    ["usage", 2, ["limits", "--json", "nosuch"]],
    ["usage", 2, ["scan", "--json"]],
    ["usage", 2, ["demo", "--json"]],
  ];
  for (const [error, code, words] of rows) {
    const result = await cordon(words);
    assert.equal(result.code, code, `${words.join(" ")}: ${result.stderr}`);
    const document = assertDocument(result, "error", words.join(" "));
    assert.equal((document["error"] as { readonly code: string }).code, error, words.join(" "));
  }
});

test("a server prints one document when it listens, and nothing more when it ends", async () => {
  const { child, ended, printed } = startCordon(["serve-http", "--json", await proxyGuest(), "--addr", "127.0.0.1:0"]);
  await printed("}\n");
  child.kill("SIGINT");
  const result = await ended;
  assert.equal(result.code, 0, result.stderr);
  assertDocument(result, "serve-http", "serve-http");
});

test("each line of an audit file is an event of the schema", async (context) => {
  const file = join(await temporaryFolder(context), "audit.jsonl");
  const words = ["run", guest, "--audit", file];
  await cordon([...words, "read", "/etc/passwd"]);
  await cordon([...words, "--allow-fs-read=package.json", "read", "package.json"]);
  await cordon([...words, "--allow-fs-read=.", "read", "absent"]);
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const results = lines.map((line) => {
    const event: unknown = JSON.parse(line);
    assert.deepEqual(misfits(event, { $ref: "#/$defs/event" }, schema), []);
    return (event as { readonly result: string }).result;
  });
  assert.deepEqual(results, ["Denied", "Allowed", "Error"]);
});
