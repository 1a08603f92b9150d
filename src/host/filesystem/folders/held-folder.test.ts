import assert from "node:assert/strict";
import { closeSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HOLDINGS, Playground } from "../../../../test/support/filesystem.ts";

const NOTHING_PROTECTED = { paths: [], identities: new Set<string>() };

function code(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

for (const [name, holding] of HOLDINGS) {
  const byDescriptor = name === "by descriptor";

  test(`${name}: a file that is swapped after it was looked at is that file still, or is not opened`, () => {
    for (const swap of ["link", "file"] as const) {
      using place = new Playground();
      writeFileSync(join(place.inside, "file"), "inside");
      writeFileSync(join(place.outside, "file"), "SECRET");
      using folder = holding.openRoot(place.inside, NOTHING_PROTECTED);
      using looked = folder.look("file");
      assert.equal(looked.kind, "file");
      renameSync(join(place.inside, "file"), join(place.inside, "away"));
      if (swap === "link") symlinkSync("../outside/file", join(place.inside, "file"));
      else renameSync(join(place.outside, "file"), join(place.inside, "file"));
      if (byDescriptor) {
        const fd = looked.open(0);
        assert.equal(readFileSync(fd, "utf8"), "inside");
        closeSync(fd);
      } else {
        assert.match(String(code(() => looked.open(0))), /^(?:ELOOP|EMLINK|ESTALE)$/);
      }
    }
  });

  test(`${name}: a folder that is swapped while it is held is that folder still, or is not used`, () => {
    using place = new Playground();
    mkdirSync(join(place.inside, "sub/deep"), { recursive: true });
    mkdirSync(join(place.outside, "deep"));
    using root = holding.openRoot(place.inside, NOTHING_PROTECTED);
    using sub = root.enter("sub");
    renameSync(join(place.inside, "sub"), join(place.inside, "away"));
    symlinkSync("../outside", join(place.inside, "sub"));
    assert.equal(
      code(() => root.enter("sub")),
      "ENOTDIR",
    );
    for (const use of [
      () => writeFileSync(sub.entry("made"), "x", { flag: "wx" }),
      () => sub.enter("deep")[Symbol.dispose](),
      () => sub.look("deep")[Symbol.dispose](),
      () => sub.self(),
      () => sub.stat(),
      () => sub.where(),
    ]) {
      assert.equal(code(use), byDescriptor ? undefined : "ESTALE");
    }
    if (byDescriptor) assert.equal(sub.where(), join(place.inside, "away"));
  });

  test(`${name}: a folder is entered and opened as a root only when it is one`, () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "");
    symlinkSync(".", join(place.inside, "link"));
    using root = holding.openRoot(place.inside, NOTHING_PROTECTED);
    for (const entry of ["file", "link"]) {
      assert.equal(
        code(() => root.enter(entry)),
        "ENOTDIR",
      );
      assert.match(String(code(() => holding.openRoot(join(place.inside, entry), NOTHING_PROTECTED))), /^E/);
    }
    assert.equal(
      code(() => root.enter("missing")),
      "ENOENT",
    );
  });
}
