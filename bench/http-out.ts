import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Agent, Client } from "undici";
import { Child } from "./support/child.ts";
import { library } from "./support/cordon.ts";
import { leanHttpClient } from "./support/http-guests.ts";
import { figure, range, type Report, times } from "./support/report.ts";
import { interleaved, ratioOfPairs, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 4, counted: 15 };

/** Requests in a sample, one after the other. */
const REQUESTS = 50;

/** Requests of a guest through `wasi:http`, against the HTTP library that the host uses. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const server = new Child("./http-server.ts");
  const authority = `127.0.0.1:${String(await server.receive())}`;
  const origin = `http://${authority}`;
  const agent = new Agent();
  try {
    const { Sandbox } = await library();
    await using sandbox = await Sandbox.open(await leanHttpClient(), {
      cache: { directory: join(folder.path, "artifacts") },
      grants: { clocks: { kind: "read", resolutionNs: 1 }, network: { hosts: [authority] } },
    });
    const samples = await interleaved(ROUNDS, {
      "undici, a connection each": () => each(() => once(origin)),
      "undici, kept alive": () => each(() => kept(agent, origin)),
      "guest, wasi:http": async () =>
        Number((await sandbox.call("requests", [authority, REQUESTS])).value) / REQUESTS / 1000,
    });
    return {
      title: "HTTP requests of a guest",
      method: `GET of a few bytes from a server of node:http in a process of its own, on loopback; ${REQUESTS} requests one after \
the other in a sample, ${ROUNDS.counted} rounds after ${ROUNDS.warmUp}. The guest measures itself, so starting it does not count.`,
      sections: [
        {
          title: "Time of one request, µs",
          header: ["client", "median", "min–max", "× a connection each", "× kept alive"],
          rows: Object.entries(samples).map(([name, values]) => {
            const summary = summarize(values);
            const ofNew = ratioOfPairs(values, samples["undici, a connection each"]).median;
            const ofKept = ratioOfPairs(values, samples["undici, kept alive"]).median;
            return [name, figure(summary.median), range(summary), times(ofNew), times(ofKept)];
          }),
          notes: ["Each request of a guest has a connection of its own, to the address that was checked for it."],
        },
      ],
    };
  } finally {
    await agent.close();
    await server.end();
  }
}

async function each(request: () => Promise<void>): Promise<number> {
  const start = performance.now();
  for (let round = 0; round < REQUESTS; round += 1) await request();
  return ((performance.now() - start) / REQUESTS) * 1000;
}

async function once(origin: string): Promise<void> {
  const client = new Client(origin);
  try {
    const { body } = await client.request({ method: "GET", path: "/" });
    await body.text();
  } finally {
    await client.destroy();
  }
}

async function kept(agent: Agent, origin: string): Promise<void> {
  const { body } = await agent.request({ origin, method: "GET", path: "/" });
  await body.text();
}
