import { GUARD_NAMESPACE, MEMORY_NAMESPACE } from "../src/shared/hardening-profile.ts";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { artifactOf } from "./support/artifact.ts";
import { timeProcess } from "./support/child.ts";
import { COMMAND, DEMO_SKILL } from "./support/cordon.ts";
import { calculator } from "./support/guests.ts";
import { wasmtimeCommand } from "./support/peers.ts";
import { figure, range, type Report, times, verdict } from "./support/report.ts";
import { interleaved, ratioOfPairs, type Subject, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 3, counted: 25 };

/** The aim of the whole process: this many times `node -e 0`, or less. */
const AIM = 3;

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
    "node, the demo skill's artifact, bare": node(await bareScript(folder.path)),
    "cordon --version": node(COMMAND, "--version"),
    "cordon run, the demo skill": node(COMMAND, "run", DEMO_SKILL),
    "cordon run, add(5, 3)": node(COMMAND, "run", adding, "add", "5", "3"),
  };
  if (peer !== undefined) subjects["wasmtime run, add(5, 3), compiled ahead"] = peer;
  const samples = await interleaved(ROUNDS, subjects);
  const bare = samples["node -e 0"] ?? [];
  const ratio = ratioOfPairs(samples["cordon run, the demo skill"] ?? [], bare);
  return {
    title: "Whole process, warm cache",
    method: `Spawn to exit, ${ROUNDS.counted} paired rounds after ${ROUNDS.warmUp} that warm the caches. \
The bare script reads the same transpiled files, compiles them and calls the export, in one thread with no checks.`,
    sections: [
      {
        title: "Wall time of the process, ms",
        header: ["process", "median", "min–max", "× node -e 0", "min–max"],
        rows: Object.entries(samples).map(([name, values]) => {
          const [summary, ratios] = [summarize(values), ratioOfPairs(values, bare)];
          return [name, figure(summary.median), range(summary), times(ratios.median), range(ratios)];
        }),
        notes: [
          verdict("cordon run on the demo skill against node -e 0", ratio.median, AIM),
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

/** A module whose `c` and `m`, of an i32 each, let a metered module go on, and its memory grow. */
// prettier-ignore
const ALWAYS_ON: readonly number[] = [
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 3, 2, 0, 0, 7, 9, 2, 1, 0x63, 0, 0, 1, 0x6d, 0, 1,
  10, 15, 2, 8, 0, 0x41, 0x80, 0x80, 0x80, 0x80, 4, 0x0b, 4, 0, 0x41, 1, 0x0b,
];

/** A script that does with the demo skill what the command does, and nothing else. */
async function bareScript(folder: string): Promise<string> {
  const { glue, modules, instantiations } = await artifactOf(DEMO_SKILL, join(folder, "artifacts"));
  const parts = join(folder, "bare");
  mkdirSync(parts);
  for (const { name, bytes } of modules) writeFileSync(join(parts, name), bytes);
  const memories = instantiations.map((name) => modules.find((module) => module.name === name)?.memories ?? []);
  const script = join(parts, "bare.mjs");
  writeFileSync(
    script,
    `import { readFileSync } from "node:fs";
    const instantiate = (() => {${glue}\n})();
    const memories = ${JSON.stringify(memories)};
    const { c: checkpoint, m: grow } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.of(${ALWAYS_ON.join()}))).exports;
    const guard = { checkpoint, grow };
    const denied = async () => { throw Object.assign(new Error(), { payload: "denied" }); };
    const exports = await instantiate(
      (name) => new WebAssembly.Module(readFileSync(new URL(name, import.meta.url))),
      {
        "sandbox:skill/filesystem-read": { readFile: denied },
        "sandbox:skill/filesystem-write": { writeFile: denied },
        "sandbox:skill/network": { httpGet: denied, httpPost: denied },
      },
      (module, given) => {
        const own = memories.shift().map(({ initialPages }) => new WebAssembly.Memory({ initial: initialPages, maximum: 2048 }));
        const named = Object.fromEntries(own.map((memory, position) => ["m" + position, memory]));
        const counter = new WebAssembly.Global({ value: "i32", mutable: true }, 2 ** 30);
        const ours = { ${JSON.stringify(MEMORY_NAMESPACE)}: named, ${JSON.stringify(GUARD_NAMESPACE)}: { ...guard, counter } };
        return new WebAssembly.Instance(module, { ...given, ...ours });
      },
    );
    process.stdout.write(await exports["sandbox:skill/skill"].run());`,
  );
  return script;
}
