import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { hasStackRoom } from "./stack-room.ts";

/** Acts at every depth that JavaScript reaches here, from the deepest up. */
function fromTheBottom(act: () => void): void {
  try {
    fromTheBottom(act);
  } catch (error) {
    // The deepest calls cannot even be made.
    if (!(error instanceof RangeError)) throw error;
  }
  act();
}

/** Takes some 16 KB of stack, and as much again on the way. */
function takeSome(): void {
  Reflect.apply(nothing, undefined, PADDING as []);
}

test("where there is room for the host, it says so", () => {
  for (let count = 0; count < 100_000; count += 1) assert.ok(hasStackRoom());
});

const PADDING: readonly number[] = Array.from({ length: 2_000 }, () => 0);
const nothing = (): void => undefined;

test("where there are not tens of kilobytes left, it refuses", () => {
  const seen = { refused: 0, passed: 0, wrong: 0 };
  fromTheBottom(() => {
    if (!hasStackRoom()) {
      seen.refused += 1;
      return;
    }
    seen.passed += 1;
    if (seen.passed > 50) return;
    try {
      takeSome();
    } catch {
      seen.wrong += 1;
    }
  });
  assert.ok(seen.refused > 100 && seen.passed > 1_000, JSON.stringify(seen));
  assert.equal(seen.wrong, 0);
});

test("it refuses there also in the code of the optimizing compiler, which leaves out what is of no use", () => {
  const flags = ["--no-liftoff", "--no-wasm-tier-up", "--test-name-pattern=tens of kilobytes left"];
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [...flags, import.meta.filename], { env, encoding: "utf8" });
  assert.match(stdout, /pass 1\b/u);
  assert.equal(status, 0, stdout);
});
