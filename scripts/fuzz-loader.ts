/**
 * Loads mutated components: `node scripts/fuzz-loader.ts [COUNT] [SEED]`, 10,000 of seed 1 by default. Every one has to load or to
 * be refused, in bounded time. Stops at the first that does not, and says which it was; the same seed gives the same mutants.
 */
import { availableParallelism } from "node:os";
import { largeComponent, smallComponents } from "../test/support/mutant-corpus.ts";
import { loadMutant, Mutants, type Outcome } from "../test/support/mutants.ts";

/** How many mutants of small components there are to each of a large one. */
const SMALL_SHARE = 10;

const [count = 10_000, seed = 1] = process.argv.slice(2).map(Number);
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(seed))
  throw new TypeError("COUNT and SEED are whole numbers");

const small = new Mutants(await smallComponents(), seed);
const large = new Mutants([await largeComponent()], seed);
const outcomes = new Map<Outcome, number>();
const started = performance.now();
let next = 0;

async function work(): Promise<void> {
  while (next < count) {
    const index = next;
    next += 1;
    const mutant = (index % (SMALL_SHARE + 1) === SMALL_SHARE ? large : small).at(index);
    const outcome = await loadMutant(mutant);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (next % 500 === 0) report();
  }
}

function report(): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  const counts = [...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(", ");
  process.stdout.write(`${next} mutants in ${seconds} s: ${counts}; ${rssText()}\n`);
}

function rssText(): string {
  return `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB resident`;
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
report();
