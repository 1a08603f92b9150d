import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { SandboxOptions } from "../src/sandbox/index.ts";
import { library } from "./support/cordon.ts";
import { calculator } from "./support/guests.ts";
import { figure, range, type Report, times } from "./support/report.ts";
import { interleaved, ratioOfPairs, type Summary, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const OPENINGS = { warmUp: 2, counted: 15 };
const CALLS = { warmUp: 200, counted: 500 };

const MICROSECONDS = 1000;

const LEVELS: Readonly<Record<string, SandboxOptions>> = {
  thread: { isolation: "thread" },
  "process, Node's flags": { isolation: "process", osSandbox: "off" },
  "process, bubblewrap where it works": { isolation: "process", osSandbox: "auto" },
};

/** What a process costs that a thread does not: to open a sandbox, for its first call, and for every other. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const cache = { directory: join(folder.path, "artifacts") };
  const path = await calculator();
  const { Sandbox } = await library();

  const first: Record<string, number[]> = {};
  const open = async (name: string, options: SandboxOptions): Promise<number> => {
    const start = performance.now();
    await using sandbox = await Sandbox.open(path, { ...options, cache });
    const opened = performance.now();
    await sandbox.call("add", [5, 3]);
    (first[name] ??= []).push(performance.now() - opened);
    return opened - start;
  };
  const opening = await interleaved(
    OPENINGS,
    byLevel((name, options) => () => open(name, options)),
  );

  const sandboxes = await Promise.all(
    Object.entries(LEVELS).map(
      async ([name, options]) => [name, await Sandbox.open(path, { ...options, cache })] as const,
    ),
  );
  const calls = await interleaved(
    CALLS,
    Object.fromEntries(
      sandboxes.map(([name, sandbox]) => [
        name,
        async () => {
          const start = performance.now();
          await sandbox.call("add", [5, 3]);
          return (performance.now() - start) * MICROSECONDS;
        },
      ]),
    ),
  );
  for (const [, sandbox] of sandboxes) await sandbox.close();

  const baseline = calls["thread"] ?? [];
  return {
    title: "Isolation levels",
    method: `The 1 MB guest that imports nothing, from the cache. Opened and closed ${OPENINGS.counted} times, with one call; \
add(5, 3) in ${CALLS.counted} paired rounds after ${CALLS.warmUp}.`,
    sections: [
      {
        title: "Time to open a sandbox and for its first call, ms; for a call after that, µs",
        header: ["level", "open", "min–max", "first call", "call", "min–max", "× thread"],
        rows: Object.keys(LEVELS)
          .map((name) => {
            const [opened, began, called] = [opening, first, calls].map((samples) => summaryOf(samples, name));
            const ratio = ratioOfPairs(calls[name] ?? [], baseline);
            return [...shown(opened), figure(began?.median ?? 0), ...shown(called), times(ratio.median)];
          })
          .map((row, index) => [Object.keys(LEVELS)[index] ?? "", ...row]),
        notes: [],
      },
    ],
  };
}

function byLevel<T>(make: (name: string, options: SandboxOptions) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(LEVELS).map(([name, options]) => [name, make(name, options)]));
}

function summaryOf(samples: Readonly<Record<string, readonly number[]>>, name: string): Summary {
  return summarize(samples[name] ?? []);
}

function shown(summary: Summary | undefined): readonly string[] {
  return summary === undefined ? ["", ""] : [figure(summary.median), range(summary)];
}
