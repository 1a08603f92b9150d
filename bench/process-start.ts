import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { timeProcess } from "./support/child.ts";
import { COMMAND, DEMO_SKILL } from "./support/cordon.ts";
import { calculator } from "./support/guests.ts";
import { wasmtimeCommand } from "./support/peers.ts";
import { figure, range, type Report, times, verdict } from "./support/report.ts";
import { interleaved, ratioOfPairs, type Subject, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 3, counted: 25 };

/** The aims of the whole process: this many times `node -e 0`, or less. */
const AIM = { skill: 3, adding: 2.5 } as const;

/** The whole process, from spawn to exit, with everything cached. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  // Not the root of the repository, and no cache but our own.
  const options = { cwd: folder.path, env: { ...process.env, XDG_CACHE_HOME: join(folder.path, "cache") } };
  const node =
    (...parameters: readonly string[]): Subject =>
    () =>
      timeProcess(process.execPath, parameters, options);
  const adding = await calculator();
  const peer = peerSubject(adding, folder.path, options);
  const subjects: Record<string, Subject> = {
    "node -e 0": node("-e", "0"),
    "cordon --version": node(COMMAND, "--version"),
    "cordon run, the demo skill": node(COMMAND, "run", DEMO_SKILL),
    "cordon run, add(5, 3)": node(COMMAND, "run", adding, "add", "5", "3"),
  };
  if (peer !== undefined) subjects["wasmtime run, add(5, 3), compiled ahead"] = peer;
  const samples = await interleaved(ROUNDS, subjects);
  const bare = samples["node -e 0"] ?? [];
  const against = (name: string): number => ratioOfPairs(samples[name] ?? [], bare).median;
  return {
    title: "Whole process, warm cache",
    method: `Spawn to exit, ${ROUNDS.counted} paired rounds after ${ROUNDS.warmUp} that warm the caches.`,
    sections: [
      {
        title: "Wall time of the process, ms",
        header: ["process", "median", "min–max", "× node -e 0", "min–max"],
        rows: Object.entries(samples).map(([name, values]) => {
          const [summary, ratios] = [summarize(values), ratioOfPairs(values, bare)];
          return [name, figure(summary.median), range(summary), times(ratios.median), range(ratios)];
        }),
        notes: [
          verdict("cordon run on the demo skill against node -e 0", against("cordon run, the demo skill"), AIM.skill),
          verdict("cordon run of add(5, 3) against node -e 0", against("cordon run, add(5, 3)"), AIM.adding),
          ...(peer === undefined ? ["Peer: wasmtime is not on the PATH."] : []),
        ],
      },
    ],
  };
}

function peerSubject(
  component: string,
  folder: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Subject | undefined {
  const command = wasmtimeCommand();
  if (command === undefined) return undefined;
  const compiled = join(folder, "calculator.cwasm");
  execFileSync(command, ["compile", component, "-o", compiled]);
  return () => timeProcess(command, ["run", "--allow-precompiled", "--invoke", "add(5, 3)", compiled], options);
}
