/** The rewriter against the programs of the WASI test suite: rewritten they are valid. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { assertHardens } from "../support/assert-hardens.ts";
import { temporaryFolder } from "../support/guests.ts";
import { needing, PLACES } from "../support/needs.ts";

test(
  "programs of the WASI test suite",
  needing(["wasi-suite"], async (context) => {
    const folder = await temporaryFolder(context);
    await promisify(execFile)("tar", ["--extract", "--xz", "--file", PLACES.wasiSuite, "--directory", folder]);
    const programs = globSync("*/*/*.wasm", { cwd: folder });
    assert.ok(programs.length > 50);
    for (const program of programs) assertHardens(join(folder, program));
  }),
);
