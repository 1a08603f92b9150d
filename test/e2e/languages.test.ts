import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type GrantsInput, Sandbox } from "../../src/sandbox/index.ts";
import { cordonInShell } from "../support/cli.ts";
import { cGuest, goGuest, pythonGuest } from "../support/compiled-guests.ts";
import { failsWith } from "../support/errors.ts";
import { Playground } from "../support/filesystem.ts";
import { TEST_CACHE } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

/** The same work in three languages, each with its own way to WASI: what is granted works, and what is not is refused. */

const source = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../guests/${name}`, import.meta.url)), "utf8");

const WIT = `package cordon:languages;
world guest {
  export work: func(words: list<string>) -> string;
  export leave: func(code: u32);
}`;

/** What there is to work on. */
class Place extends Playground {
  constructor() {
    super();
    mkdirSync(join(this.inside, "sub/deep"), { recursive: true });
    mkdirSync(join(this.base, "fixed"));
    writeFileSync(join(this.inside, "a.txt"), "12345");
    writeFileSync(join(this.inside, "sub/deep/b.txt"), "123");
    writeFileSync(join(this.base, "fixed/file"), "fixed");
    writeFileSync(join(this.outside, "O"), "SECRET");
    symlinkSync(join(this.outside, "O"), join(this.inside, "link"));
  }

  get grants(): GrantsInput {
    const preopens = [`${this.inside}::/data:rw`, `${this.base}/fixed::/fixed:ro`];
    return {
      filesystem: { preopens, create: true, delete: true },
      environment: { set: { GREETING: "hello" } },
      stdin: true,
    };
  }

  get flags(): readonly string[] {
    const dirs = ["--dir", `${this.inside}::/data:rw`, "--dir", `${this.base}/fixed::/fixed:ro`];
    return [...dirs, "--allow-create", "--allow-delete", "--env", "GREETING=hello", "--stdin"];
  }

  /** That everything happened that was granted, and nothing else. */
  assertDone(): void {
    assert.deepEqual(
      readdirSync(this.inside).filter((name) => name !== "passwd"),
      ["a.txt", "link", "sub"],
    );
    assert.equal(readFileSync(join(this.inside, "sub/moved.txt"), "utf8"), "written");
    assert.deepEqual(readdirSync(this.outside), ["O"]);
    assert.deepEqual(readdirSync(join(this.base, "fixed")), ["file"]);
    assert.equal(readFileSync(join(this.base, "fixed/file"), "utf8"), "fixed");
  }
}

/** What each of them says, sorted. */
const said = (words: readonly string[]): readonly string[] =>
  [
    ...words.map((word) => `argument ${word}`),
    "found /data/a.txt of 5 bytes",
    "found /data/sub/deep/b.txt of 3 bytes",
    "greeting hello, home none",
    "input one",
    "input two",
    "read back written",
    "refused: a link to the outside",
    "refused: reading ../outside",
    "refused: reading /etc/passwd",
    "refused: reading through a link",
    "refused: renaming into what is fixed",
    "refused: renaming out",
    "refused: writing outside",
    "refused: writing where it may only read",
  ].toSorted();

const lines = (text: string): readonly string[] => text.trimEnd().split("\n").toSorted();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

for (const [language, needs, build] of [
  ["C", ["clang"], () => cGuest("worker-c", source("worker.c"))],
  ["Go", ["go-for-wasi"], () => goGuest("worker-go", source("worker.go"))],
] as const) {
  test(
    `a program in ${language} works with what it is granted, through the SDK`,
    needing(needs, async () => {
      using place = new Place();
      await using sandbox = await Sandbox.open(await build(), { cache: TEST_CACHE, grants: place.grants });
      const { exitCode, stdout, stderr, usage } = await sandbox.execute(["42", "two words"], { stdin: "one\ntwo\n" });
      assert.deepEqual(lines(text(stdout)), said(["42", "two words"]));
      assert.equal(text(stderr), "done\n");
      assert.equal(exitCode, 42);
      assert.ok(usage.denials >= 4, `${usage.denials}`);
      place.assertDone();
      await using bare = await Sandbox.open(await build(), { cache: TEST_CACHE });
      const nothing = await bare.execute([], { stdin: "one\n" });
      assert.notEqual(nothing.exitCode, 0);
      assert.match(text(nothing.stdout), /greeting none, home none/u);
      assert.doesNotMatch(text(nothing.stdout), /input|found|NOT/u);
    }),
  );

  test(
    `a program in ${language} works with what it is granted, through the command line`,
    needing(needs, async () => {
      using place = new Place();
      const words = ["run", ...place.flags, await build(), "--", "7", "--flag"];
      const { code, stdout, stderr } = await cordonInShell(`printf 'one\\ntwo\\n' | "$@"`, words, {
        environment: { HOME: place.base },
      });
      assert.deepEqual(lines(stdout), said(["7", "--flag"]));
      assert.match(stderr, /^done$/mu);
      assert.equal(code, 7);
      place.assertDone();
    }),
  );
}

test(
  "a component in Python works with what it is granted, through the SDK",
  needing(["componentize-py"], async () => {
    using place = new Place();
    const guest = await pythonGuest("worker-python", source("worker.py"), WIT);
    await using sandbox = await Sandbox.open(guest, { cache: TEST_CACHE, grants: place.grants });
    let stderr = "";
    const { value } = await sandbox.call("work", [["first", "two words"]], {
      stdin: "one\ntwo\n",
      stderr: (chunk) => void (stderr += text(chunk)),
    });
    assert.deepEqual(lines(String(value)), said(["first", "two words"]));
    assert.equal(stderr, "done\n");
    place.assertDone();
    // The tool's own adapter of preview 1 knows two ways to exit.
    for (const [code, status] of [
      [0, 0],
      [3, 1],
    ] as const) {
      const left = await failsWith("guest-error", /exited with status/u, sandbox.call("leave", [code]));
      assert.deepEqual(left.payload, { exitCode: status });
    }
  }),
);

test(
  "a component in Python works with what it is granted, through the command line",
  needing(["componentize-py"], async () => {
    using place = new Place();
    const guest = await pythonGuest("worker-python", source("worker.py"), WIT);
    const words = ["run", ...place.flags, guest, "work", '["first"]'];
    const { code, stdout } = await cordonInShell(`printf 'one\\ntwo\\n' | "$@"`, words);
    assert.equal(code, 0, stdout);
    assert.deepEqual(lines(stdout), said(["first"]));
    place.assertDone();
  }),
);
