/**
 * Builds what is missing and runs the benchmarks: all of them, or those named. With `--markdown`, the report is Markdown;
 * with `--json`, one JSON document.
 */
import { loadavg } from "node:os";
import { ensureBuilt } from "../scripts/ensure-built.ts";
import { resultOf } from "./support/child.ts";
import { machine } from "./support/machine.ts";
import { asMarkdown, asText, type Report } from "./support/report.ts";

const BENCHMARKS = [
  "process-start",
  "first-load",
  "call",
  "throughput",
  "memory",
  "files",
  "http-out",
  "serve-http",
  "isolation",
  "kernels",
  "limits",
  "policy",
  "policy-live",
];
const FORMATS = ["--markdown", "--json"];

const words = process.argv.slice(2);
const named = words.filter((word) => !word.startsWith("--"));
const unknown = words.find((word) => !FORMATS.includes(word) && !BENCHMARKS.includes(word));
if (unknown !== undefined) {
  process.stderr.write(
    `There is no benchmark ${unknown}; there are ${BENCHMARKS.join(", ")} (and ${FORMATS.join(", ")})\n`,
  );
  process.exit(2);
}

await ensureBuilt();
const [load = 0] = loadavg();
if (load > 0.5) {
  process.stderr.write(`The machine is busy (load ${load.toFixed(2)}): take the figures with care.\n`);
}
const reports: Record<string, Report> = {};
const show = words.includes("--markdown") ? asMarkdown : asText;
const asJson = words.includes("--json");
if (!asJson) process.stdout.write(`${words.includes("--markdown") ? "# Benchmark results\n\n" : ""}${machine()}\n\n`);
for (const name of named.length > 0 ? named : BENCHMARKS) {
  const start = performance.now();
  // Each in a process of its own, so that none inherits what another left in memory.
  const report = (await resultOf("./one.ts", [name])) as Report;
  reports[name] = report;
  if (!asJson) process.stdout.write(`${show(report)}\n`);
  process.stderr.write(`${name}: ${Math.round((performance.now() - start) / 1000)} s\n`);
}
if (asJson) process.stdout.write(`${JSON.stringify({ machine: machine(), reports }, undefined, 2)}\n`);
