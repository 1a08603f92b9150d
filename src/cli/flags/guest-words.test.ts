import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { partGuestWords } from "./guest-words.ts";
import { addRunOptions } from "./run-options.ts";

const RUN = addRunOptions(new Command("run"));

/** The guest's words of a command line, or the message that refuses it. */
function guestWords(...words: readonly string[]): readonly string[] | string {
  const { guest, problem } = partGuestWords(["run", ...words], RUN);
  return problem?.message ?? guest;
}

test("what follows the export is the guest's", () => {
  assert.deepEqual(guestWords("x.wasm", "add", "1", "2"), ["1", "2"]);
  assert.deepEqual(guestWords("--allow-fs-read", "x.wasm", "--timeout", "5s", "--clock", "add", "1"), ["1"]);
  assert.deepEqual(guestWords("--env=A=1", "--env", "B=2", "x.wasm", "-", "1"), ["1"]);
  assert.deepEqual(guestWords("x.wasm", "--clock"), []);
});

test("numbers, and what comes behind --, are arguments whatever they look like", () => {
  const numbers = ["-5", "-0.5", "-.5", "-5e-3", "-inf", "-", "", "{-1}"];
  assert.deepEqual(guestWords("x.wasm", "f", ...numbers), numbers);
  assert.deepEqual(guestWords("x.wasm", "f", "1", "--", "--clock", "--", "-x"), ["1", "--clock", "--", "-x"]);
  assert.deepEqual(partGuestWords(["run", "x.wasm", "--", "f", "--clock"], RUN).own, [
    "run",
    "x.wasm",
    "--",
    "f",
    "--clock",
  ]);
});

// Weakening: flags are taken wherever they stand.
test("an argument that looks like a flag is refused, with both ways out", () => {
  const all = RUN.options.flatMap(({ long }) => (typeof long === "string" ? [long, `${long}=x`] : []));
  assert.ok(all.length > 60);
  for (const word of [...all, "-x", "-infinite", "--help", "-h", "-V", "--x y", "- x", "-\u001b[2J"]) {
    for (const before of [[], ["1"], ["-1"]]) {
      const message = String(guestWords("--clock", "x.wasm", "f", ...before, word, "2"));
      assert.match(message, /^Cannot take "[^\n]*" after "f", .*move it before "f".*or put -- before the arguments/u);
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(message, /\u001b/u);
    }
  }
});
