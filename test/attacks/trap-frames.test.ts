import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Sandbox, type TrapFrame } from "../../src/sandbox/index.ts";
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

/** Some members of a frame. */
function partly(frame: TrapFrame | undefined, expected: Partial<TrapFrame>): void {
  for (const [name, value] of Object.entries(expected)) assert.equal(frame?.[name as keyof TrapFrame], value);
}

for (const isolation of ["thread", "process"] as const) {
  suite(`at the isolation level ${isolation}`, () => {
    test("a trap says where, in bounded and visible text, and nothing of the host", async () => {
      await using sandbox = await Sandbox.open(await textGuest("trap-frames", GUEST), { isolation, cache: TEST_CACHE });
      const framesOf = async (name: string): Promise<readonly TrapFrame[]> => {
        const error = await failsWith("trap", /^[\P{C}]*$/u, sandbox.call(name));
        assert.doesNotMatch(JSON.stringify(error.trap), /\.ts|\.js|file:|node:/u);
        return error.trap?.frames ?? assert.fail("no frames");
      };
      const [evil, unnamed, ...others] = await framesOf("unnamed");
      assert.deepEqual(others, []);
      partly(evil, { function: String.raw`evil\u{1b}[31m\n\u{202e}`, index: 0, module: 0 });
      partly(unnamed, { function: undefined, index: 2, module: 0 });
      const endless = await framesOf("endless");
      assert.equal(endless.length, 24);
      for (const frame of endless) partly(frame, { function: "deep", index: 1 });
      const long = await framesOf("long");
      assert.equal(long.length, 1);
      partly(long[0], { function: "x".repeat(200), index: 4 });
    });
  });
}

test("names that are too long are not read", async () => {
  await using sandbox = await Sandbox.open(await textGuest("trap-huge-name", HUGE), { cache: TEST_CACHE });
  const { trap } = await failsWith("trap", /in function 0 at 0x[0-9a-f]+$/u, sandbox.call("long"));
  assert.equal(trap?.frames.length, 1);
  partly(trap?.frames[0], { function: undefined, index: 0 });
});
