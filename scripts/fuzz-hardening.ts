/**
 * Compares generated modules, bare and metered: `node scripts/fuzz-hardening.ts [--count 10000] [--seed 1] [--features plain]`.
 * Reports every module that behaves differently, by its seed, and ends with 1 if there was any.
 */
import { parseArgs } from "node:util";
import { type FeatureSet, moduleGenerator } from "../test/support/generated-modules.ts";
import { compare } from "../test/support/hardening-differential.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    features: { type: "string" },
  },
});

/** Most of those with legacy exceptions mix both encodings, which the engine refuses. */
const ALL: readonly FeatureSet[] = ["plain", "exceptions", "collected"];
const generator = await moduleGenerator();
const outcomes = { same: 0, skipped: 0, different: 0 };
const first = Number(values.seed);
try {
  for (let seed = first; seed < first + Number(values.count); seed += 1) {
    const features = ALL.find((one) => one === values.features) ?? ALL[seed % ALL.length] ?? "plain";
    const outcome = compare(generator.generate(seed, features), { collected: features !== "plain" });
    if (typeof outcome === "string") {
      outcomes[outcome] += 1;
    } else {
      outcomes.different += 1;
      console.log(`seed ${seed}, ${features}: ${outcome.difference}`);
    }
  }
} finally {
  generator.dispose();
}
console.log(`${outcomes.same} the same, ${outcomes.skipped} skipped, ${outcomes.different} different`);
process.exitCode = outcomes.different === 0 ? 0 : 1;
