/**
 * The programs of the WASI test suite for preview 1 (https://github.com/WebAssembly/wasi-testsuite), as its authors compiled
 * them, each with the arguments, environment and folder that its JSON file names, through the public interface.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { Sandbox } from "../../src/sandbox/index.ts";
import { TEST_CACHE, temporaryFolder } from "../support/guests.ts";
import { isThere, needing, PLACES } from "../support/needs.ts";

/** How many programs the suite has: none may be lost on the way. */
const PROGRAMS = 72;

/** What programs tell of themselves, where their JSON files say nothing: the suite's own runner does not compare that. */
const REMARKS: Readonly<Record<string, { readonly stdout?: RegExp; readonly stderr?: RegExp }>> = {
  "rust/path_open_preopen": { stdout: /^preopen dir: "\/" base \d+ inheriting \d+\n$/ },
  "rust/poll_oneoff_stdio": { stdout: /^writable subs: \{(?:1: 1, 2: 2|2: 2, 1: 1)\}\n$/ },
  "rust/stdio": { stderr: /^0 => \d+\n1 => \d+\n2 => \d+\n$/ },
  "rust/truncation_rights": { stderr: /^implementation doesn't support setting file sizes, skipping\n$/ },
};

/** What a program's JSON file says; everything has a default. */
interface Expectation {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly root?: string;
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

if (await isThere("wasi-suite")) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-conformance-"));
  after(() => rm(folder, { recursive: true, force: true }));
  await promisify(execFile)("tar", ["--extract", "--xz", "--file", PLACES.wasiSuite, "--directory", folder]);
  const programs = globSync("*/*/*.wasm", { cwd: folder }).sort();

  test("the suite is whole", () => {
    assert.equal(programs.length, PROGRAMS);
  });

  describe("the WASI preview 1 test suite", { concurrency: 2 }, () => {
    for (const program of programs) {
      test(nameOf(program), (context) =>
        runsAsExpected(join(folder, program), REMARKS[nameOf(program)] ?? {}, context),
      );
    }
  });
} else {
  test(
    "the WASI preview 1 test suite",
    needing(["wasi-suite"], () => assert.fail("it was not there")),
  );
}

/** `rust/fd_advise` of `wasi-testsuite-p1/rust/fd_advise.wasm`. */
function nameOf(program: string): string {
  return program.replace(/^[^/]+\//, "").replace(/\.wasm$/, "");
}

async function runsAsExpected(
  program: string,
  remarks: { readonly stdout?: RegExp; readonly stderr?: RegExp },
  context: Parameters<typeof temporaryFolder>[0],
): Promise<void> {
  const description = program.replace(/\.wasm$/, ".json");
  const wanted: Expectation = existsSync(description)
    ? (JSON.parse(readFileSync(description, "utf8")) as Expectation)
    : {};
  const preopens = [];
  if (wanted.root !== undefined) {
    const host = join(await temporaryFolder(context), "root");
    await cp(join(dirname(program), wanted.root), host, { recursive: true });
    preopens.push({ host, guest: "/", write: true, create: true, delete: true });
  }
  await using sandbox = await Sandbox.open(program, {
    cache: TEST_CACHE,
    grants: {
      filesystem: { preopens },
      environment: { set: wanted.env ?? {} },
      clocks: { kind: "read", resolutionNs: 1 },
      random: "full",
    },
  });
  const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const ended = await sandbox
    .execute(wanted.args ?? [], {
      stdout: (chunk) => void chunks.stdout.push(chunk),
      stderr: (chunk) => void chunks.stderr.push(chunk),
    })
    .then(
      ({ exitCode }) => exitCode,
      // A program that aborts has said why.
      (thrown: unknown) => String(thrown),
    );
  const said = (stream: "stdout" | "stderr"): string => {
    const text = Buffer.concat(chunks[stream]).toString("utf8");
    return remarks[stream]?.test(text) === true ? "" : text;
  };
  assert.deepEqual(
    { ended, stdout: said("stdout"), stderr: said("stderr") },
    { ended: wanted.exit_code ?? 0, stdout: wanted.stdout ?? "", stderr: wanted.stderr ?? "" },
  );
}
