import assert from "node:assert/strict";
import { test } from "node:test";
import { hardenModule } from "../../src/hardening/harden-module.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { COMPONENT_SECTION as PART, componentOf, sectionOf } from "../support/component-bytes.ts";
import { COSTLY, costlyModule } from "../support/costly-code.ts";
import { failsWith } from "../support/errors.ts";

/**
 * Code that takes the engine's compilers, or its validation, thousands of times what it takes to read. Nothing can interrupt them, and
 * no limit of a call counts what they take, so it is refused before they see it. `scripts/compile-costs.ts` measures what is let pass.
 */

/** How large a function with each kind of code is made, in bytes, at most: less than any function may be. */
const MOST_BYTES = 1024 * 1024;

/** More of anything than any function can do with. */
const MOST_REPETITIONS = 2 ** 19;

/** Code that takes the compilers so little that a function may have as much of it as fits into it. */
const HARMLESS: ReadonlySet<string> = new Set(["additions", "constants", "multiplications", "selects", "shuffles"]);

/** As much of it as fits into the size that a function may have. */
function fullOf(name: string): Uint8Array {
  let module = costlyModule(name, 1);
  for (let count = 2; count <= MOST_REPETITIONS; count *= 2) {
    const larger = costlyModule(name, count);
    if (larger.length > MOST_BYTES) break;
    module = larger;
  }
  return module;
}

test("code that costs the engine too much for its size is refused", async () => {
  for (const name of COSTLY) {
    if (HARMLESS.has(name)) continue;
    const refused = async (): Promise<unknown> => hardenModule(fullOf(name), { meter: true });
    const reason = /units of compilation in a function|blocks within each other/;
    const error = await failsWith("limit", reason, refused());
    assert.equal(error.limit?.limit, "complexity", name);
  }
});

/** Each took the engine gigabytes or minutes, before the guest ran, or in threads that went on after its end. */
const ATTACKS: readonly (readonly [name: string, count: number])[] = [
  ["br_if with 5,000 locals", 32_000],
  ["br_if to 1,000 results, one slot off", 45_000],
  ["dead br_if to 1,000 results", 500_000],
  ["dead br_table within 5,000 blocks", 200_000],
];

for (const [name, count] of ATTACKS) {
  test(`a component of ${count} times "${name}" is refused before the engine sees it`, async () => {
    const component = componentOf(sectionOf(PART.module, costlyModule(name, count)));
    const before = process.memoryUsage.rss();
    await failsWith("limit", /units of compilation/, Sandbox.open(component, { cache: false }));
    assert.ok(process.memoryUsage.rss() - before < 256 * 1024 * 1024);
  });
}

test("a core module for preview 1 is not validated before its code is bounded", async () => {
  const module = costlyModule("dead br_if to 1,000 results", 500_000);
  await failsWith("limit", /units of compilation/, Sandbox.open(module, { cache: false }));
});
