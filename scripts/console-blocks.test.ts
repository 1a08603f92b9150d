import assert from "node:assert/strict";
import { test } from "node:test";
import { mismatch, shownCommands } from "./console-blocks.ts";
import { fencedBlocks } from "./fenced-blocks.ts";

const DOCUMENT = [
  "# Title",
  "```console",
  "$ cordon --version",
  "0.1.0",
  "$ cordon run a.wasm \\",
  "    add 1 2",
  "3",
  "```",
  "- in a list",
  "  ```ts continued",
  "  const a = 1;",
  "    deeper();",
  "  ```",
  "````text",
  "```",
  "````",
].join("\n");

test("blocks have their info words, their line and their content", () => {
  const blocks = fencedBlocks("a.md", DOCUMENT);
  assert.deepEqual(
    blocks.map(({ info, line, lines }) => [info, line, lines.length]),
    [
      [["console"], 3, 5],
      [["ts", "continued"], 11, 2],
      [["text"], 15, 1],
    ],
  );
  assert.deepEqual(blocks[1]?.lines, ["const a = 1;", "  deeper();"]);
  assert.throws(() => fencedBlocks("a.md", "text\n```ts\nconst a = 1;"), /a\.md:3: .*not closed/);
});

test("commands have what is shown below them", () => {
  const [block] = fencedBlocks("a.md", DOCUMENT);
  assert.ok(block !== undefined);
  assert.deepEqual(shownCommands(block), [
    { place: "a.md:3", command: "cordon --version", expected: ["0.1.0"] },
    { place: "a.md:5", command: "cordon run a.wasm \\\n    add 1 2", expected: ["3"] },
  ]);
  assert.throws(() => shownCommands({ ...block, lines: ["output first"] }), /a\.md:3: .*must start/);
});

test("output must be what is shown, line for line", () => {
  assert.equal(mismatch(["one", "two"], "one\ntwo\n"), undefined);
  assert.equal(mismatch(["", "one  ", ""], "one\n"), undefined);
  assert.equal(mismatch([], ""), undefined);
  assert.match(mismatch(["one"], "one\ntwo\n") ?? "", /from line 2 .*\(nothing\).*two/s);
  assert.match(mismatch(["one", "two"], "one\n") ?? "", /from line 2 .*two.*\(nothing\)/s);
  assert.match(mismatch(["a.c"], "abc\n") ?? "", /expected/);
  assert.match(mismatch([], "anything") ?? "", /anything/);
});

test("an ellipsis stands for what varies", () => {
  assert.equal(mismatch(["took … ms (sha256:…)"], "took 12 ms (sha256:ab)\n"), undefined);
  assert.match(mismatch(["took … ms"], "took 12 s\n") ?? "", /expected/);
  assert.equal(mismatch(["first", "…", "last"], "first\n1\n2\nlast\n"), undefined);
  assert.equal(mismatch(["first", "…", "last"], "first\nlast\n"), undefined);
  assert.equal(mismatch(["…"], ""), undefined);
  assert.match(mismatch(["first", "…", "last"], "first\n1\n2\n") ?? "", /expected/);
  assert.match(mismatch(["two … lines"], "two\nlines") ?? "", /expected/);
});
