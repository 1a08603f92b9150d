/**
 * Builds what is missing, runs every example in a process of its own, some side by side, then checks the snippets of the documents (see
 * doc-snippets.ts). With names of examples as arguments, runs only those. Exits with 1 when anything fails.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { buildExampleGuests } from "./build-example-guests.ts";
import { capture } from "./capture.ts";
import { CheckList } from "./check-list.ts";
import { checkDocuments } from "./doc-snippets.ts";
import { ensureBuilt } from "./ensure-built.ts";
import { ROOT } from "./exec.ts";

const named = process.argv.slice(2).map((name) => basename(name, ".ts"));
const found = globSync("examples/*.ts", { cwd: ROOT })
  .map((path) => basename(path, ".ts"))
  .sort();
const examples = named.length === 0 ? found : named;
const checks = new CheckList();
const env = { ...process.env, XDG_CACHE_HOME: join(ROOT, "build/example-cache") };

await ensureBuilt();
await buildExampleGuests();
await checks.runSideBySide(new Map(examples.map((name) => [`examples/${name}.ts`, () => runExample(name)])));
if (named.length === 0) await checkDocuments(checks);
if (!checks.passed) process.exitCode = 1;

async function runExample(name: string): Promise<string> {
  const { status, stdout, stderr } = await capture(process.execPath, [join("examples", `${name}.ts`)], { env });
  if (status !== 0 || stderr !== "") throw new Error(`exited with ${status}\n${stdout}${stderr}`.trimEnd());
  return `\n${stdout.trimEnd()}`;
}
