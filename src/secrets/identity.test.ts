import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failsWith } from "../../test/support/errors.ts";
import { temporaryFolder } from "../../test/support/guests.ts";
import { newIdentity } from "./age.ts";
import { identityFrom, makeOwnIdentity } from "./identity.ts";

const node = (code: string): readonly string[] => [process.execPath, "-e", code];

test("the identity is the command's, the file's, the variable's or the store's, in this order", async (context) => {
  const directory = await temporaryFolder(context);
  const [first, second, third] = [await newIdentity(), await newIdentity(), await newIdentity()];
  const keyFile = join(directory, "key");
  await writeFile(keyFile, `# created: today\n# public key: age1\n${second}\n`, { mode: 0o600 });
  const keyCommand = [process.execPath, "-e", `console.log(${JSON.stringify(first)})`];
  await failsWith("usage", /make one with cordon secret keygen/, identityFrom({ directory }));
  const own = await makeOwnIdentity(directory);
  assert.match(await identityFrom({ directory }), /^AGE-SECRET-KEY-1/);
  await failsWith("usage", /it is there already/, makeOwnIdentity(directory));
  process.env["CORDON_SECRETS_KEY"] = third;
  try {
    assert.equal(await identityFrom({ directory }), third);
    assert.equal(await identityFrom({ directory, keyFile }), second);
    assert.equal(await identityFrom({ directory, keyFile, keyCommand }), first);
    // The command is a program like others: it is not told what it is to find out.
    const prints = "console.log(process.env.CORDON_SECRETS_KEY ?? 'AGE-SECRET-KEY-1' + 'Q'.repeat(58))";
    assert.equal(
      await identityFrom({ directory, keyCommand: [process.execPath, "-e", prints] }),
      `AGE-SECRET-KEY-1${"Q".repeat(58)}`,
    );
  } finally {
    delete process.env["CORDON_SECRETS_KEY"];
  }
  await chmod(own, 0o644);
  await failsWith("usage", /other users may read it/, identityFrom({ directory }));
});

test("nothing of what is no identity is told", async (context) => {
  const directory = await temporaryFolder(context);
  const keyFile = join(directory, "key");
  await writeFile(keyFile, "hunter2", { mode: 0o600 });
  const rows: readonly (readonly [RegExp, Parameters<typeof identityFrom>[0]])[] = [
    [/begins with AGE-SECRET-KEY-1/, { directory, keyFile }],
    [/begins with AGE-SECRET-KEY-1/, { directory, keyCommand: node("console.log('hunter2')") }],
    [/it ended with the exit code 3/, { directory, keyCommand: node("console.log('hunter2'); process.exit(3)") }],
    [
      /it prints more than 16384 bytes/,
      { directory, keyCommand: node("for (;;) console.log('hunter2'.repeat(1000))") },
    ],
    [/there is no such program/, { directory, keyCommand: [join(directory, "absent")] }],
    [/there is no such file/, { directory, keyFile: join(directory, "absent") }],
    [/it is empty/, { directory, keyCommand: [] }],
  ];
  for (const [message, source] of rows) {
    const thrown = await failsWith("usage", message, identityFrom(source));
    assert.ok(!`${thrown.message}${String(thrown.cause)}`.includes("hunter2"));
  }
});
