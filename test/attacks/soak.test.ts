import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { needing } from "../support/needs.ts";

const SOAK = fileURLToPath(new URL("../../scripts/soak.ts", import.meta.url));

// Weakenings: a call in ten leaves a file open; a sandbox at the level `process` is not closed.
test(
  "two minutes of good and hostile guests leave memory, handles, threads and processes flat",
  { timeout: 300_000 },
  needing(["minutes"], async (context) => {
    const { stdout } = await promisify(execFile)(process.execPath, [SOAK, "--minutes", "2", "--warm-up", "1"]).catch(
      ({ stdout: shown, stderr }: { readonly stdout: string; readonly stderr: string }) =>
        assert.fail(`${shown}${stderr}`),
    );
    context.diagnostic(stdout.trimEnd());
    assert.match(stdout, /resident MiB/u);
  }),
);
