import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { WASI_TYPES_FILE, wasiTypesText } from "../../scripts/generate-wasi-types.ts";
import { wasiInterface } from "./wasi-interface.ts";

test("the table of WASI's types is what the official WIT gives", async () => {
  assert.equal(await readFile(WASI_TYPES_FILE, "utf8"), await wasiTypesText());
});

const call = (): { tag: "ok"; val: undefined } => ({ tag: "ok", val: undefined });

test("an interface or function that WASI does not have cannot be declared", () => {
  assert.throws(() => wasiInterface("wasi:io/nothing", {}), /no interface/);
  assert.throws(() => wasiInterface("wasi:io/poll", { direct: { nothing: call } }), /no function/);
});
