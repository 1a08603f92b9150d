import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { checkTarget } from "../src/host/net/check.ts";
import { ACCESS } from "../src/policy/storage/access.ts";
import { parseGrants } from "../src/policy/parsing/parse-grants.ts";
import { ruleIndex } from "../src/policy/storage/rule-index.ts";
import { ROOT } from "../scripts/exec.ts";
import { percentile } from "./support/percentiles.ts";
import { figure, type Report, type Section, verdict } from "./support/report.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const COUNTS = [10, 1_000, 10_000];

/** Decisions of one measurement, and how often it is made. */
const [DECISIONS, ROUNDS] = [20_000, 15];

/** Pairs of runs of the command, one under a policy and one with the same as flags. */
const PAIRS = 21;

/** What the issue asks for: a decision with 1,000 rules, in microseconds; and what a policy adds to a start, in milliseconds. */
const [AIM_US, AIM_START_MS] = [1, 3];

/** What a decision costs with few rules and with many, and what a policy adds to the start of a run. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  return {
    title: "Policies",
    method: `Decisions on a path and on a host that differ each time, half of them denied, in this process; the median of ${ROUNDS} times ${DECISIONS}. \
Starts are whole runs of the command, in pairs, one after the other.`,
    sections: [decisions(), starts(folder.path)],
  };
}

function decisions(): Section {
  const notes: string[] = [];
  const rows = COUNTS.map((count) => {
    const files = parseGrants(
      {
        filesystem: {
          allow: Array.from({ length: count / 2 }, (_, rule) => ({
            uri: `fs:///none/${rule}/**/*.txt`,
            access: ["read"],
          })),
          deny: Array.from({ length: count / 2 }, (_, rule) => `fs:///none/${rule}/secrets/**`),
          preopens: ["/"],
        },
      },
      { cwd: "/" },
    );
    const rules = files.filesystemRead[0]?.rules;
    if (rules === undefined) throw new Error("there are no rules");
    const index = ruleIndex(rules);
    const path = medianUs((at) => {
      const folder = at % 2 === 0 ? "a/b" : "secrets";
      return (index.of(`/none/${at % (count / 2)}/${folder}/file-${at}.txt`).rights & ACCESS.read) !== 0;
    });
    const { network } = parseGrants(
      {
        network: {
          allow: Array.from({ length: count / 2 }, (_, rule) => `https://*.${rule}.example.com`),
          deny: Array.from({ length: count / 2 }, (_, rule) => `https://bad.${rule}.example.com`),
        },
      },
      { cwd: "/" },
    );
    const host = medianUs((at) => {
      const name = at % 2 === 0 ? "good" : "bad";
      return checkTarget(network, { scheme: "https", host: `${name}.${at % (count / 2)}.example.com`, port: 443 })
        .allowed;
    });
    if (count === 1_000) notes.push(verdict("a path with 1,000 rules", path, AIM_US, (value) => `${figure(value)} us`));
    return [String(count), figure(path), figure(host)];
  });
  notes.push("A host is brought into its one form first, by the URL parser, which is most of what it takes.");
  return { title: "Decisions, in microseconds", header: ["rules", "path", "host"], rows, notes };
}

function medianUs(decide: (at: number) => boolean): number {
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    let allowed = 0;
    for (let at = 0; at < DECISIONS; at += 1) allowed += decide(at) ? 1 : 0;
    samples.push(((performance.now() - start) * 1_000) / DECISIONS);
    if (allowed !== DECISIONS / 2) throw new Error(`${allowed} of ${DECISIONS} were allowed`);
  }
  return percentile(samples, 50);
}

function starts(folder: string): Section {
  writeFileSync(join(folder, "demo.txt"), "demo");
  const document = 'version: "1.0"\npermissions: {storage: {allow: [{uri: "fs://demo.txt", access: [read]}]}}\n';
  writeFileSync(join(folder, "policy.yaml"), document, { mode: 0o644 });
  const skill = join(ROOT, "dist/assets/skills/demo-trusted.wasm");
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache") };
  const time = (flag: string): number => {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, [join(ROOT, "dist/bin/cordon.js"), "run", flag, skill], {
      cwd: folder,
      env,
    });
    if (status !== 0) throw new Error(`the command exited with ${String(status)}`);
    return performance.now() - start;
  };
  const [byFlag, byPolicy] = ["--allow-storage=read=fs://demo.txt", "--policy=policy.yaml"];
  const first = [time(byFlag), time(byPolicy)][1] ?? 0;
  const pairs = Array.from({ length: PAIRS }, (_, pair) => {
    // Which comes first changes, so that neither has the better place.
    const both = pair % 2 === 0 ? [time(byFlag), time(byPolicy)] : [time(byPolicy), time(byFlag)].toReversed();
    return { flags: both[0] ?? 0, policy: both[1] ?? 0 };
  });
  const added = percentile(
    pairs.map(({ flags, policy }) => policy - flags),
    50,
  );
  const flags = percentile(
    pairs.map((pair) => pair.flags),
    50,
  );
  return {
    title: "Starts, in milliseconds",
    header: ["with flags", "added by the same as a policy", "the first time, whole"],
    rows: [[figure(flags), figure(added), figure(first)]],
    notes: [verdict("what a policy adds", added, AIM_START_MS, (value) => `${figure(value)} ms`)],
  };
}
