import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/*
 * The engine keeps every function type that it has ever read, of modules that turned out not to be valid too, and ends the process at
 * 2,000,000. Each attack has a process of its own: without the bounds, the first one aborts it.
 */

const CHILD = fileURLToPath(new URL("../support/engine-types-child.ts", import.meta.url));

function attacked(name: string): Readonly<Record<string, unknown>> {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [CHILD, name], { encoding: "utf8" });
  assert.deepEqual([status, signal], [0, null], stderr.slice(0, 2_000));
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

// Weakening: neither the steps of evaluation nor the types of a component are bounded.
test("one component of 21 modules with 99,900 types each is refused before the engine reads it, when it is inspected too", () => {
  const { opened, inspected } = attacked("at-once");
  assert.match(String(opened), /^limit complexity: .* more than \d+ steps of evaluation/);
  assert.match(String(inspected), /more than \d+ steps of evaluation/);
});

// Weakening: the types of a component are not bounded.
test("one component of more function types than real ones have is refused, and cannot run when it is inspected", () => {
  const { opened, runnable, refusal } = attacked("too-many");
  assert.match(String(opened), /^limit complexity: .* it has \d+ function types in its core modules, over/);
  assert.equal(runnable, false);
  assert.match(String(refusal), /^it has \d+ function types/);
});

// Weakening: types are not counted for the process.
test("components that are closed before the next is opened are refused in the end, with a warning before; known ones go on", () => {
  const { loads, known, refusal, apart, warnings } = attacked("one-after-the-other");
  const [half, most, refused] = loads as readonly string[];
  assert.deepEqual([half, most], ["loaded", "loaded"]);
  assert.match(
    String(refused),
    /^limit complexity: .*new to this process.*start the process anew.*isolation "process"/,
  );
  assert.equal(known, "loaded");
  assert.match(String(refusal), /new to this process/);
  assert.equal(apart, "loaded");
  const [first, second, ...others] = warnings as readonly string[];
  assert.match(String(first), /^CordonWarning: Components .*start the process anew before/);
  assert.match(String(second), /^CordonWarning: /);
  assert.deepEqual(others, []);
});

// Weakening: the types of stacks are not counted.
test("types of functions that may wait, which the engine is given for a component's stacks, count with those of its modules", () => {
  const { refused, loaded, counted } = attacked("stacks");
  assert.match(String(refused), /^limit complexity: .* it has 3\d\d function types that are new to this process/);
  assert.equal(loaded, "loaded");
  assert.ok(Number(counted) > 500_000 - 100, String(counted));
});

// Weakening: hardening has modules validated that handle exceptions, whose types are counted when they are compiled.
test("types count of modules that turn out not to be valid when they are hardened, and such are refused when there is no room", () => {
  const { invalid, counted, full, refusal, known } = attacked("invalid");
  assert.match(String(invalid), /^invalid-component/);
  assert.ok(Number(counted) > 1_000, String(counted));
  assert.match(String(full), /^limit complexity: .*new to this process/);
  assert.match(String(refusal), /new to this process/);
  assert.match(String(known), /^invalid-component/);
});
