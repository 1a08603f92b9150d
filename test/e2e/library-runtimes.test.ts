import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { temporaryFolder } from "../support/guests.ts";
import { needing, oldNode } from "../support/needs.ts";

const LIBRARY = fileURLToPath(new URL("../../dist/bin/index.js", import.meta.url));
const run = promisify(execFile);

const IMPORT = `import(${JSON.stringify(pathToFileURL(LIBRARY).href)}).then(
  () => console.log("loaded"),
  ({ name, code, message }) => console.log(JSON.stringify({ name, code, message })))`;

test(
  "an old Node that imports the library is told what it needs",
  needing(["old-node"], async () => {
    const { stdout } = await run(oldNode() ?? "", ["-e", IMPORT]);
    const { name, code, message } = JSON.parse(stdout) as Readonly<Record<string, string>>;
    assert.deepEqual([name, code], ["CordonError", "unsupported"]);
    assert.match(message ?? "", /^Cannot use cordon in Node \d+\.\d+\.\d+: it needs Node\.js 24\.21 or later$/u);
  }),
);

test("the library can be required, as ES modules can that wait for nothing", async () => {
  const { stdout } = await run(process.execPath, ["-p", `typeof require(${JSON.stringify(LIBRARY)}).run`]);
  assert.equal(stdout, "function\n");
});

test("a bundle that has taken the library in says to keep it external", async (context) => {
  const folder = await temporaryFolder(context);
  await mkdir(join(folder, "out"));
  const source = `import { run } from ${JSON.stringify(LIBRARY)};
run(new Uint8Array([0, 97, 115, 109, 13, 0, 1, 0])).catch(({ code, message }) => console.log(code, message));`;
  await writeFile(join(folder, "main.mjs"), source);
  for (const format of ["esm", "cjs"] as const) {
    await using bundle = await rolldown({
      input: join(folder, "main.mjs"),
      platform: "node",
      onLog: () => undefined,
    });
    const file = `out/main.${format === "esm" ? "mjs" : "cjs"}`;
    await bundle.write({ file: join(folder, file), format, codeSplitting: false });
    const { stdout } = await run(process.execPath, [join(folder, file)]);
    assert.match(stdout, /^usage Cannot start .*: .* keep "cordon" external/u, format);
  }
});
