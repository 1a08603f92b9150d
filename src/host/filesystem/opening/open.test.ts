import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { PathGrant } from "../../../policy/grants.ts";
import { parseGrants } from "../../../policy/parsing/parse-grants.ts";
import { openByDescriptor } from "./open-by-descriptor.ts";
import { openByIdentity } from "./open-by-identity.ts";
import type { FileAccess, OpenTarget } from "./file-request.ts";
import { openGranted } from "./open.ts";
import { needing } from "../../../../test/support/needs.ts";

let base = "";
let inside = "";
let outside = "";
let grants: readonly PathGrant[] = [];
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "cordon-open-")));
  inside = join(base, "inside");
  outside = join(base, "outside");
  mkdirSync(join(inside, "sub"), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(inside, "file"), "inside");
  writeFileSync(join(inside, "sub/file"), "inside");
  writeFileSync(join(outside, "file"), "SECRET");
  grants = parseGrants({ filesystem: { read: ["inside"] } }, { cwd: base }).filesystemRead;
});
afterEach(() => rmSync(base, { recursive: true }));

/** What is opened, read to its end; or written over when access is `write`. */
async function use(path: string, access: FileAccess, openTarget: OpenTarget): Promise<string> {
  const opened = await openGranted({ grants, cwd: inside, path }, access, openTarget);
  if (opened.kind !== "done") return opened.kind;
  await using handle = opened.value;
  if (access === "read") return handle.readFile("utf8");
  await handle.truncate(0);
  await handle.writeFile("written");
  return "written";
}

/** Another process that swaps a folder and a file for links to the outside, and back, for two seconds at most. */
const RACER = `
const fs = require("node:fs");
const [inside, outside] = process.argv.slice(1);
const end = Date.now() + 2000;
// The guest's side creates files too, so any single step may fail.
const attempt = (step) => { try { step(); } catch {} };
fs.writeSync(1, "ready");
while (Date.now() < end) {
  attempt(() => fs.renameSync(inside + "/sub", inside + "/away"));
  attempt(() => fs.symlinkSync(outside, inside + "/sub"));
  attempt(() => fs.renameSync(inside + "/file", inside + "/kept"));
  attempt(() => fs.symlinkSync(outside + "/file", inside + "/file"));
  attempt(() => fs.unlinkSync(inside + "/sub"));
  attempt(() => fs.renameSync(inside + "/away", inside + "/sub"));
  attempt(() => fs.unlinkSync(inside + "/file"));
  attempt(() => fs.renameSync(inside + "/kept", inside + "/file"));
}
`;

async function race(work: (turn: number) => Promise<void>): Promise<void> {
  const racer = spawn(process.execPath, ["-e", RACER, inside, outside], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(racer.stdout, "data");
    for (let turn = 0; turn < 20_000 && racer.exitCode === null; turn++) await work(turn);
  } finally {
    if (racer.exitCode === null) {
      racer.kill("SIGKILL");
      await once(racer, "exit");
    }
  }
}

