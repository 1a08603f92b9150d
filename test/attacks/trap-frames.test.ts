import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

const lifted = (name: string): string => `(func (export "${name}") (canon lift (core func $i "${name}")))`;

const GUEST = `(component
  (core module $m
    (func $"evil\\1b[31m\\0a\\e2\\80\\ae" (unreachable))
    (func $deep (call $deep))
    (func (export "unnamed") (call 0))
    (func (export "endless") (call $deep))
    (func $"${"x".repeat(3_000)}" (export "long") (unreachable)))
  (core instance $i (instantiate $m))
  ${["unnamed", "endless", "long"].map(lifted).join("\n")})`;

/** A name of a megabyte, which the engine would make a text of for each frame. */
const HUGE = `(component
  (core module $m (func $"${"y".repeat(1_000_000)}" (export "long") (unreachable)))
  (core instance $i (instantiate $m))
  ${lifted("long")})`;

for (const isolation of ["thread", "process"] as const) {
  suite(`at the isolation level ${isolation}`, () => {
    test("a trap says where, in bounded and visible text, and nothing of the host", async () => {
      await using sandbox = await Sandbox.open(await textGuest("trap-frames", GUEST), { isolation, cache: TEST_CACHE });
      const framesOf = async (name: string): Promise<readonly unknown[]> => {
        const error = await failsWith("trap", /^[\P{C}]*$/u, sandbox.call(name));
        assert.doesNotMatch(JSON.stringify(error.trap), /\.ts|\.js|file:|node:/u);
        return error.trap?.frames ?? assert.fail("no frames");
      };
      assert.deepEqual(await framesOf("unnamed"), [
        { function: String.raw`evil\u{1b}[31m\n\u{202e}`, index: 0 },
        { function: undefined, index: 2 },
      ]);
      const endless = await framesOf("endless");
      assert.deepEqual(
        endless,
        Array.from({ length: 24 }, () => ({ function: "deep", index: 1 })),
      );
      assert.deepEqual(await framesOf("long"), [{ function: "x".repeat(200), index: 4 }]);
    });
  });
}

test("names that are too long are not read", async () => {
  await using sandbox = await Sandbox.open(await textGuest("trap-huge-name", HUGE), { cache: TEST_CACHE });
  const { trap } = await failsWith("trap", /in function 0$/u, sandbox.call("long"));
  assert.deepEqual(trap, { frames: [{ function: undefined, index: 0 }] });
});
