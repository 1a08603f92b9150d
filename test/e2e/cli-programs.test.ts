import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { cordon, cordonInShell, cordonOnTerminal, documentOf, startCordon } from "../support/cli.ts";
import { ESCAPES } from "../support/cli-guests.ts";
import { commandText } from "../support/command-guests.ts";
import { cGuest } from "../support/compiled-guests.ts";
import { temporaryFolder, testGuest, textGuest } from "../support/guests.ts";
import { isThere, needing } from "../support/needs.ts";

/** Does what its first argument says. */
const SOURCE = String.raw`
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern char **environ;

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (!strcmp(what, "args")) for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
  if (!strcmp(what, "env")) for (char **one = environ; *one; one++) puts(*one);
  if (!strcmp(what, "exit")) return atoi(argv[2]);
  if (!strcmp(what, "trap")) __builtin_trap();
  if (!strcmp(what, "spin")) for (;;) ;
  if (!strcmp(what, "yes")) for (;;) puts("yes");
  if (!strcmp(what, "both")) { puts("to stdout"); fputs("to stderr\n", stderr); return 7; }
  if (!strcmp(what, "raw")) { fputs(argv[2], stdout); fputs(argv[2], stderr); }
  if (!strcmp(what, "talk")) {
    char line[100];
    puts("ready"); fflush(stdout);
    while (fgets(line, sizeof line, stdin)) { printf("heard %s", line); fflush(stdout); }
    puts("done");
  }
  if (!strcmp(what, "copy")) {
    FILE *from = fopen(argv[2], "r"), *to;
    if (!from) { perror(argv[2]); return 1; }
    if (!(to = fopen(argv[3], "w"))) { perror(argv[3]); return 1; }
    for (int c; (c = fgetc(from)) != EOF;) fputc(c, to);
    return fclose(to) ? 1 : 0;
  }
  return 0;
}`;

let program = "";
before(async () => {
  if (await isThere("clang")) program = await cGuest("program", SOURCE);
});

/** Writes what lies at 1,024, of this text, to stdout again and again, and looks at no error. */
function heedless(data: string): string {
  return commandText(
    `(local.set $out (call $get-stdout))
    (loop $again (call $write (local.get $out) (i32.const 1024) (i32.const ${data.length}) (i32.const 0)) (br $again))`,
    { data },
  );
}

test(
  "a program has the words as its arguments, those with dashes after --",
  needing(["clang"], async () => {
    const { code, stdout, stderr } = await cordon(["run", program, "--", "args", "--json", "-x", "a b", "", "\u00e9"]);
    assert.deepEqual([code, stdout, stderr], [0, "[args]\n[--json]\n[-x]\n[a b]\n[]\n[\u00e9]\n", ""]);
    assert.equal((await cordon(["run", program, "args", "b"])).stdout, "[args]\n[b]\n");
  }),
);

test(
  "a program that lacks a file and was given no folder is told of --dir once, and one that fails for another reason is not",
  needing(["clang"], async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(join(folder, "in.txt"), "content");
    const copy = ["--", "copy", "in.txt", "out.txt"];
    const hint = /^note: .*--dir HOST/m;
    const without = await cordon(["run", program, ...copy], { cwd: folder });
    assert.equal(without.code, 1);
    assert.match(without.stderr, hint);
    assert.match((await cordon(["run", "--json", program, ...copy], { cwd: folder })).stderr, hint);
    // The flag for skills does nothing for a program, and says so in place of the hint.
    const idle = await cordon(["run", program, "--allow-fs-read", ...copy], { cwd: folder });
    assert.equal(idle.code, 1);
    assert.match(idle.stderr, /^note: --allow-fs-read does nothing: .*--dir HOST/);
    assert.equal(idle.stderr.match(/note:/g)?.length, 1);
    const denied = await cordon(["run", program, "--dir", ".", ...copy], { cwd: folder });
    assert.doesNotMatch(denied.stderr, /note:/);
    const opened = await cordon(["run", program, "--dir", ".:rw", "--allow-create", ...copy], { cwd: folder });
    assert.deepEqual(opened, { code: 0, stdout: "", stderr: "" });
    assert.doesNotMatch((await cordon(["run", program, "exit", "1"])).stderr, /note:/);
  }),
);

