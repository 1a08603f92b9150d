import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { endsOf, STEPS } from "../support/stream-ends.ts";

/*
 * Two components that hold the ends of a stream, or of a future, and do with them whatever comes to their mind, in any order: read,
 * write, cancel, wait, and let go, from both sides at every step.
 */

const LETS_GO = STEPS.indexOf("lets go");

const isWriters = (step: number): boolean => step % 2 === 0;
const stepOf = (step: number): number => step >> 1;

/** Whether a side does something with an end that it has let go of. */
function usesWhatIsGone(steps: readonly number[]): boolean {
  const needsNoEnd = STEPS.indexOf("asks the set");
  return [true, false].some((writer) => {
    const own = steps.filter((step) => isWriters(step) === writer).map(stepOf);
    const gone = own.indexOf(LETS_GO);
    return gone >= 0 && own.slice(gone + 1).some((step) => step !== needsNoEnd);
  });
}

for (const kind of ["stream", "future"] as const) {
  test(`both ends of a ${kind} are read, written, cancelled and let go of in any order: it is a value or a trap`, async () => {
    await using sandbox = await Sandbox.open(await textGuest(`${kind}-ends`, endsOf(kind)), { cache: TEST_CACHE });
    const outcomeOf = async (steps: readonly number[]): Promise<unknown> => {
      const called = sandbox.call("f", [steps]);
      const [ended] = await Promise.allSettled([called]);
      if (ended.status === "fulfilled") return ended.value.value;
      return (await failsWith("trap", /./u, called)).message;
    };
    // One passes a byte to the other, whoever comes first; both see that the other has gone.
    const [copy, joins, asks, goes] = [0, 3, 4, 6];
    const [w, r] = [(step: number): number => 2 * step, (step: number): number => 2 * step + 1];
    const passes = [w(copy), r(copy), w(joins), w(asks), w(goes), r(goes)];
    assert.equal(typeof (await outcomeOf(passes)), "number");
    if (kind === "stream")
      assert.equal(typeof (await outcomeOf([r(copy), w(goes), r(joins), r(asks), r(goes)])), "number");
    let values = 0;
    const anySteps = fc.array(fc.integer({ min: 0, max: 2 * STEPS.length - 1 }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const [first, second] = [await outcomeOf(steps), await outcomeOf(steps)];
        assert.equal(first, second);
        if (usesWhatIsGone(steps)) assert.equal(typeof first, "string");
        if (typeof first === "number") values += 1;
      }),
      { numRuns: 150, seed: 11 },
    );
    assert.ok(values > 10, `only ${values} sequences came to their end`);
  });
}
