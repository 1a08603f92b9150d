import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { artifactOf } from "./support/artifact.ts";
import { BareProgram } from "./support/bare.ts";
import { library } from "./support/cordon.ts";
import { calculator, fetcher, tiny } from "./support/guests.ts";
import { bareNetwork } from "./support/http-client.ts";
import { NO_PYTHON_PEER, wasmtimeCalls, wasmtimePackage } from "./support/peers.ts";
import { figure, range, type Report, times, verdict } from "./support/report.ts";
import { interleaved, ratioOfPairs, type Summary, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 200, counted: 500 };

/** The aims of a call: times the instance made by hand, and times wasmtime, made anew and made ahead. */
const AIM = { byHand: 2, wasmtime: 2, ahead: 1 } as const;

/** What makes a thread idle, so that it makes an instance ahead, in milliseconds. */
const PAUSE_MS = 5;

const CALLS_AFTER_PAUSES = { warmUp: 20, counted: 100 };

const MICROSECONDS = 1000;

const GUESTS = [
  { name: "1 MB, imports http-get (JSPI)", build: fetcher },
  { name: "1 MB, imports nothing", build: calculator },
  { name: "200 bytes, imports nothing", build: tiny },
] as const;

interface Measured {
  readonly bare: Summary;
  readonly cordon: Summary;
  readonly ratio: Summary;
}

/** One call after the other, each on a fresh instance. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const rows: string[][] = [];
  const notes: string[] = [];
  const cache = join(folder.path, "artifacts");
  for (const { name, build } of GUESTS) {
    const { bare, cordon, ratio } = await measure(await build(), cache);
    rows.push([name, figure(bare.median), figure(cordon.median), range(cordon), times(ratio.median), range(ratio)]);
  }
  notes.push(await againstByHand(cache), await afterPauses(cache));
  return {
    title: "One call on a fresh instance",
    method: `add(5, 3), ${ROUNDS.counted} paired rounds after ${ROUNDS.warmUp} warm-up rounds. Bare: the same \
plan and core modules, instantiated and called by Cordon's engine alone in one thread, with no worker and no checks.`,
    sections: [
      {
        title: "Time from call to result, µs",
        header: ["guest", "bare", "Sandbox.call", "min–max", "× bare", "min–max"],
        rows,
        notes,
      },
    ],
  };
}

async function measure(path: string, cache: string): Promise<Measured> {
  const program = new BareProgram(await artifactOf(path, cache));
  const imports = bareNetwork();
  const { Sandbox } = await library();
  await using sandbox = await Sandbox.open(path, { cache: { directory: cache } });
  const samples = await interleaved(ROUNDS, {
    bare: () => timed(() => program.call("add", [5, 3], imports)),
    cordon: () => timed(async () => (await sandbox.call("add", [5, 3])).value),
  });
  return {
    bare: summarize(samples.bare),
    cordon: summarize(samples.cordon),
    ratio: ratioOfPairs(samples.cordon, samples.bare),
  };
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const sum = await call();
  const elapsed = performance.now() - start;
  if (sum !== 8) throw new Error(`the guest added wrongly: ${String(sum)}`);
  return elapsed * MICROSECONDS;
}

/** The guest of 200 bytes, whose only core module is instantiated without Cordon's engine. */
async function againstByHand(cache: string): Promise<string> {
  const path = await tiny();
  const program = new BareProgram(await artifactOf(path, cache));
  const { Sandbox } = await library();
  await using sandbox = await Sandbox.open(path, { cache: { directory: cache } });
  const samples = await interleaved(ROUNDS, {
    byHand: () => timed(async () => Promise.resolve(program.byHand("add", [5, 3]))),
    cordon: () => timed(async () => (await sandbox.call("add", [5, 3])).value),
  });
  const byHand = figure(summarize(samples.byHand).median);
  const ratio = ratioOfPairs(samples.cordon, samples.byHand).median;
  return verdict(
    `a call of the guest of 200 bytes against its module instantiated by hand (${byHand} µs)`,
    ratio,
    AIM.byHand,
  );
}

/** Calls that come one by one, where an instance was made ahead, and wasmtime's. */
async function afterPauses(cache: string): Promise<string> {
  const path = await calculator();
  const { Sandbox } = await library();
  await using sandbox = await Sandbox.open(path, { cache: { directory: cache } });
  const { anew, ahead } = await interleaved(CALLS_AFTER_PAUSES, {
    ahead: async () => {
      await delay(PAUSE_MS);
      return timed(async () => (await sandbox.call("add", [5, 3])).value);
    },
    anew: () => timed(async () => (await sandbox.call("add", [5, 3])).value),
  });
  const [least, most] = [summarize(ahead).median, summarize(anew).median];
  const own = `1 MB, imports nothing: ${figure(most)} µs, and ${figure(least)} µs after a pause of ${PAUSE_MS} ms`;
  const version = wasmtimePackage();
  if (version === undefined) return `${own}. ${NO_PYTHON_PEER}`;
  const peer = summarize(wasmtimeCalls(path, ROUNDS.counted)["call"] ?? []).median * MICROSECONDS;
  const against = (measured: number, aim: number): string => `${times(measured / peer)} (aim ${times(aim)})`;
  return `${own}; wasmtime ${version} for Python ${figure(peer)} µs: ${against(most, AIM.wasmtime)} and ${against(least, AIM.ahead)}.`;
}