test(
  "its exit code is passed on, and so are its two outputs",
  needing(["clang"], async () => {
    for (const wanted of [0, 1, 3, 125])
      assert.equal((await cordon(["run", program, "exit", `${wanted}`])).code, wanted);
    assert.deepEqual(await cordon(["run", program, "both"]), { code: 7, stdout: "to stdout\n", stderr: "to stderr\n" });
  }),
);

test(
  "what it writes is there at once, and it reads what is written meanwhile",
  needing(["clang"], async () => {
    const { child, ended, printed } = startCordon(["run", "--stdin", program, "talk"], { stdin: { open: true } });
    await printed("ready\n");
    child.stdin.write("one\n");
    await printed("heard one\n");
    child.stdin.end("two\n");
    assert.deepEqual(await ended, { code: 0, stdout: "ready\nheard one\nheard two\ndone\n", stderr: "" });
  }),
);

test(
  "without --stdin it reads nothing, and a stdin that is left open does not keep it",
  needing(["clang"], async () => {
    const options = { stdin: "secret\n" };
    assert.equal((await cordon(["run", program, "talk"], options)).stdout, "ready\ndone\n");
    const { ended } = startCordon(["run", program, "talk"], { stdin: { open: true } });
    assert.equal((await ended).code, 0);
  }),
);

test(
  "a program that waits for a stdin which says nothing ends at its deadline, or by a signal",
  needing(["clang"], async () => {
    const open = { stdin: { open: true } } as const;
    const late = startCordon(["run", "--stdin", "--timeout=500ms", program, "talk"], open);
    assert.equal((await late.ended).code, 5);
    const { child, ended, printed } = startCordon(["run", "--stdin", program, "talk"], open);
    await printed("ready\n");
    child.kill("SIGINT");
    assert.equal((await ended).code, 130);
  }),
);

test(
  "--json is one document, with what it wrote in it",
  needing(["clang"], async () => {
    const result = await cordon(["run", "--json", program, "both"]);
    assert.equal(result.code, 7);
    assert.equal(result.stderr, "");
    const { status, exitCode, stdout, stderr, component, usage } = documentOf(result);
    assert.deepEqual([status, exitCode, stdout, stderr], ["ok", 7, "to stdout\n", "to stderr\n"]);
    assert.ok(component !== undefined && usage !== undefined);
    const trapped = await cordon(["run", "--json", program, "trap"]);
    assert.equal(trapped.code, 4);
    assert.equal((documentOf(trapped)["error"] as { code: string }).code, "trap");
  }),
);

test(
  "a program that traps or takes too long ends with Cordon's own codes",
  needing(["clang"], async () => {
    const trapped = await cordon(["run", program, "trap"]);
    assert.equal(trapped.code, 4);
    assert.match(
      trapped.stderr,
      /^error: Calling wasi:cli\/run@[\d.]+#run: the guest trapped: [^\n]*\n(?: {7}at [^\n]*\n)*$/u,
    );
    assert.equal((await cordon(["run", "--timeout=300ms", program, "spin"])).code, 5);
  }),
);

test(
  "it has the environment it was given, and nothing of the host's",
  needing(["clang"], async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(join(folder, "file.env"), "C=3\nA=0\n");
    const environment = { SECRET: "1", D: "4" };
    const seen = async (...flags: string[]): Promise<string> =>
      (await cordon(["run", ...flags, program, "env"], { cwd: folder, environment })).stdout;
    assert.equal(await seen(), "");
    assert.deepEqual((await seen("--env", "A=1", "--env", "B=2=2")).split("\n").toSorted(), ["", "A=1", "B=2=2"]);
    assert.deepEqual((await seen("--env-file", "file.env")).split("\n").toSorted(), ["", "A=0", "C=3"]);
  }),
);

