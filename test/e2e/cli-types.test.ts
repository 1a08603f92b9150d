import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { cordon } from "../support/cli.ts";
import { temporaryFolder, testGuest } from "../support/guests.ts";

const CONSUMER = `
import { Sandbox, serveHttp, type CallResult } from "cordon";
import type { Types } from "./types.js";

await using sandbox = await Sandbox.open<Types>("./tool.wasm");
const sum: number = (await sandbox.call("add", [1, 2])).value;
const doubled: bigint = (await sandbox.call("cordon:test/api#double", [7])).value;
const bytes: Uint8Array = (await sandbox.call("reverse", [[1, 2]])).value;
const checked: number = (await sandbox.call("check", [1])).value;
await sandbox.call("mirror", [{ x: 1, y: 2 }]);
await sandbox.call("describe", [{ tag: "circle", val: 1.5 }, "red", { read: true }]);
await sandbox.call("describe", [{ tag: "dot" }, undefined, {}]);
await sandbox.call("spin");
// @ts-expect-error There is no such export.
await sandbox.call("ad", [1, 2]);
// @ts-expect-error It takes numbers.
await sandbox.call("add", ["1", 2]);
// @ts-expect-error It takes two.
await sandbox.call("add", [1]);
// @ts-expect-error There is no such case.
await sandbox.call("describe", [{ tag: "square" }, "red", {}]);
// @ts-expect-error It gives a number.
const text: string = (await sandbox.call("add", [1, 2])).value;
await using server = await serveHttp(sandbox);

// Without types, everything goes.
await using any = await Sandbox.open("./tool.wasm");
const given: readonly unknown[] = JSON.parse("[]");
const result: CallResult = await any.call("whatever", given);
await any.call();
console.log(sum, doubled, bytes, checked, text, server.port, result.value);
`;

test("the types of a component's exports are those that Sandbox.open<Types> checks calls by", async () => {
  const { code, stdout, stderr } = await cordon(["types", await testGuest()]);
  assert.deepEqual([code, stderr], [0, ""]);
  // Beside the sources, so that the packages that they need are found.
  const folder = await mkdtemp(resolve("build/types-"));
  try {
    await writeFile(join(folder, "types.ts"), stdout);
    await writeFile(join(folder, "consumer.ts"), CONSUMER);
    // By its own name the package is the one that was built, as users have it.
    const compilerOptions = { paths: {}, noUnusedLocals: false, allowImportingTsExtensions: false };
    const tsconfig = { extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"] };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
    const compiled = promisify(execFile)(resolve("node_modules/.bin/tsc"), ["-p", folder]);
    await assert.doesNotReject(
      compiled,
      await compiled.then(
        () => "",
        ({ stdout: said }) => String(said),
      ),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what a file is called cannot end the comment that names it", async (context) => {
  const folder = await temporaryFolder(context);
  const name = "x*\u202e\n.wasm";
  await copyFile(await testGuest(), join(folder, name));
  const { stdout } = await cordon(["types", name], { cwd: folder });
  assert.match(stdout, /^\/\*\* What x\*\\u\{202e\}\\n exports, /);
  const { code, stderr } = await cordon(["types", "absent.wasm"]);
  assert.equal(code, 2);
  assert.match(stderr, /^error: [^\n]+there is no such file/);
});
