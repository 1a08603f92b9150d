import { mkdtempSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { resultOf } from "./support/child.ts";
import { calculator, largeCalculator } from "./support/guests.ts";
import type { Stages } from "./support/load-stages.ts";
import { NO_PYTHON_PEER, wasmtimeLoads, wasmtimePackage } from "./support/peers.ts";
import { figure, range, type Report, type Section, times } from "./support/report.ts";
import { summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = 7;

/** The stages without which nothing can run: the rest is what safety and the cache cost. */
const BARE = new Set(["read", "validate and plan", "compile"]);

interface Samples {
  readonly piecewise: readonly Stages[];
  readonly worker: readonly Stages[];
  readonly first: readonly Stages[];
  readonly cached: readonly Stages[];
  readonly bareCached: readonly Stages[];
}

/** The first load of a component, stage by stage, and the load from the cache. */
export async function run(): Promise<Report> {
  const sections: Section[] = [];
  for (const path of [await calculator(), await largeCalculator()]) sections.push(await load(path));
  return {
    title: "First load",
    method: `Each mode of loading in ${ROUNDS} fresh processes. The stages are also run one by one in one thread; the whole is \
Sandbox.open of the bundle, which runs the middle stages in a worker thread. Bare: ${[...BARE].join(", ")}, and nothing else.`,
    sections,
  };
}

async function load(path: string): Promise<Section> {
  const samples = await take(path);
  const bare = samples.piecewise.map((stages) => sum(stages, (stage) => BARE.has(stage)));
  const bareFirst = summarize(bare).median;
  const bareCached = summarize(samples.bareCached.map((stages) => sum(stages))).median;
  const [one] = samples.piecewise;
  const { size } = await stat(path);
  return {
    title: `A component of ${(size / 1e6).toFixed(1)} MB, ms`,
    header: ["stage", "median", "min–max", "× bare"],
    rows: [
      ...Object.keys(one ?? {}).map((name) => row(name, taken(samples.piecewise, name))),
      row("bare stages together", bare, bareFirst),
      row("in the worker: its start", taken(samples.worker, "start the worker")),
      row("in the worker: validate and plan", taken(samples.worker, "validate")),
      row("in the worker: harden and encode", taken(samples.worker, "work")),
      row("Sandbox.open, first", taken(samples.first, "open"), bareFirst),
      row("then the first call", taken(samples.first, "first call")),
      row("bare: read and compile what was kept", taken(samples.bareCached, "bare"), bareCached),
      row("Sandbox.open, cached", taken(samples.cached, "open"), bareCached),
      row("then the first call", taken(samples.cached, "first call")),
    ],
    notes: peer(path),
  };
}

async function take(path: string): Promise<Samples> {
  using folder = new TemporaryFolder();
  const fresh = (): string => mkdtempSync(join(folder.path, "cache-"));
  const samples: Record<keyof Samples, Stages[]> = { piecewise: [], worker: [], first: [], cached: [], bareCached: [] };
  const once = async (mode: string, directory: string): Promise<Stages> =>
    (await resultOf("./load-stages.ts", [mode, path, directory])) as Stages;
  for (let round = 0; round < ROUNDS; round += 1) {
    const directory = fresh();
    samples.piecewise.push(await once("piecewise", fresh()));
    samples.worker.push(await once("worker", fresh()));
    samples.first.push(await once("open", directory));
    samples.cached.push(await once("open", directory));
    samples.bareCached.push(await once("bare-cached", directory));
  }
  return samples;
}

/** A line of the table; `against` is the bare figure beside it. */
function row(name: string, values: readonly number[], against?: number): readonly string[] {
  const summary = summarize(values);
  const ratio = against === undefined ? "" : times(summary.median / against);
  return [name, figure(summary.median), range(summary), ratio];
}

/** What one stage took in each of the processes. */
function taken(from: readonly Stages[], stage: string): readonly number[] {
  return from.map((stages) => stages[stage] ?? 0);
}

function sum(stages: Stages, counted: (stage: string) => boolean = () => true): number {
  return Object.entries(stages).reduce((total, [stage, value]) => total + (counted(stage) ? value : 0), 0);
}

function peer(path: string): readonly string[] {
  const version = wasmtimePackage();
  if (version === undefined) return [NO_PYTHON_PEER];
  const { compile = [], deserialize = [] } = wasmtimeLoads(path, 2);
  const [compiled, loaded] = [summarize(compile).median, summarize(deserialize).median];
  return [
    `Peer: wasmtime ${version} for Python compiles it in ${figure(compiled)} ms and loads what it kept in ${figure(loaded)} ms.`,
  ];
}
