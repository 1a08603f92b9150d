import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/exec.ts";
import { cordon } from "../support/cli.ts";

const BUILT = join(ROOT, "dist/bin");
const DEMO = join(ROOT, "dist/assets/skills/demo-malicious.wasm");

/** What the files of a glob take of Node when they are loaded, each module once. */
function takenOfNode(glob: string): readonly string[] {
  const files = globSync(glob, { cwd: BUILT });
  assert.ok(files.length > 0, glob);
  const taken = files.flatMap((file) => [
    ...readFileSync(join(BUILT, file), "utf8").matchAll(
      /globalThis\.process\.getBuiltinModule\(["'`]([^"'`]*)["'`]\)/gu,
    ),
  ]);
  return [...new Set(taken.map(([, name = ""]) => name))].toSorted();
}

// Weakening: `TOGETHER` of the build is empty; there are more than fifty files.
test("running a guest loads few files, and no cryptography for the web", async () => {
  const hook = `import { writeSync } from "node:fs";
    import { registerHooks } from "node:module";
    const files = [];
    registerHooks({ load: (url, context, next) => {
      if (url.includes("/dist/bin/")) files.push(url);
      return next(url, context);
    } });
    process.once("exit", () => {
      const web = process.moduleLoadList.includes("NativeModule internal/crypto/webcrypto");
      writeSync(2, "\\n" + JSON.stringify({ files, web }));
    });`;
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
  const { code, stderr } = await cordon(["run", DEMO], { environment });
  assert.equal(code, 0, stderr);
  const { files, web } = JSON.parse(stderr.split("\n").at(-1) ?? "") as { files: readonly string[]; web: boolean };
  assert.ok(files.length > 3 && files.length < 10, files.join("\n"));
  assert.equal(web, false);
});

// Weakening: `resolve.ts` imports `node:fs/promises`.
test("a thread for guests takes of Node what every guest needs, and no more", () => {
  assert.deepEqual(takenOfNode("guest-worker{,-url-*}.js"), [
    "node:buffer",
    "node:fs",
    "node:net",
    "node:os",
    "node:path",
    "node:timers/promises",
    "node:util",
    "node:worker_threads",
  ]);
});

// Weakening: `parse-storage.ts` imports `node:crypto`, a fifth of the time that importing the library may take.
test("importing the library loads no cryptography", () => {
  const taken = takenOfNode("index-library-*.js");
  assert.ok(taken.includes("node:worker_threads"));
  assert.ok(!taken.includes("node:crypto"), taken.join());
});
