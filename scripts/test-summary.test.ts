import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../test/support/guests.ts";
import { ROOT } from "./exec.ts";
import type { TestRecord } from "./record-tests.ts";
import { filesThatNeedTools, testFiles } from "./test-files.ts";
import { describeLeftOut, leftOut, parseRecords, slowestFiles } from "./test-summary.ts";

const skipped = (name: string, reason: string): TestRecord => ({
  kind: "skipped",
  test: `file:1:1:${name}`,
  name,
  reason,
});

test("what was left out is said on one line, each test once, with how to have what it needs", () => {
  const records = [skipped("a", "needs clang, terminal"), skipped("b", "needs clang"), skipped("c", "needs linux")];
  assert.equal(
    describeLeftOut(leftOut([...records, ...records])),
    "Left out: 3 tests, since there is no C compiler for WASI (2): run `bash .ci/install-guest-tools`; " +
      "no program to make a terminal (1): install `script` of util-linux; " +
      "no Linux (1): run the tests on a machine that has it.",
  );
  assert.equal(describeLeftOut(leftOut([])), "Left out: nothing, every test ran.");
  assert.equal(
    describeLeftOut(leftOut([skipped("d", "excepted: it is undefined")])),
    "Left out: nothing, every test ran. Excepted: d (it is undefined).",
  );
});

test("a test that was skipped without a word is an error", () => {
  assert.throws(() => leftOut([skipped("a", "")]), /not skipped by test\/support\/needs\.ts/u);
});

test("the slowest files come first, with how long all took", () => {
  const records = Array.from({ length: 20 }, (_, at): TestRecord => ({
    kind: "file",
    file: join(ROOT, `f${at}`),
    ms: at * 1_000,
  }));
  const lines = slowestFiles(records);
  assert.match(lines[0] ?? "", /^The slowest of 20 test files/u);
  assert.deepEqual([lines[1], lines[15], lines[16]], ["   19.0  f19", "    5.0  f5", "  190.0  all"]);
});

test("the reporter records files and skipped tests, and nothing else", async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, "some.test.mjs");
  const destination = join(folder, "records");
  await writeFile(
    file,
    `import { describe, test } from "node:test";
    test("runs", () => {});
    describe("group", () => test("skips", (context) => context.skip("needs clang")));
    test("says nothing", { skip: true }, () => {});`,
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  // prettier-ignore
  await promisify(execFile)(process.execPath, [
    "--test", `--test-reporter=${join(ROOT, "scripts/record-tests.ts")}`, `--test-reporter-destination=${destination}`, file,
  ], { env });
  const records = parseRecords(await readFile(destination, "utf8"));
  assert.deepEqual(
    records.map((record) => (record.kind === "file" ? record.file : [record.name, record.reason])),
    [["skips", "needs clang"], ["says nothing", ""], file],
  );
});

test("the oldest Node runs what depends on Node, and the tests that need tools are found", () => {
  const [current, oldest] = [testFiles("node"), testFiles("node-floor")];
  assert.equal(new Set(current).size, current.length);
  for (const file of oldest) assert.ok(current.includes(file), file);
  for (const file of current) {
    const [folder = ""] = /^(?:src|test\/(?:attacks|conformance|e2e))\//u.exec(file) ?? [];
    // Of the tests of `src/`, some compute and no more, and of those of the command, some are of words alone.
    const isOpen = folder === "src/" || file.startsWith("test/e2e/cli-");
    if (!isOpen) assert.equal(oldest.includes(file), folder !== "", file);
  }
  for (const [file, runs] of [
    ["src/hardening/write/instrument-semantics.test.ts", true], // has the engine compile
    ["src/host/filesystem/paths/walk.test.ts", true], // opens files
    ["src/runtime/events/event-ring.test.ts", true], // starts threads
    ["src/host/metering/byte-meter.test.ts", true], // reads the clock
    ["src/component/values/parse-wave.test.ts", false],
    ["src/shared/text/suggest.test.ts", false],
    ["test/e2e/cli-run.test.ts", true],
    ["test/e2e/cli-json.test.ts", false],
  ] as const) {
    assert.equal(oldest.includes(file), runs, file);
  }
  const found = filesThatNeedTools();
  for (const file of [
    "test/e2e/languages.test.ts",
    "test/e2e/cli-terminal.test.ts",
    "test/conformance/wasi-p1.test.ts",
  ]) {
    assert.ok(found.includes(file), file);
  }
  assert.ok(found.length < current.length / 4, `${found.length}`);
});
