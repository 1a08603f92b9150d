import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { cordon, cordonOnTerminal, startCordon } from "../support/cli.ts";
import { ESCAPES, escapingSkill, insistentSkill } from "../support/cli-guests.ts";
import { temporaryFolder, testGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

let guest: string;
let escaping: string;
before(async () => {
  [guest, escaping] = await Promise.all([testGuest(), escapingSkill()]);
});

test("a guest's text goes through a pipe as it is", async () => {
  assert.equal((await cordon(["run", escaping])).stdout, `${ESCAPES}\n`);
});

test(
  "on a terminal it is neutralised",
  needing(["terminal"], async () => {
    const { code, stdout } = await cordonOnTerminal(["run", escaping]);
    assert.equal(code, 0);
    assert.equal(stdout, "a\\u{1b}[31mred\\u{9b}2J\\u{202e}back\nnext\ttab\n");
  }),
);

test("what a guest names in a denied access cannot forge a line, and a flood of them is cut off", async () => {
  const { child, ended, said } = startCordon(["run", await insistentSkill(), "--timeout", "10m"]);
  await said("further accesses are not printed");
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  assert.equal(code, 130);
  assert.doesNotMatch(stderr, /\u001b|^fake/m);
  assert.match(stderr, /read-file\("\\u\{1b\}\[2J\\nfake"\)/);
  const lines = stderr.split("\n");
  assert.equal(lines.filter((line) => line.startsWith("[DENIED]")).length, 1000);
  assert.equal(lines.filter((line) => line.includes("further accesses are not printed")).length, 1);
});

test(
  "colours are used on a terminal only, and not with NO_COLOR",
  needing(["terminal"], async () => {
    const words = ["run", guest, "read", "/etc/passwd"];
    assert.doesNotMatch((await cordon(words)).stderr, /\u001b/);
    assert.match((await cordonOnTerminal(words)).stdout, /\u001b\[31m\[DENIED\]\u001b\[39m/);
    assert.doesNotMatch((await cordonOnTerminal(words, { environment: { NO_COLOR: "1" } })).stdout, /\u001b/);
    assert.match((await cordonOnTerminal(["run", "--help"])).stdout, /\u001b\[1mOptions:/);
    assert.doesNotMatch((await cordon(["run", "--help"])).stdout, /\u001b/);
  }),
);

test("hostile file names are shown, not obeyed", async (context) => {
  const folder = await temporaryFolder(context);
  const name = "\u001b[2Jx\n.wasm";
  await mkdir(join(folder, "sub"));
  await writeFile(join(folder, name), "");
  for (const words of [
    ["run", name],
    ["inspect", name],
    ["scan", "--file", `sub/${name}`],
    ["run", guest, `--allow-fs-read=${name}x`, "add", "1", "2"],
    ["run", guest, name],
  ]) {
    const { code, stderr } = await cordon(words, { cwd: folder });
    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /\u001b/);
    assert.match(stderr, /^error: [^\n]+\n$/);
  }
});
