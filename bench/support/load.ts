import { execFile, spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { Agent } from "undici";

const run = promisify(execFile);

/** Whether the load comes from wrk; else it comes from a loop in this process. */
export const HAS_WRK: boolean = spawnSync("wrk", ["--version"], { stdio: "ignore" }).error === undefined;

/** How a server answered. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests that were not answered with 200. */
  readonly failed: number;
}

/** Keeps a number of connections busy with GET requests for a while. */
export function load(url: string, connections: number, seconds: number): Promise<Load> {
  return HAS_WRK ? loadOfWrk(url, connections, seconds) : loadOfLoop(url, connections, seconds);
}

async function loadOfWrk(url: string, connections: number, seconds: number): Promise<Load> {
  const { stdout } = await run("wrk", ["--latency", "-t1", `-c${connections}`, `-d${seconds}s`, url]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const failed = [/Non-2xx or 3xx responses: (\d+)/, /Socket errors: .*read (\d+)/, /timeout (\d+)/]
    .map((pattern) => Number(pattern.exec(stdout)?.[1] ?? 0))
    .reduce((total, one) => total + one, 0);
  return { perSecond, p50Ms: quantile(stdout, 50), p99Ms: quantile(stdout, 99), failed };
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

function quantile(output: string, percent: number): number {
  const [, value, unit = ""] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, "m").exec(output) ?? [];
  return Number(value) * (UNITS[unit] ?? Number.NaN);
}

async function loadOfLoop(url: string, connections: number, seconds: number): Promise<Load> {
  const agent = new Agent({ connections });
  const { origin, pathname } = new URL(url);
  const took: number[] = [];
  let failed = 0;
  const start = performance.now();
  const client = async (): Promise<void> => {
    while (performance.now() - start < seconds * 1000) {
      const sent = performance.now();
      const { statusCode, body } = await agent.request({ origin, method: "GET", path: pathname });
      await body.text();
      took.push(performance.now() - sent);
      if (statusCode !== 200) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  const perSecond = took.length / ((performance.now() - start) / 1000);
  await agent.close();
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.floor(took.length * share)] ?? Number.NaN;
  return { perSecond, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}
