import { performance } from "node:perf_hooks";
import { bareExports, type CoreExports, meteredExports } from "./kernel-runs.ts";
import { smallFunctions } from "./limit-guests.ts";
import { figure, range, type Section, times } from "./report.ts";
import { interleaved, ratioOfPairs, summarize } from "./statistics.ts";

const ROUNDS = { warmUp: 20, counted: 50 };

const CALLS = 200_000;
const NANOSECONDS = 1_000_000;

const FUNCTIONS = [
  { name: "add", parameters: [5, 3], result: 8 },
  { name: "digits", parameters: [1_234_567_890, 10], result: 45 },
] as const;

/** What counting adds to a call of a small function on an instance that is warm. */
export async function smallCalls(): Promise<Section> {
  const bytes = await smallFunctions();
  const [bare, metered] = [bareExports(bytes), meteredExports(bytes)];
  const rows: string[][] = [];
  for (const { name, parameters, result } of FUNCTIONS) {
    const subject = (exports: CoreExports) => (): number => {
      const called = exports[name];
      const [first, second] = parameters;
      let last: number | undefined;
      const start = performance.now();
      for (let again = 0; again < CALLS; again += 1) last = called?.(first, second);
      const elapsed = performance.now() - start;
      if (last !== result) throw new Error(`${name} gave ${String(last)}`);
      return (elapsed / CALLS) * NANOSECONDS;
    };
    const samples = await interleaved(ROUNDS, { bare: subject(bare), metered: subject(metered) });
    const ratio = ratioOfPairs(samples.metered, samples.bare);
    const [before, after] = [summarize(samples.bare), summarize(samples.metered)];
    rows.push([name, figure(before.median), figure(after.median), times(ratio.median), range(ratio)]);
  }
  return {
    title: "A call of a small function of a core module from JavaScript, ns",
    header: ["function", "bare", "with fuel", "× bare", "min–max"],
    rows,
    notes: [`${ROUNDS.counted} rounds of ${CALLS.toLocaleString("en-US")} calls on one instance each.`],
  };
}
