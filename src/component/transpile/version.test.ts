import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TRANSPILER_VERSION } from "./version.ts";

test("the version in artifact keys is that of the transpiler that is bundled", () => {
  const manifest = new URL("../../../node_modules/@bytecodealliance/jco-transpile/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  assert.equal(TRANSPILER_VERSION, version);
});
