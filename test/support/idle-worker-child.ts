/** Has guests return large texts, waits until the process is small again, and prints by how many MiB it is larger than before, as JSON. */
import { setTimeout as delay } from "node:timers/promises";
import { WorkerPool } from "../../src/runtime/threads/pool.ts";
import { jobOf, loaded, returning } from "./crossing-guests.ts";

const MIB = 1024 * 1024;

/** What counts as small, in MiB, and how long is waited for it at most, in milliseconds. */
const [SMALL, PATIENCE_MS] = [64, 30_000];

const pool = new WorkerPool(1);
const [large, small] = [await loaded(returning(60 * MIB)), await loaded(returning(16))];
await pool.run(jobOf(small));
const collected = (): number => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};
const before = collected();
await Promise.all([1, 2, 3].map(async () => (await pool.run(jobOf(large))).ending.kind));
let grown = collected() - before;
for (const since = performance.now(); grown > SMALL * MIB && performance.now() - since < PATIENCE_MS;) {
  await delay(100);
  grown = collected() - before;
}
process.stdout.write(`${JSON.stringify({ grown: Math.round(grown / MIB) })}\n`);
await pool.close();
