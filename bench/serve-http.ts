import { join } from "node:path";
import { Child } from "./support/child.ts";
import { leanHttpServer } from "./support/http-guests.ts";
import { HAS_WRK, type Load, load } from "./support/load.ts";
import { wasmtimeServer } from "./support/peers.ts";
import { figure, range, type Report, times } from "./support/report.ts";
import { ratioOfPairs, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 1, counted: 5 };

/** How long a sample runs, in seconds. */
const SECONDS = 2;

const CONNECTIONS = [1, 32];

const PEER = "wasmtime serve";

/** Where the guests of a server run, as its process is told. */
const LEVELS: Readonly<Record<string, readonly string[]>> = {
  "serve-http, threads": ["thread"],
  "serve-http, Node's flags": ["process", "off"],
  "serve-http, bubblewrap where it works": ["process", "auto"],
};

/** `serve-http` under load, a fresh instance for each request, beside a server without a guest. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const guest = await leanHttpServer();
  const bare = new Child("./http-server.ts");
  const peer = await wasmtimeServer(guest);
  const artifacts = join(folder.path, "artifacts");
  const serving = Object.entries(LEVELS).map(
    ([name, level]) => [name, new Child("./http-serving.ts", [guest, artifacts, ...level])] as const,
  );
  try {
    const servers: Record<string, unknown> = { "node:http": await bare.receive() };
    for (const [name, child] of serving) servers[name] = await child.receive();
    if (peer !== undefined) servers[PEER] = peer.port;
    const rows: string[][] = [];
    const notes: string[] = peer === undefined ? ["Peer: wasmtime is not on the PATH."] : [];
    for (const connections of CONNECTIONS) {
      const samples = await sampled(servers, connections);
      const plain = samples.get("node:http") ?? [];
      const inThreads = samples.get("serve-http, threads") ?? [];
      const ofPeer = samples.get(PEER);
      if (ofPeer !== undefined) notes.push(againstPeer(inThreads, ofPeer, connections));
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
          times(ratio(loads, inThreads, (one) => one.perSecond)),
          times(ratio(loads, inThreads, (one) => one.p50Ms)),
          times(ratio(loads, inThreads, (one) => one.p99Ms)),
        ]);
      }
    }
    let failed = 0;
    for (const name of Object.keys(LEVELS)) failed += (await load(origin(servers[name]), 1, SECONDS)).failed;
    return {
      title: "Serving HTTP",
      method: `GET of ${HAS_WRK ? "wrk" : "a loop of undici"}, ${SECONDS} s a sample, ${ROUNDS.counted} rounds in turn after \
${ROUNDS.warmUp}; all servers answer the same bytes, each in a process of its own, and share the cores with the client.`,
      sections: [
        {
          title: "Requests per second, and how long they take",
          header: [
            "server",
            "connections",
            "per second",
            "min–max",
            "p50 ms",
            "p99 ms",
            "× per second",
            "× threads",
            "× p50 of threads",
            "× p99 of threads",
          ],
          rows,
          notes: [
            ...notes,
            failed === 0 ? "Every request was answered with 200." : `${failed} requests were not answered with 200.`,
          ],
        },
      ],
    };
  } finally {
    await bare.end();
    peer?.end();
    for (const [, child] of serving) await child.end();
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

/** The aim is half of its requests per second, and at most twice its p99. */
function againstPeer(ours: readonly Load[], theirs: readonly Load[], connections: number): string {
  const rate = times(ratio(ours, theirs, (one) => one.perSecond));
  const late = times(ratio(ours, theirs, (one) => one.p99Ms));
  return `With ${connections} connections, threads against ${PEER}: ${rate} of its requests per second (aim 0.50×), ${late} of its p99 (aim 2.00×).`;
}

function origin(port: unknown): string {
  return `http://127.0.0.1:${String(port)}/`;
}

function ratio(loads: readonly Load[], plain: readonly Load[], of: (one: Load) => number): number {
  return ratioOfPairs(loads.map(of), plain.map(of)).median;
}
