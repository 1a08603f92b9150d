import { join } from "node:path";
import { Child } from "./support/child.ts";
import { leanHttpServer } from "./support/http-guests.ts";
import { HAS_WRK, type Load, load } from "./support/load.ts";
import { figure, range, type Report, times } from "./support/report.ts";
import { ratioOfPairs, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 1, counted: 5 };

/** How long a sample runs, in seconds. */
const SECONDS = 2;

const CONNECTIONS = [1, 32];

/** `serve-http` under load, a fresh instance for each request, beside a server without a guest. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const guest = await leanHttpServer();
  const bare = new Child("./http-server.ts");
  const serving = new Child("./http-serving.ts", [guest, join(folder.path, "artifacts")]);
  try {
    const servers = { "node:http": await bare.receive(), "serve-http": await serving.receive() };
    const rows: string[][] = [];
    for (const connections of CONNECTIONS) {
      const samples = await sampled(servers, connections);
      const plain = samples.get("node:http") ?? [];
      for (const [name, loads] of samples) {
        const rate = summarize(loads.map(({ perSecond }) => perSecond));
        rows.push([
          name,
          String(connections),
          figure(rate.median),
          range(rate),
          figure(summarize(loads.map(({ p50Ms }) => p50Ms)).median),
          figure(summarize(loads.map(({ p99Ms }) => p99Ms)).median),
          times(ratio(loads, plain, (one) => one.perSecond)),
          times(ratio(loads, plain, (one) => one.p99Ms)),
        ]);
      }
    }
    const { failed } = await load(origin(servers["serve-http"]), 1, SECONDS);
    return {
      title: "Serving HTTP",
      method: `GET of ${HAS_WRK ? "wrk" : "a loop of undici"}, ${SECONDS} s a sample, ${ROUNDS.counted} rounds in turn after \
${ROUNDS.warmUp}; both servers answer the same bytes, each in a process of its own, and share the cores with the client.`,
      sections: [
        {
          title: "Requests per second, and how long they take",
          header: ["server", "connections", "per second", "min–max", "p50 ms", "p99 ms", "× per second", "× p99"],
          rows,
          notes: [
            failed === 0 ? "Every request was answered with 200." : `${failed} requests were not answered with 200.`,
          ],
        },
      ],
    };
  } finally {
    await bare.end();
    await serving.end();
  }
}

async function sampled(
  servers: Readonly<Record<string, unknown>>,
  connections: number,
): Promise<ReadonlyMap<string, readonly Load[]>> {
  const samples = new Map<string, Load[]>(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS.warmUp + ROUNDS.counted; round += 1) {
    for (const [name, port] of Object.entries(servers)) {
      const measured = await load(origin(port), connections, SECONDS);
      if (round >= ROUNDS.warmUp) samples.get(name)?.push(measured);
    }
  }
  return samples;
}

function origin(port: unknown): string {
  return `http://127.0.0.1:${String(port)}/`;
}

function ratio(loads: readonly Load[], plain: readonly Load[], of: (one: Load) => number): number {
  return ratioOfPairs(loads.map(of), plain.map(of)).median;
}
