import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { cordon, documentOf } from "../support/cli.ts";
import { temporaryFolder } from "../support/guests.ts";
import { misfits, type Schema } from "../support/json-schema.ts";

test("secrets are set, listed and deleted by name, in documents of the schema", async (context) => {
  const environment = { XDG_CONFIG_HOME: join(await temporaryFolder(context), "config") };
  const schema = JSON.parse(await readFile("docs/json.schema.json", "utf8")) as Schema;
  const ok = async (kind: string, words: readonly string[], stdin: string = ""): Promise<Record<string, unknown>> => {
    const result = await cordon([...words, "--json"], { environment, stdin });
    assert.equal(result.code, 0, result.stderr);
    const document = documentOf(result);
    assert.deepEqual(misfits(document, { $ref: `#/$defs/${kind}` }, schema), [], words.join(" "));
    assert.deepEqual(misfits(document, schema, schema), [], words.join(" "));
    return document;
  };
  await ok("secret-keygen", ["secret", "keygen"]);
  await ok("secret", ["secret", "set", "TOKEN", "--component", "tool", "--stdin"], "value\n");
  const plain = ["secret", "set", "A", "--component", "other", "--stdin", "--insecure-plain"];
  await ok("secret", plain, "value");
  assert.deepEqual((await ok("secret-list", ["secret", "list"]))["secrets"], [
    { component: "other", key: "A", plain: true },
    { component: "tool", key: "TOKEN", plain: false },
  ]);
  await ok("secret", ["secret", "delete", "TOKEN", "--component", "tool"]);
  assert.deepEqual((await ok("secret-list", ["secret", "list", "--component", "tool"]))["secrets"], []);

  const rows: readonly (readonly [RegExp, readonly string[], string])[] = [
    [/its value comes by stdin, .*; add --stdin/, ["set", "K", "--component", "c"], ""],
    [/required option '--component <NAME>' not specified/, ["set", "K", "--stdin"], "v"],
    [/its value is text of 1 to 65536 bytes/, ["set", "K", "--component", "c", "--stdin"], "\n"],
    [/as the name of a secret/, ["set", "a/b", "--component", "c", "--stdin"], "v"],
    [/there is none of that name/, ["delete", "TOKEN", "--component", "tool"], ""],
    [/unknown command 'lst'\n\(Did you mean list\?\)/, ["lst"], ""],
    [/it is empty; name a program/, ["set", "K", "--component", "c", "--stdin", "--key-command", " "], "v"],
  ];
  for (const [message, words, stdin] of rows) {
    const { code, stdout, stderr } = await cordon(["secret", ...words], { environment, stdin });
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(stderr, message);
  }
});
