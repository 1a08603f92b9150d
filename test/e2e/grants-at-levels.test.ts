import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import type { GrantTableRequest, Level } from "../support/grants/child.ts";
import { grantGuests } from "../support/grants/guests.ts";
import { GRANT_ROWS } from "../support/grants/rows.ts";
import { TEST_CACHE, temporaryFolder } from "../support/guests.ts";
import { isThere, needing } from "../support/needs.ts";

/*
 * Every form of grant gives a guest at the level process, with and without bubblewrap, what it gives one in a thread.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CHILD = fileURLToPath(new URL("../support/grants/child.ts", import.meta.url));

type Outcomes = Readonly<Record<string, unknown>>;

/** A folder into which the package is installed, as `npm i cordon` does it. */
async function installed(context: TestContext): Promise<string> {
  const project = join(realpathSync(await temporaryFolder(context)), "project");
  for (const [from, to] of [
    ["dist", "cordon/dist"],
    ["package.json", "cordon/package.json"],
  ] as const) {
    cpSync(join(ROOT, from), join(project, "node_modules", to), { recursive: true });
  }
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), "{}");
  return project;
}

/** Both Nodes, where both are installed, so that one run has the whole table; the runs on the other one leave it out. */
const NODES = ["node", "node-floor"].map((name) => join(ROOT, "node_modules", name, "bin/node")).filter(existsSync);

async function outcomesAt(node: string, project: string, levels: readonly Level[]): Promise<readonly Outcomes[]> {
  const request: GrantTableRequest = { guests: await grantGuests(), cache: TEST_CACHE, levels };
  const { stdout } = await promisify(execFile)(node, [CHILD, JSON.stringify(request)], {
    cwd: project,
    env: { PATH: process.env["PATH"], TABLE_VARIABLE: "of the host" },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Outcomes);
}

test(
  "every form of grant gives at the level process what it gives in a thread",
  needing(["current-node"], async (context) => {
    const wraps = await isThere("bubblewrap");
    const levels: readonly Level[] = ["off", ...(wraps ? (["required"] as const) : [])];
    const project = await installed(context);
    for (const node of NODES.length === 0 ? [process.execPath] : NODES) {
      const [inThread = {}, ...inProcesses] = await outcomesAt(node, project, ["thread", ...levels]);
      assert.equal(Object.keys(inThread).length, GRANT_ROWS.length);
      for (const [index, level] of levels.entries()) {
        await context.test(`on ${basename(dirname(dirname(node)))}, os-sandbox ${level}`, () => {
          for (const { name } of GRANT_ROWS) assert.deepEqual(inProcesses[index]?.[name], inThread[name], name);
        });
      }
    }
  }),
);
