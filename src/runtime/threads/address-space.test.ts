import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsAddressSpace } from "./address-space.ts";

/** What Linux gives a process, and what stacks of calls between components take of them at most. */
const [MAPPINGS, NESTED_STACKS] = [65_530, 3 * 4_096];

// Weakening: only memories are counted.
test("whatever guests have fits into the mappings of a process, and leaves a sixth of them to what is not theirs", () => {
  assert.ok(fitsAddressSpace({ guests: 3_000, memories: 3_000 }));
  assert.ok(!fitsAddressSpace({ guests: 1, memories: 8_193 }));
  for (let guests = 0; guests <= 20_000; guests += 97) {
    for (let memories = 0; memories <= 10_000; memories += 97) {
      if (!fitsAddressSpace({ guests, memories })) continue;
      const used = (guests * 3 + memories + NESTED_STACKS) * 2;
      assert.ok(used <= (MAPPINGS * 5) / 6, `${guests} guests with ${memories} memories: ${used}`);
    }
  }
});
