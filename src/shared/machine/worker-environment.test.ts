import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const MODULE = new URL("./worker-environment.ts", import.meta.url).href;

/** What the environment of a worker thread would be in a process with these variables. */
async function environmentIn(variables: NodeJS.ProcessEnv, code = "", cwd = tmpdir()): Promise<unknown> {
  const script = `${code}; import(${JSON.stringify(MODULE)}).then((it) => console.log(JSON.stringify(it.workerEnvironment())))`;
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { cwd, env: variables });
  return JSON.parse(stdout);
}

test("worker threads inherit nothing", async () => {
  assert.deepEqual(await environmentIn({ SECRET: "1", NODE_OPTIONS: "--no-warnings" }), {});
});

test("worker threads are told where compiled code is kept, and nothing else", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "cordon-test-"));
  const told = (await environmentIn({ SECRET: "1", NODE_COMPILE_CACHE: folder.path })) as Record<string, string>;
  assert.deepEqual(Object.keys(told), ["NODE_COMPILE_CACHE"]);
  assert.ok(told["NODE_COMPILE_CACHE"]?.startsWith(join(folder.path, "v")));
  assert.deepEqual(await environmentIn({ NODE_COMPILE_CACHE: folder.path, NODE_DISABLE_COMPILE_CACHE: "1" }), {});
});

// It could lead below a folder that a guest may write to.
test("a place that is relative is never told as it is, wherever the process has gone since", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "cordon-test-"));
  const gone = `process.chdir(${JSON.stringify(tmpdir())})`;
  const { NODE_COMPILE_CACHE: told = folder.path } = (await environmentIn(
    { NODE_COMPILE_CACHE: "kept" },
    gone,
    folder.path,
  )) as Record<string, string>;
  assert.ok(told.startsWith(folder.path), told);
});
