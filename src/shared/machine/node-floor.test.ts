import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isSupportedNode, NODE_FLOOR } from "./node-floor.ts";

function textOf(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
}

test("versions are compared as numbers", () => {
  for (const version of ["24.21.0", "24.100.1", "25.0.0", "100.0.0", "27.0.0-nightly20270101"]) {
    assert.ok(isSupportedNode(version), version);
  }
  for (const version of ["24.20.9", "24.3.0", "22.99.0", "9.30.0", "0.12.18", ""]) {
    assert.ok(!isSupportedNode(version), version);
  }
});

test("the package, the Node it is tested on and the documentation name the same floor", () => {
  const { engines, devDependencies } = JSON.parse(textOf("package.json")) as Record<string, Record<string, string>>;
  assert.equal(engines?.["node"], `>=${NODE_FLOOR}.0`);
  assert.equal(devDependencies?.["node-floor"], `npm:node@${NODE_FLOOR}.0`);
  for (const path of ["README.md", "docs/sdk.md"]) {
    assert.ok(textOf(path).includes(`Node.js ${NODE_FLOOR} or later`), path);
  }
});
