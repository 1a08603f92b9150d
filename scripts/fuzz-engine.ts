/**
 * Holds the engine against others: `node scripts/fuzz-engine.ts [COUNT] [SEED]`, 10,000 of seed 1 by default. Generated components
 * are composed, called, and have to give what jco gives, and what wasmtime gives where its command is on the path or in
 * CORDON_WASMTIME: the same values, the same traps. Reports every one that differs and ends with 1 if there was any; the same
 * seed gives the same ones.
 */
import { compareEngines } from "../test/support/differential/engine-differential.ts";
import { isThere } from "../test/support/needs.ts";

/** After how many comparisons progress is printed. */
const ROUND = 500;

const [count = 10_000, seed = 1] = process.argv.slice(2).map(Number);
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
  throw new TypeError("COUNT and SEED are whole numbers");
}
const wasmtime = await isThere("wasmtime");
if (!wasmtime) process.stdout.write("wasmtime is not installed: without it\n");
const totals: Record<string, number> = {};
let different = 0;
for (let from = 0; from < count; from += ROUND) {
  const range = { from, to: Math.min(count, from + ROUND) };
  const { compared, differences } = await compareEngines(seed, range, { sandboxEvery: 4, jcoEvery: 2, wasmtime });
  for (const [what, number] of Object.entries(compared)) totals[what] = (totals[what] ?? 0) + number;
  for (const difference of differences) process.stdout.write(`${difference}\n`);
  different += differences.length;
  process.stdout.write(
    `${Object.entries(totals)
      .map(([what, number]) => `${what} ${number}`)
      .join(", ")}\n`,
  );
}
process.stdout.write(`${different} differences\n`);
process.exitCode = different === 0 ? 0 : 1;
