import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, describe, test } from "node:test";
import { needing } from "../../../test/support/needs.ts";
import { privateDirectory } from "./private-directory.ts";

/** Below one that everybody may write to, as temporary folders are. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), "cordon-private-")));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Somebody who is neither this user nor root. */
const STRANGER = 65_533;

const onPosix = (name: string, body: () => void): void => void test(name, needing(["posix"], body));
const asRoot = (name: string, body: () => void): void => void test(name, needing(["root"], body));

function refused(directory: string, problem: RegExp): void {
  const found = privateDirectory(directory);
  assert.ok("problem" in found, `${directory} was used`);
  assert.match(found.problem, problem);
}

function made(...names: readonly string[]): string {
  const path = join(mkdtempSync(join(folder, "tree-")), ...names);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

test("a folder that is not there is made, with those above it, for this user alone", () => {
  const path = join(folder, "a/b/c");
  assert.deepEqual(privateDirectory(path), { path });
  for (const each of ["a", "a/b", "a/b/c"]) {
    if (process.platform !== "win32") assert.equal(statSync(join(folder, each)).mode & 0o777, 0o700);
  }
  assert.deepEqual(privateDirectory(path), { path }, "it is there now");
  assert.deepEqual(privateDirectory(relative(process.cwd(), path)), { path }, "a relative path is one, too");
});

onPosix("a folder that others can write to is refused", () => {
  for (const mode of [0o770, 0o707, 0o777, 0o1777]) {
    const path = made("open");
    chmodSync(path, mode);
    refused(path, /can be written to by other users$/u);
  }
});

// Weakening: the last folder alone is looked at.
onPosix("so is one below a folder that others can write to, unless nobody can move what is another's there", () => {
  for (const mode of [0o770, 0o707, 0o777]) {
    const path = made("open/cordon/code");
    chmodSync(join(path, "../.."), mode);
    refused(path, /open" can be written to by other users$/u);
    refused(join(path, "../../new/code"), /open" can be written to/u);
    assert.equal(existsSync(join(path, "../../new")), false, "nothing is made there");
  }
  const path = made("sticky/cordon/code");
  chmodSync(join(path, "../.."), 0o1777);
  assert.deepEqual(privateDirectory(path), { path });
});

describe("where another user owns something on the way", () => {
  // Weakening, each alone: the last folder alone is looked at; the owner is not.
  asRoot("a folder of theirs is refused, wherever it lies and whatever its mode", () => {
    for (const theirs of ["x", "x/cordon", "x/cordon/code"]) {
      const path = made("x/cordon/code");
      chownSync(join(path, "../../..", theirs), STRANGER, STRANGER);
      refused(path, /belongs to another user$/u);
    }
    // As where they were first to make /tmp/cordon.
    const sticky = made("sticky/cordon/code");
    chmodSync(join(sticky, "../.."), 0o1777);
    chownSync(join(sticky, ".."), STRANGER, STRANGER);
    refused(sticky, /belongs to another user$/u);
  });

  // Weakening: links are followed by the system.
  asRoot("neither a link of theirs nor one that leads through their folder is followed", () => {
    const path = made("home/real/code");
    const home = join(path, "../..");
    symlinkSync("real", join(home, "theirs"));
    lchownSync(join(home, "theirs"), STRANGER, STRANGER);
    refused(join(home, "theirs/code"), /the link .* belongs to another user$/u);
    const other = made("other");
    chownSync(other, STRANGER, STRANGER);
    symlinkSync(path, join(other, "back"));
    symlinkSync(join(other, "back"), join(home, "through"));
    refused(join(home, "through"), /other" belongs to another user$/u);
  });
});

onPosix("links of this user's are followed, and the path that is used has none", () => {
  const path = made("home/real");
  symlinkSync("real", join(path, "../relative"));
  symlinkSync(join(path, "../relative"), join(path, "../absolute"));
  assert.deepEqual(privateDirectory(join(path, "../absolute/code")), { path: join(path, "code") });
  symlinkSync("round", join(path, "../round"));
  refused(join(path, "../round/code"), /too many links$/u);
});

onPosix("what is no folder, and what nothing can be made in, is refused at once", () => {
  const file = join(made("with-file"), "file");
  writeFileSync(file, "");
  refused(file, /is not a folder$/u);
  refused(join(file, "below"), /is not a folder$/u);
  // A recursive mkdir of Node's makes of these a process that never ends.
  for (const path of ["/proc", "/proc/self", "/proc/self/fd", "/sys", "/dev/null", "/dev/fd"]) {
    refused(join(path, "cordon/code"), /cannot be made|is not a folder|can be written to/u);
  }
  refused(join(folder, "n".repeat(300)), /ENAMETOOLONG/u);
  refused(join(folder, "n/".repeat(4_000)), /is longer than 2048 bytes$/u);
  assert.equal(existsSync(join(folder, "n")), false);
  refused(join(folder, "with\0nul"), /cannot be made or looked at/u);
});
