import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { commandText } from "../../../test/support/command-guests.ts";
import { textGuest } from "../../../test/support/guests.ts";
import { digestOf } from "../digest.ts";
import { prepare } from "../prepare.ts";
import { withDirectCalls } from "./direct-calls.ts";

const BLOCKING = ["blocking-write-and-flush", "blocking-read"].map(
  (name, index) => `wasi:io/streams#[method]${index === 0 ? "output" : "input"}-stream.${name}`,
);

async function glueOf(text: string): Promise<string> {
  const component = await readFile(await textGuest("direct-calls", text));
  return (await prepare({ component, digest: await digestOf(component), blocking: BLOCKING, sharedMemory: false }))
    .glue;
}

test("every host function of the transpiler's glue is called directly, and its log is gone", async () => {
  const glue = await glueOf(commandText(""));
  const trampolines = glue.match(/\n *_trampoline\d+\.fnName = '/g)?.length ?? 0;
  assert.ok(trampolines >= 5);
  assert.equal(glue.match(/_trampoline\d+\.isDirect = true;/g)?.length, trampolines);
  assert.equal(glue.match(/_suspendingDirectly\(_trampoline\d+, \d+, /g)?.length, trampolines);
  assert.equal(glue.match(/= function\* \(/g)?.length, 2, "the two that may wait");
  assert.doesNotMatch(glue, /JCO_DEBUG/);
});

test("glue of another form is left alone", () => {
  for (const glue of [
    "",
    "return function instantiate() {}",
    "function _lowerImportBackwardsCompat(args) { return 1; }",
  ]) {
    assert.equal(withDirectCalls(glue), glue);
  }
});
