import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";

/*
 * The engine has one table for the functions of all modules of a process, of 16,777,216 entries, and ends the process for want of one. An
 * empty function takes 4 bytes of a component.
 */

const CHILD = fileURLToPath(new URL("../support/live-functions-child.ts", import.meta.url));

let attacked: Readonly<Record<string, unknown>>;

before(() => {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", CHILD], { encoding: "utf8" });
  assert.deepEqual([status, signal], [0, null], stderr.slice(0, 2_000));
  attacked = JSON.parse(stdout) as typeof attacked;
});

// Weakening: the functions of a component are not bounded.
test("one component of more functions than real ones have is refused", () => {
  assert.match(
    String(attacked["tooMany"]),
    /^limit complexity: .* it has \d+ functions in its core modules, over the bound of 150000$/,
  );
});

// Weakening: functions are not counted for the process, or not given back when their sandbox is closed.
test("components that are open at once are refused when the process has no room for their functions, until others are closed", () => {
  const { second, again, third, afterwards, isCounted } = attacked;
  const refused = /^limit complexity: .*its core modules have \d+ functions.*of the 8000000.*isolation "process"$/;
  assert.match(String(second), refused);
  assert.equal(again, "loaded");
  assert.match(String(third), refused);
  assert.equal(afterwards, "loaded");
  assert.equal(isCounted, true);
});
