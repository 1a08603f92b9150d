import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Program } from "../messages.ts";
import { allotMemory, MemoryCapTooSmall, PAGE_BYTES } from "./memory-allotment.ts";

function programOf(modules: readonly Program["modules"][number][], instantiations: readonly string[]): Program {
  return { id: "p", glue: "", modules, instantiations, preview1: false, imports: [], custom: [] };
}

const memory = fc.record(
  {
    initialPages: fc.nat(100),
    maximumPages: fc.integer({ min: 100, max: 70_000 }),
    address64: fc.boolean(),
  },
  { requiredKeys: ["initialPages", "address64"] },
);

const program = fc.array(fc.array(memory, { maxLength: 3 }), { minLength: 1, maxLength: 5 }).chain((modules) =>
  fc.array(fc.nat(modules.length - 1), { maxLength: 10 }).map((order) =>
    programOf(
      modules.map((memories, index) => ({ name: `m${index}`, memories, module: {} as WebAssembly.Module })),
      order.map((index) => `m${index}`),
    ),
  ),
);

test("maxima add up to the cap at most, and each lies between its initial size and its own maximum", () => {
  fc.assert(
    fc.property(program, fc.integer({ min: 0, max: 2 ** 34 }), (given, cap) => {
      const memories = given.instantiations.map(
        (name) => given.modules.find((one) => one.name === name)?.memories ?? [],
      );
      const initial = memories.flat().reduce((sum, one) => sum + one.initialPages, 0);
      if (initial > Math.floor(cap / PAGE_BYTES)) {
        assert.throws(() => allotMemory(given, cap), MemoryCapTooSmall);
        return;
      }
      const maxima = allotMemory(given, cap);
      assert.ok(maxima.flat().reduce((sum, one) => sum + one, 0) * PAGE_BYTES <= cap);
      for (const [index, instance] of memories.entries()) {
        for (const [position, { initialPages, maximumPages, address64 }] of instance.entries()) {
          const allotted = maxima[index]?.[position] ?? Number.NaN;
          assert.ok(allotted >= initialPages);
          assert.ok(maximumPages === undefined || allotted <= maximumPages);
          assert.ok(address64 || allotted <= 65_536);
        }
      }
    }),
  );
});

test("a single memory gets the whole cap", () => {
  const one = programOf(
    [{ name: "m", module: {} as WebAssembly.Module, memories: [{ initialPages: 3, address64: false }] }],
    ["m"],
  );
  assert.deepEqual(allotMemory(one, 100 * PAGE_BYTES), [[100]]);
});
