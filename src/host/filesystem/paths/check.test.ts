import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { checkPath } from "./check.ts";

const DATA = [{ root: "/data", path: "/data", except: [], written: "./data" }];

for (const [real, allowed] of [
  ["/data", true],
  ["/data/x", true],
  ["/data/x/..y", true],
  ["/data/ (deleted)", true],
  ["/database", false],
  ["/data (deleted)", false],
  ["/dat", false],
  ["/", false],
  ["", false],
  ["data/x", false],
  ["/data/../etc/passwd", false],
  ["/data/./x", false],
  ["/data//x", false],
  ["/data/", false],
  ["//data/x", false],
  ["/DATA/x", false],
] as const) {
  test(`${JSON.stringify(real)} is ${allowed ? "allowed" : "denied"} under /data`, () => {
    const decision = checkPath(DATA, real);
    assert.equal(decision.allowed, allowed);
    if (decision.allowed) assert.equal(decision.rule, "./data");
  });
}

test("no grants allow nothing, the root folder's grant allows all", () => {
  assert.equal(checkPath([], "/x").allowed, false);
  assert.equal(checkPath([{ root: "/", path: "/", except: [], written: "/" }], "/any/thing").allowed, true);
});

test("exactly the segments of the root must come first", () => {
  const segments = fc.array(fc.stringMatching(/^[ab]{1,2}$/), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(segments, segments, (root, path) => {
      const grant = { root: `/${root.join("/")}`, path: "/unused", except: [], written: "" };
      const expected = root.every((segment, index) => segment === path[index]);
      assert.equal(checkPath([grant], `/${path.join("/")}`).allowed, expected);
    }),
    { numRuns: 500 },
  );
});

test("what a grant leaves out is denied, with everything below it, and its neighbours are not", () => {
  const home = [{ root: "/home", path: "/home", except: ["/home/.cache/cordon"], written: "~" }];
  for (const path of ["/home/.cache/cordon", "/home/.cache/cordon/code/x"]) {
    assert.equal(checkPath(home, path).allowed, false, path);
  }
  for (const path of ["/home", "/home/.cache", "/home/.cache/cordons", "/home/.cache/cordon.txt"]) {
    assert.equal(checkPath(home, path).allowed, true, path);
  }
});
