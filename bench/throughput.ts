import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Sandbox } from "../src/sandbox/index.ts";
import { artifactOf } from "./support/artifact.ts";
import { BareProgram } from "./support/bare.ts";
import { Child } from "./support/child.ts";
import { library } from "./support/cordon.ts";
import { calculator, fetcher } from "./support/guests.ts";
import { bareNetwork, get } from "./support/http-client.ts";
import { figure, range, type Report, type Section, times, verdict } from "./support/report.ts";
import { interleaved, ratioOfPairs, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

/** How long each sample of the calls per second runs, in milliseconds. */
const SAMPLE_MS = 600;

const GUESTS = 200;
const WAIT_MS = 100;

/** The aim for all waiting guests together, in milliseconds. */
const AIM_MS = 300;

/** Many calls at once: calls per second, and guests that wait. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const cache = join(folder.path, "artifacts");
  return {
    title: "Many calls at once",
    method: `Calls per second over ${SAMPLE_MS} ms, and ${GUESTS} guests that each wait for a loopback server which \
answers after ${WAIT_MS} ms. The server runs in a process of its own.`,
    sections: [
      await callsPerSecond("Calls per second, 1 MB guest that imports http-get (JSPI)", await fetcher(), cache),
      await callsPerSecond("Calls per second, 1 MB guest that imports nothing", await calculator(), cache),
      await waitingGuests(cache),
    ],
  };
}

async function callsPerSecond(title: string, path: string, cache: string): Promise<Section> {
  const program = new BareProgram(await artifactOf(path, cache));
  const imports = bareNetwork();
  await using sandbox = await open(path, cache);
  const ours = (): Promise<unknown> => sandbox.call("add", [5, 3]);
  const bare = "bare, one thread, 1 at once";
  const samples = await interleaved(
    { warmUp: 1, counted: 5 },
    {
      [bare]: () => rate(1, () => program.call("add", [5, 3], imports)),
      "Sandbox.call, 1 at once": () => rate(1, ours),
      "Sandbox.call, 8 at once": () => rate(8, ours),
      "Sandbox.call, 64 at once": () => rate(64, ours),
    },
  );
  return {
    title,
    header: ["calls", "median", "min–max", "× bare"],
    rows: Object.entries(samples).map(([name, values]) => {
      const summary = summarize(values);
      const ratio = ratioOfPairs(values, samples[bare] ?? []);
      return [name, figure(summary.median), range(summary), times(ratio.median)];
    }),
    notes: [
      "More is better. The pool has a thread for each core; bare, V8's collector already uses a part of a second one.",
    ],
  };
}

/** Keeps `atOnce` calls going for a while and returns how many ended in a second. */
async function rate(atOnce: number, call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let done = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - start < SAMPLE_MS) {
      await call();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return done / ((performance.now() - start) / 1000);
}

async function waitingGuests(cache: string): Promise<Section> {
  const path = await fetcher();
  const program = new BareProgram(await artifactOf(path, cache));
  const imports = bareNetwork();
  const server = new Child("./slow-server.ts");
  const origin = `127.0.0.1:${String(await server.receive())}`;
  const url = `http://${origin}/wait/${WAIT_MS}`;
  try {
    await using sandbox = await open(path, cache, origin);
    const samples = await interleaved(
      { warmUp: 2, counted: 10 },
      {
        "requests alone, undici": () => all(() => get(url)),
        "bare guests, one thread": () => all(() => program.call("fetchText", [url], imports)),
        "Sandbox.call": () => all(async () => (await sandbox.call("fetch-text", [url])).value),
      },
    );
    const total = summarize(samples["Sandbox.call"]);
    return {
      title: `${GUESTS} at once, each waiting ${WAIT_MS} ms, ms in all`,
      header: ["who waits", "median", "min–max", "× requests alone", "× bare guests"],
      rows: Object.entries(samples).map(([name, values]) => {
        const summary = summarize(values);
        const alone = ratioOfPairs(values, samples["requests alone, undici"]).median;
        const bare = ratioOfPairs(values, samples["bare guests, one thread"]).median;
        return [name, figure(summary.median), range(summary), times(alone), times(bare)];
      }),
      notes: [
        verdict(`the time of ${GUESTS} waiting guests`, total.median, AIM_MS, (value) => `${Math.round(value)} ms`),
      ],
    };
  } finally {
    await server.end();
  }
}

/** Does something for all guests at once and returns the time in milliseconds until the last is done. */
async function all(one: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const answers = await Promise.all(Array.from({ length: GUESTS }, one));
  const elapsed = performance.now() - start;
  if (!answers.every((answer) => answer === "waited")) throw new Error("a guest did not get its answer");
  return elapsed;
}

async function open(path: string, cache: string, host?: string): Promise<Sandbox> {
  const { Sandbox } = await library();
  const grants = host === undefined ? {} : { network: { hosts: [host] } };
  return Sandbox.open(path, { cache: { directory: cache }, grants });
}
