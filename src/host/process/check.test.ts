import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { ProcessGrant } from "../../policy/grants.ts";
import { checkCommand } from "./check.ts";
import { requestProblem, requestResource } from "./run-request.ts";

const COMMANDS: ProcessGrant = {
  kind: "commands",
  commands: [
    { name: "git", path: "/usr/bin/git" },
    { name: "/bin/ls", path: "/usr/bin/busybox" },
    { name: "/usr/bin/git", path: "/opt/other" },
  ],
};

test("nothing may be started without a grant", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom("/bin/sh", "git", "")), (command) => {
      assert.equal(checkCommand({ kind: "none" }, command).allowed, false);
    }),
    { numRuns: 50 },
  );
});

test("a granted command is known by its name, or by its real path", () => {
  assert.deepEqual(checkCommand(COMMANDS, "git"), { allowed: true, path: "/usr/bin/git", pinned: true, name: "git" });
  // A name wins over a path.
  assert.deepEqual(checkCommand(COMMANDS, "/usr/bin/git"), {
    allowed: true,
    path: "/opt/other",
    pinned: true,
    name: "/usr/bin/git",
  });
});

test("a program of many names gets the one that was granted, however it was called", () => {
  for (const command of ["/bin/ls", "/usr/bin/busybox"]) {
    const decision = checkCommand(COMMANDS, command);
    assert.deepEqual(decision, { allowed: true, path: "/usr/bin/busybox", pinned: true, name: "/bin/ls" });
  }
});

test("no other text means a granted command", () => {
  const others = ["Git", "git ", " git", "./git", "git\0", "git\n", "bin/git", "/usr/bin/../bin/git", "/usr//bin/git"];
  for (const command of [...others, "/usr/bin/git/", "ls", "", "constructor", "/bin/sh"]) {
    assert.equal(checkCommand(COMMANDS, command).allowed, false, command);
  }
});

test("the full grant takes absolute paths only", () => {
  assert.deepEqual(checkCommand({ kind: "full" }, "/bin/sh"), {
    allowed: true,
    path: "/bin/sh",
    pinned: false,
    name: "/bin/sh",
  });
  for (const command of ["sh", "./sh", "../bin/sh", "", "~/sh"]) {
    assert.equal(checkCommand({ kind: "full" }, command).allowed, false, command);
  }
});

test("arguments are bounded in number and length", () => {
  assert.equal(requestProblem("c", ["", "a b", "$(x)", "é"]), undefined);
  assert.equal(
    requestProblem(
      "c",
      Array.from({ length: 4_096 }, () => ""),
    ),
    undefined,
  );
  assert.match(
    requestProblem(
      "c",
      Array.from({ length: 4_097 }, () => ""),
    ) ?? "",
    /more than 4096 arguments/,
  );
  assert.equal(requestProblem("c", ["x".repeat(131_071)]), undefined);
  assert.match(requestProblem("c", ["x".repeat(131_072)]) ?? "", /argument 1 is longer/);
  assert.match(requestProblem("c", ["é".repeat(65_536)]) ?? "", /argument 1 is longer/);
  assert.match(
    requestProblem(
      "c",
      Array.from({ length: 3 }, () => "x".repeat(100_000)),
    ) ?? "",
    /arguments are longer/,
  );
  assert.match(requestProblem("c".repeat(200_000), []) ?? "", /the command is longer/);
  assert.match(requestProblem("c", ["a", "b\0c"]) ?? "", /argument 2 has a NUL/);
  assert.match(requestProblem("c\0", []) ?? "", /the command has a NUL/);
  assert.match(requestProblem("c", ["\ud800"]) ?? "", /not valid Unicode/);
});

const LONG = "x".repeat(1_000);

test("what an event shows of a request is bounded, however much there is", () => {
  assert.equal(requestResource("git", ["log", 'a "b"', "\u001b"]), String.raw`git "log" "a \"b\"" "\u001b"`);
  const many = Array.from({ length: 1_000_000 }, () => LONG);
  assert.equal(requestResource("git", many).length, 4_096);
  assert.equal(requestResource("\ud800".repeat(10_000), []).length, 4_096);
});