test(
  "it has the folders it was given, as far as it may use them",
  needing(["clang"], async (context) => {
    const folder = await temporaryFolder(context);
    await mkdir(join(folder, "in"));
    await mkdir(join(folder, "out"));
    await writeFile(join(folder, "in/a"), "content");
    const copy = (flags: readonly string[], from: string, to: string) =>
      cordon(["run", ...flags, program, "copy", from, to], { cwd: folder });
    const dirs = ["--dir", "in::/data:ro", "--dir", "out::/result:rw"];
    assert.equal((await copy([...dirs, "--allow-create"], "/data/a", "/result/b")).code, 0);
    assert.equal(await readFile(join(folder, "out/b"), "utf8"), "content");
    for (const [flags, from, to] of [
      [[], "/data/a", "/result/c"],
      [dirs, "/data/a", "/result/c"],
      [[...dirs, "--allow-create"], "/data/a", "/data/c"],
      [[...dirs, "--allow-create"], "/data/../../in/a", "/result/c"],
    ] as const) {
      const { code, stderr } = await copy(flags, from, to);
      assert.equal(code, 1, stderr);
      assert.equal((await copy([...flags, "--fail-on-denied"], from, to)).code, flags.length === 0 ? 1 : 3, to);
    }
  }),
);

test(
  "on a terminal its outputs are neutralised, in a pipe they are as they are",
  needing(["clang", "terminal"], async () => {
    const words = ["run", program, "--", "raw", ESCAPES];
    assert.deepEqual(await cordon(words), { code: 0, stdout: ESCAPES, stderr: ESCAPES });
    const { stdout } = await cordonOnTerminal(words);
    assert.doesNotMatch(stdout, /[\u001b\u009b\u202e]/u);
    assert.equal(stdout.split("\\u{1b}[31mred\\u{9b}2J\\u{202e}back").length, 3);
  }),
);

test(
  "a character that is split between two writes is one on a terminal",
  needing(["terminal"], async () => {
    const body = `(local.set $out (call $get-stdout))
    (call $write (local.get $out) (i32.const 1024) (i32.const 1) (i32.const 0))
    (call $write (local.get $out) (i32.const 1025) (i32.const 2) (i32.const 0))`;
    const guest = await textGuest("split", commandText(body, { data: "\u00e9!" }));
    // A first load that takes long says so on a terminal.
    assert.equal((await cordon(["run", guest])).stdout, "\u00e9!");
    assert.equal((await cordonOnTerminal(["run", guest])).stdout, "\u00e9!");
  }),
);

/** Asserts that such a program ends once the reader of its output has taken a line and gone. */
async function assertEndsWithItsReader(words: readonly string[]): Promise<void> {
  const script = `"$@" | head -1; echo "\${PIPESTATUS[*]}"`;
  const limits = ["--timeout=10m", "--max-output=1000GB"];
  const { stdout, stderr } = await cordonInShell(script, ["run", ...limits, ...words]);
  assert.deepEqual([stdout, stderr], ["yes\n141 0\n", ""]);
}

test("a reader that has enough ends a program that looks at no error", async () => {
  await assertEndsWithItsReader([await textGuest("heedless", heedless("yes\n"))]);
});

test(
  "a reader that has enough ends a program of the C library",
  needing(["clang"], () => assertEndsWithItsReader([program, "yes"])),
);

test("output over its limit ends the program", async () => {
  const guest = await textGuest("heedless", heedless("yes\n"));
  const { code, stdout, stderr } = await cordon(["run", "--max-output=100", guest]);
  assert.deepEqual([code, stdout.length], [5, 100]);
  assert.match(stderr, /more than 100 bytes of output/u);
});

test("a component that is no program takes an export, not arguments", async () => {
  const { code, stdout, stderr } = await cordon(["run", await testGuest(), "nowhere", "a"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^error: [^\n]+\n$/u);
});
