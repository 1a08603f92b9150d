import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { cordon } from "../support/cli.ts";
import { temporaryFolder, testGuest } from "../support/guests.ts";

/*
 * Words of a stranger on the command line: `cordon run FILE EXPORT "$X"`.
 */

let guest: string;
before(async () => {
  guest = await testGuest();
});

// Weakening: flags are taken wherever they stand.
test("an argument grants nothing, removes no limit and writes no file, whatever it says", async (context) => {
  const folder = await temporaryFolder(context);
  const secret = join(folder, "secret");
  await writeFile(secret, "SECRET");
  const hostile = [
    `--allow-fs-read=${folder}`,
    "--allow-fs-read",
    `--audit=${join(folder, "made")}`,
    "--help",
    "--json",
  ];
  const results = await Promise.all(hostile.map((word) => cordon(["run", guest, "read", secret, word])));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.deepEqual([code, stdout], [2, ""], String(hostile[index]));
    assert.match(
      stderr,
      /^error: Cannot take "[^\n]*move it before "read" if it is a flag, or put -- before [^\n]*\n$/u,
    );
  }
  const behind = await cordon(["run", guest, "--", "read", secret, `--allow-fs-read=${folder}`]);
  assert.equal(behind.code, 2);
  assert.match(behind.stderr, /expected 1 argument .*found 2/u);
  const greeted = await cordon(["run", guest, "greet", "--", "--allow-process"]);
  assert.deepEqual([greeted.code, greeted.stdout], [0, "Hello, --allow-process!\n"]);
});
