/**
 * Builds, then runs every test on the current Node and on the oldest supported one. With file names as arguments, only
 * those, on the current Node.
 */
import { globSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "./ensure-built.ts";
import { execStatus, ROOT } from "./exec.ts";

const PATTERNS = [
  "src/**/*.test.ts",
  "skills/**/*.test.ts",
  "test/**/*.test.ts",
  "scripts/**/*.test.ts",
  "bench/**/*.test.ts",
];

/** A test that hangs fails, instead of all that come after it. The longest takes two minutes on a quiet machine. */
const TEST_TIMEOUT_MS = 15 * 60 * 1000;

const named = process.argv.slice(2);
const files = named.length > 0 ? named : PATTERNS.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort();
const versions = named.length > 0 ? ["node"] : ["node", "node-floor"];

await ensureBuilt();
for (const version of versions) {
  const node = join(ROOT, "node_modules", version, "bin/node");
  process.stdout.write(`\n# Tests on the ${version === "node" ? "current" : "oldest supported"} Node\n`);
  await execStatus(node, ["--version"]);
  const status = await execStatus(node, [
    "--test",
    "--test-reporter=spec",
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...files,
  ]);
  if (status !== 0) process.exit(status);
}
