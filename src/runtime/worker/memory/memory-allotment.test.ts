import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PAGE_BYTES } from "../../../shared/plan/page-bytes.ts";
import type { Program } from "../../messages.ts";
import { GuestMemory, type MemoryLimits } from "./guest-memory.ts";
import { initialPages, MemoryCapTooSmall, memoryMaximum } from "./memory-allotment.ts";

function programOf(modules: readonly Program["modules"][number][], instantiations: readonly string[]): Program {
  return { id: "p", modules, instantiations, heapBytes: 0, freshMemory: false, custom: [] };
}

/** One memory that starts with 3 pages. */
const ONE = programOf(
  [{ name: "m", module: {} as WebAssembly.Module, memories: [{ initialPages: 3, address64: false, shared: false }] }],
  ["m"],
);

function memoryOf(program: Program, limits: Partial<MemoryLimits>): GuestMemory {
  return new GuestMemory(program, {
    memoryBytes: 2 ** 30,
    reservedMemoryBytes: 2 ** 40,
    memoryGrowthBytesPerSecond: 2 ** 30,
    ...limits,
  });
}

const memory = fc.record(
  {
    initialPages: fc.nat(100),
    maximumPages: fc.integer({ min: 100, max: 70_000 }),
    address64: fc.boolean(),
    shared: fc.boolean(),
  },
  { requiredKeys: ["initialPages", "address64", "shared"] },
);

const program = fc.array(fc.array(memory, { maxLength: 3 }), { minLength: 1, maxLength: 5 }).chain((modules) =>
  fc.array(fc.nat(modules.length - 1), { maxLength: 10 }).map((order) =>
    programOf(
      modules.map((memories, index) => ({ name: `m${index}`, memories, module: {} as WebAssembly.Module })),
      order.map((index) => `m${index}`),
    ),
  ),
);

test("memories that start over the cap are refused, and no maximum is under its start or over what is allowed", () => {
  fc.assert(
    fc.property(program, fc.integer({ min: 0, max: 2 ** 20 }), (given, capPages) => {
      const memories = given.instantiations.flatMap(
        (name) => given.modules.find((one) => one.name === name)?.memories ?? [],
      );
      const initial = memories.reduce((sum, one) => sum + one.initialPages, 0);
      assert.equal(initialPages(given), initial);
      if (initial > capPages) {
        assert.throws(() => memoryOf(given, { memoryBytes: capPages * PAGE_BYTES }), MemoryCapTooSmall);
        return;
      }
      for (const one of memories) {
        const maximum = memoryMaximum(one, capPages);
        assert.ok(maximum >= one.initialPages && maximum <= Math.max(capPages, one.initialPages));
        assert.ok(one.maximumPages === undefined || maximum <= one.maximumPages);
        assert.ok(one.address64 || maximum <= 65_536);
      }
    }),
  );
});

test("whatever grows, the memories stay under the cap together, and what could not be had is given back", () => {
  const growth = fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.boolean()), { maxLength: 50 });
  fc.assert(
    fc.property(growth, fc.integer({ min: 4, max: 1000 }), (steps, capPages) => {
      const memory = memoryOf(ONE, { memoryBytes: capPages * PAGE_BYTES });
      let pages = 3;
      for (const [wanted, isHad] of steps) {
        const granted = memory.grow(wanted);
        assert.equal(granted, pages + wanted <= capPages);
        if (granted && isHad) pages += wanted;
        else if (granted) memory.grow(-wanted);
        assert.equal(memory.bytes, pages * PAGE_BYTES);
      }
    }),
  );
});

test("beyond what is reserved, memory grows as fast as it may", () => {
  const memory = memoryOf(ONE, { reservedMemoryBytes: 10 * PAGE_BYTES, memoryGrowthBytesPerSecond: 1 });
  assert.equal(memory.grow(7), true);
  assert.equal(memory.grow(1), false);
  const fast = memoryOf(ONE, { reservedMemoryBytes: 0, memoryGrowthBytesPerSecond: 2 ** 50 });
  assert.equal(fast.grow(100), true);
});