for (const [name, openTarget] of [
  ["by descriptor", openByDescriptor],
  ["by identity", openByIdentity],
] as const) {
  const needs = openTarget === openByDescriptor ? (["linux"] as const) : [];

  test(
    `${name}: a folder that became a link after it was resolved is refused, and nothing outside changes`,
    needing(needs, async () => {
      const target = { real: join(inside, "sub/file"), exists: true };
      renameSync(join(inside, "sub"), join(inside, "away"));
      symlinkSync(outside, join(inside, "sub"));
      for (const access of ["read", "write"] as const) {
        const opened = await openTarget({ grants, cwd: inside, path: "sub/file" }, target, access);
        if (opened.kind === "done") await opened.value.close();
        assert.notEqual(opened.kind, "done");
      }
      assert.equal(readFileSync(join(outside, "file"), "utf8"), "SECRET");
    }),
  );

  test(
    `${name}: a folder above that became a link after it was resolved is refused`,
    needing(needs, async () => {
      mkdirSync(join(inside, "sub/deep"));
      mkdirSync(join(outside, "deep"));
      writeFileSync(join(inside, "sub/deep/file"), "inside");
      writeFileSync(join(outside, "deep/file"), "SECRET");
      renameSync(join(inside, "sub"), join(inside, "away"));
      symlinkSync(outside, join(inside, "sub"));
      for (const [access, file] of [
        ["read", "file"],
        ["write", "file"],
        ["write", "new"],
      ] as const) {
        const target = { real: join(inside, "sub/deep", file), exists: file === "file" };
        const opened = await openTarget({ grants, cwd: inside, path: `sub/deep/${file}` }, target, access);
        if (opened.kind === "done") await opened.value.close();
        assert.equal(opened.kind, "outside");
      }
      assert.equal(readFileSync(join(outside, "deep/file"), "utf8"), "SECRET");
      if (openTarget === openByDescriptor) assert.deepEqual(readdirSync(join(outside, "deep")), ["file"]);
    }),
  );

  test(
    `${name}: a file that became a link after it was resolved is not followed`,
    needing(needs, async () => {
      rmSync(join(inside, "file"));
      symlinkSync(join(outside, "file"), join(inside, "file"));
      const target = { real: join(inside, "file"), exists: true };
      for (const access of ["read", "write"] as const) {
        assert.deepEqual(await openTarget({ grants, cwd: inside, path: "file" }, target, access), { kind: "changed" });
      }
    }),
  );

  test(
    `${name}: a file that appeared after it was found absent is not taken for a new one`,
    needing(needs, async () => {
      symlinkSync(join(outside, "made"), join(inside, "new"));
      const target = { real: join(inside, "new"), exists: false };
      assert.deepEqual(await openTarget({ grants, cwd: inside, path: "new" }, target, "write"), { kind: "changed" });
      assert.deepEqual(readdirSync(outside), ["file"]);
    }),
  );

  test(
    `${name}: folders and pipes are refused without blocking`,
    needing(needs, async () => {
      execFileSync("mkfifo", [join(inside, "pipe")]);
      for (const path of ["pipe", "sub"]) {
        for (const access of ["read", "write"] as const) assert.equal(await use(path, access, openTarget), "failed");
      }
    }),
  );
}

// Only by descriptor: comparing identities does not hold against this, as its documentation says.
test(
  "reading and writing while another process swaps folders and files for links",
  needing(["linux"], async () => {
    for (const [folder, content] of [
      [join(inside, "sub/deep"), "inside"],
      [join(outside, "deep"), "SECRET"],
    ] as const) {
      mkdirSync(folder);
      writeFileSync(join(folder, "file"), content);
    }
    const seen = new Map<string, number>();
    const count = (result: string): void => void seen.set(result, (seen.get(result) ?? 0) + 1);
    await race(async (turn) => {
      count(await use("sub/file", "read", openByDescriptor));
      count(await use("sub/deep/file", "read", openByDescriptor));
      count(await use("file", "read", openByDescriptor));
      count(await use("sub/file", "write", openByDescriptor));
      count(await use("sub/deep/file", "write", openByDescriptor));
      count(await use("file", "write", openByDescriptor));
      count(await use(`sub/deep/new${turn % 50}`, "write", openByDescriptor));
    });
    assert.equal(seen.get("SECRET"), undefined, "nothing outside was read");
    assert.equal(readFileSync(join(outside, "file"), "utf8"), "SECRET", "nothing outside was changed");
    assert.equal(readFileSync(join(outside, "deep/file"), "utf8"), "SECRET", "nothing further down was changed");
    assert.deepEqual(
      readdirSync(outside, { recursive: true, encoding: "utf8" }).toSorted((a, b) => (a < b ? -1 : 1)),
      ["deep", "deep/file", "file"],
      "nothing was created",
    );
    assert.ok(
      (seen.get("outside") ?? 0) > 0 && (seen.get("written") ?? 0) > 0,
      `no race: ${JSON.stringify([...seen])}`,
    );
  }),
);
