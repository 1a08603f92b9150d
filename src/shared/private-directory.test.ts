import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isPrivateDirectory } from "./private-directory.ts";
import { needing } from "../../test/support/needs.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-private-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a folder that is not there is made, for this user alone", () => {
  const made = join(folder, "a/b");
  assert.equal(isPrivateDirectory(made), true);
  assert.equal(statSync(made).mode & 0o777, 0o700);
});

test(
  "a folder that others can write to is refused",
  needing(["posix"], () => {
    for (const mode of [0o770, 0o707, 0o777, 0o1777]) {
      const open = mkdtempSync(join(folder, "open-"));
      chmodSync(open, mode);
      assert.equal(isPrivateDirectory(open), false, mode.toString(8));
    }
  }),
);

test("a link or a file in its place is refused", () => {
  writeFileSync(join(folder, "file"), "");
  symlinkSync(folder, join(folder, "link"));
  assert.equal(isPrivateDirectory(join(folder, "file")), false);
  assert.equal(isPrivateDirectory(join(folder, "link")), false);
  assert.equal(isPrivateDirectory(join(folder, "file/below")), false);
});
