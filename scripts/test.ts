/**
 * Builds, then runs every test on the current Node and, of those that matter there, on the oldest supported one; see
 * test-files.ts. With file names as arguments, only those, on the current Node. With `--without-tools`, the tests that need tools or
 * data of the machine, on the current Node, as if it had none of these. Prints the slowest files and, as the last line, what was
 * left out.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { HIDEABLE } from "../test/support/needs.ts";
import { ensureBuilt } from "./ensure-built.ts";
import { execStatus, ROOT } from "./exec.ts";
import { filesThatNeedTools, type NodeFolder, testFiles } from "./test-files.ts";
import type { TestRecord } from "./record-tests.ts";
import { describeLeftOut, leftOut, parseRecords, slowestFiles } from "./test-summary.ts";
import { environmentWithoutTools } from "./without-tools.ts";

/** A test that hangs fails, instead of all that come after it. The longest takes three minutes on a quiet machine. */
const TEST_TIMEOUT_MS = 15 * 60 * 1000;

/**
 * How many files run at once. One more than there are cores: files wait, too, for deadlines, clocks and other processes, and another can
 * use the core meanwhile.
 */
const AT_ONCE = availableParallelism() + 1;

/** Where Node keeps the compiled code of the sources, so that it need not strip the types of all of them for every process. */
const COMPILED = join(ROOT, "build/node-compile-cache");

interface Run {
  readonly node: NodeFolder;
  readonly files: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Runs the files, each in a process of its own, {@link AT_ONCE} of them at once, with the runner's own report on stdout. */
async function runTests({
  node,
  files,
  environment,
}: Run): Promise<{ status: number; records: readonly TestRecord[] }> {
  const program = join(ROOT, "node_modules", node, "bin/node");
  const folder = mkdtempSync(join(tmpdir(), "cordon-tests-"));
  const record = join(folder, "records");
  try {
    process.stdout.write(`\n# Tests on the ${node === "node" ? "current" : "oldest supported"} Node\n`);
    await execStatus(program, ["--version"]);
    const parameters = [
      "--test",
      `--test-concurrency=${AT_ONCE}`,
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${join(ROOT, "scripts/record-tests.ts")}`,
      `--test-reporter-destination=${record}`,
      ...files,
    ];
    const status = await execStatus(program, parameters, {
      ...environment,
      NODE_COMPILE_CACHE: COMPILED,
      CORDON_TEST_BUILT: "1",
    });
    const records = parseRecords(readFileSync(record, "utf8"));
    process.stdout.write(`\n${slowestFiles(records).join("\n")}\n`);
    return { status, records };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const named = process.argv.slice(2);
await ensureBuilt();
if (named.includes("--without-tools")) {
  await testWithoutTools();
} else {
  const runs: readonly (readonly [NodeFolder, readonly string[]])[] =
    named.length > 0
      ? [["node", named]]
      : [
          ["node", testFiles("node")],
          ["node-floor", testFiles("node-floor")],
        ];
  const records: TestRecord[] = [];
  for (const [node, files] of runs) {
    const run = await runTests({ node, files, environment: process.env });
    records.push(...run.records);
    process.exitCode ||= run.status;
  }
  process.stdout.write(`\n${describeLeftOut(leftOut(records))}\n`);
}

/** Fails, too, when there is something that can be hidden and no test was left out for want of it. */
async function testWithoutTools(): Promise<void> {
  const { folder, environment } = environmentWithoutTools();
  try {
    const { status, records } = await runTests({ node: "node", files: filesThatNeedTools(), environment });
    const left = leftOut(records);
    process.stdout.write(`\n${describeLeftOut(left)}\n`);
    const tested = HIDEABLE.filter((need) => !left.needs.has(need));
    if (tested.length > 0) process.stderr.write(`No test was skipped for want of ${tested.join(", ")}\n`);
    process.exitCode = status === 0 && tested.length > 0 ? 1 : status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
