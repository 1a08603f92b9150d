/**
 * Holds validation against `wasm-tools`: `node scripts/fuzz-validator.ts [COUNT] [SEED]`, 10,000 of seed 1 by default. Mutants of
 * the official components have to be accepted by both validators or by neither. Stops at the first that is not, writes it to a
 * file, and says which it was; the same seed gives the same mutants. Needs the suites beside the repository, and the command
 * `wasm-tools` on the path or in CORDON_WASM_TOOLS.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { unpackComponentSuite } from "../test/support/component-suite.ts";
import { DefinitionMutants } from "../test/support/definition-mutants.ts";
import { isThere } from "../test/support/needs.ts";
import { disagreement } from "../test/support/second-validator.ts";

const [count = 10_000, seed = 1] = process.argv.slice(2).map(Number);
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
  throw new TypeError("COUNT and SEED are whole numbers");
}
if (!(await isThere("second-validator"))) throw new Error("wasm-tools 1.26x is not installed");

await using suite = await unpackComponentSuite();
const corpus = suite.binaries.map(({ bytes }) => bytes).filter((bytes) => bytes.length < 20_000 && bytes[4] === 0x0d);
const mutants = new DefinitionMutants(corpus, seed);
let next = 0;

async function work(): Promise<void> {
  while (next < count) {
    const index = next;
    next += 1;
    const { how, bytes } = mutants.at(index);
    const found = await disagreement(bytes);
    if (next % 1_000 === 0) process.stdout.write(`${next} mutants\n`);
    if (found === undefined) continue;
    const path = join(tmpdir(), `disagreement-${seed}-${index}.wasm`);
    await writeFile(path, bytes);
    throw new Error(`${how}: ${found}; it is in ${path}`);
  }
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
process.stdout.write(`${count} mutants, no disagreement\n`);
