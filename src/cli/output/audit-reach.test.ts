import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { grantOverAuditFile } from "./audit-reach.ts";

test("a grant reaches the audit file when that lies below it, links resolved", async (context) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "cordon-audit-")));
  context.after(() => rm(folder, { recursive: true }));
  for (const name of ["logs", "logs-of-another", "..data"]) await mkdir(join(folder, name));
  const file = join(folder, "logs/audit.jsonl");
  await writeFile(file, "");
  await writeFile(join(folder, "..data/audit.jsonl"), "");
  await symlink(join(folder, "logs"), join(folder, "link"));
  const over = (...grants: readonly string[]): string | undefined => grantOverAuditFile(file, grants);
  assert.equal(over(join(folder, "logs")), join(folder, "logs"));
  assert.equal(over(join(folder, "logs-of-another"), folder), folder);
  assert.equal(over(file), file);
  assert.equal(over(join(folder, "link")), join(folder, "link"));
  assert.equal(over(join(folder, "logs-of-another")), undefined);
  assert.equal(over(), undefined);
  assert.equal(grantOverAuditFile(join(folder, "..data/audit.jsonl"), [folder]), folder);
});
