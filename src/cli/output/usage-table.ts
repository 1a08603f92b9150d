import type { Usage } from "../../shared/limits/usage.ts";
import { table } from "./table.ts";

/** What a run used, for people: one line for each figure that is known. */
export function usageLines(usage: Usage): readonly string[] {
  const rows: (readonly [string, string])[] = [
    ["fuel", shownCount(usage.fuel, "unit")],
    ["time", shownMs(usage.wallMs)],
    ["time on the processor", shownMs(usage.cpuMs)],
    ["memory, at most", usage.memoryHighWaterBytes === undefined ? "" : shownBytes(usage.memoryHighWaterBytes)],
    ["bytes read", usage.readBytes === undefined ? "" : shownBytes(usage.readBytes)],
    ["bytes written", usage.writtenBytes === undefined ? "" : shownBytes(usage.writtenBytes)],
    ["handles, at most", shownCount(usage.handlesHighWater, "")],
    ["host calls", shownCount(usage.hostCalls, "")],
    ...[...callsByInterface(usage)].map(([name, count]) => [`  ${name}`, shownCount(count, "")] as const),
    ["accesses denied", shownCount(usage.denials, "")],
  ];
  return table(rows.map(([name, figure]) => [name, figure === "" ? "unknown" : figure]));
}

/** Host calls by interface, the most called first. */
function callsByInterface({ hostCallsByFunction }: Usage): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [label, count] of Object.entries(hostCallsByFunction)) {
    const name = label.split("#", 1)[0] ?? label;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return new Map([...counts].sort(([, one], [, other]) => other - one));
}

function shownBytes(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  const size = bytes / 1024 ** power;
  return `${power === 0 ? size : size.toFixed(1)} ${["B", "KiB", "MiB", "GiB"][power] ?? ""}`;
}

function shownMs(milliseconds: number | undefined): string {
  return milliseconds === undefined ? "" : `${milliseconds.toFixed(milliseconds < 100 ? 1 : 0)} ms`;
}

function shownCount(count: number | undefined, unit: string): string {
  if (count === undefined) return "";
  const figure = count.toLocaleString("en-US");
  return unit === "" ? figure : `${figure} ${unit}${count === 1 ? "" : "s"}`;
}
