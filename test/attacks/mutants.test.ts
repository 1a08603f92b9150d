import assert from "node:assert/strict";
import { test } from "node:test";
import { largeComponent, smallComponents } from "../support/mutant-corpus.ts";
import { loadMutant, type Mutant, Mutants, type Outcome } from "../support/mutants.ts";

/** How many on each Node; `scripts/fuzz-loader.ts` does as many as one likes, of other seeds. */
const COUNT = 250;

/** One in so many is of a component of a megabyte. */
const LARGE = 50;

/**
 * Others on each Node, so that a run of all tests loads 500: but for the engine's verdict on core modules, what loads them is the
 * same code everywhere, and other mutants find more than the same ones again.
 */
const SEED = Number.parseInt(process.versions.node, 10);

test(
  `${COUNT} mutated components load or are refused, and no more than that happens`,
  { timeout: 240_000 },
  async () => {
    const small = new Mutants(await smallComponents(), SEED);
    const large = new Mutants([await largeComponent()], SEED);
    const outcomes = new Map<Outcome, number>();
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < COUNT) {
        const index = next;
        next += 1;
        const outcome = await loadMutant((index % LARGE === LARGE - 1 ? large : small).at(index));
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    await Promise.all([work(), work()]);
    // Mutants that are all refused at the first byte would show nothing.
    assert.ok((outcomes.get("loaded") ?? 0) >= 5 && (outcomes.get("invalid-component") ?? 0) >= 50);
  },
);

test("the same seed makes the same mutants", async () => {
  const corpus = await smallComponents();
  const of = (seed: number): readonly Mutant[] =>
    Array.from({ length: 20 }, (_, index) => new Mutants(corpus, seed).at(index));
  assert.deepEqual(of(1), of(1));
  assert.notDeepEqual(of(1), of(2));
});

test("what was not changed loads", async () => {
  for (const [index, bytes] of (await smallComponents()).entries()) {
    assert.equal(await loadMutant({ index, how: `component ${index}`, bytes }), "loaded");
  }
});
