import { join } from "node:path";
import { performance } from "node:perf_hooks";
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

/** The aim of a call through the sandbox: this many times the bare one, or less. */
const AIM = 1.5;

const MICROSECONDS = 1000;

const GUESTS = [
  { name: "1 MB, imports http-get (JSPI)", build: fetcher, aim: true },
  { name: "1 MB, imports nothing", build: calculator, aim: true },
  { name: "200 bytes, imports nothing", build: tiny, aim: false },
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
  for (const { name, build, aim } of GUESTS) {
    const { bare, cordon, ratio } = await measure(await build(), join(folder.path, "artifacts"));
    rows.push([name, figure(bare.median), figure(cordon.median), range(cordon), times(ratio.median), range(ratio)]);
    if (aim) notes.push(verdict(`a call of the guest "${name}"`, ratio.median, AIM));
  }
  return {
    title: "One call on a fresh instance",
    method: `add(5, 3), ${ROUNDS.counted} paired rounds after ${ROUNDS.warmUp} warm-up rounds. Bare: the same \
plan and core modules, instantiated and called by the engine alone in one thread, with no worker and no checks.`,
    sections: [
      {
        title: "Time from call to result, µs",
        header: ["guest", "bare", "Sandbox.call", "min–max", "× bare", "min–max"],
        rows,
        notes: [...notes, ...(await peer())],
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

async function peer(): Promise<readonly string[]> {
  const version = wasmtimePackage();
  if (version === undefined) return [NO_PYTHON_PEER];
  const { median } = summarize(wasmtimeCalls(await calculator(), ROUNDS.counted)["call"] ?? []);
  return [
    `Peer: wasmtime ${version} for Python, the 1 MB guest that imports nothing: ${figure(median * MICROSECONDS)} µs.`,
  ];
}
