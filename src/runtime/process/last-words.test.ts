import assert from "node:assert/strict";
import { test } from "node:test";
import { lastWords } from "./last-words.ts";

const STACK = `
----- Native stack trace -----

 1: 0x1d6d3e6 node::DumpNativeBacktrace(_IO_FILE*) [/usr/local/bin/node]
 2: 0x2a1d5d0 V8_Fatal(char const*, ...) [/usr/local/bin/node]

----- JavaScript stack trace -----

1: compile (file:///srv/app/node_modules/cordon/dist/bin/guest-process.js:12:3)
`;

test("an engine that gives up is quoted with its reason alone", () => {
  const cases: readonly (readonly [stderr: string, told: string])[] = [
    [
      `\n\n#\n# Fatal error in , line 0\n# Check failed: canonical_types < kMax.\n#\n#FailureMessage Object: 0x7ffd${STACK}`,
      "Check failed: canonical_types < kMax.",
    ],
    [`\n#\n# Fatal error in ../deps/v8/src/wasm/x.cc, line 8\n# unreachable code\n#${STACK}`, "unreachable code"],
    [
      `\n<--- Last few GCs --->\n\n[5:0x30d] 44 ms: Scavenge\n\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory${STACK}`,
      "Reached heap limit Allocation failed - JavaScript heap out of memory",
    ],
    [`# Fatal process out of memory: Zone\n${STACK}`, "Fatal process out of memory: Zone"],
    [STACK, ""],
    ["bwrap: Can't mkdir /home/someone/secret: Permission denied\n", "bwrap: Can't mkdir Permission denied"],
    ["cordon: 1: exec: /opt/node/bin/node: not found\n", "cordon: 1: exec: not found"],
    ["", ""],
  ];
  for (const [stderr, told] of cases) assert.equal(lastWords(stderr), told);
});

test("what hostile code wrote there is one short line that drives no terminal and names no path", () => {
  for (const stderr of [
    `\u001b[2J\u202e${"x".repeat(100_000)}`,
    "FATAL ERROR: see /etc/passwd C:\\secret file:///srv \u0007\u009b31m",
    `# Fatal error in x\n# ${"/a ".repeat(5000)}end`,
    "\ud800".repeat(1000),
  ]) {
    const told = lastWords(stderr);
    assert.ok(told.length <= 400, String(told.length));
    assert.doesNotMatch(told, /[\p{Cc}\p{Cf}\n/]|0x|\bnode:/u);
    assert.ok(told.isWellFormed());
  }
});
