import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { wasiProbe } from "../test/support/guests.ts";
import { library } from "./support/cordon.ts";
import { percentile } from "./support/percentiles.ts";
import { figure, type Report, verdict } from "./support/report.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 20, counted: 200 };

/** The aim of the 99th percentile from a right being taken back to its refusal, in milliseconds. */
const AIM_MS = 5;

/** Has the guest make host calls without end, each of which is told to the embedder, some hundred in a second: more would be a queue of events. */
const SPINS = `
  const net = wasi.network.instanceNetwork();
  for (;;) {
    attempt(() => wasi.lookup.resolveAddresses(net, "localhost")).ok?.[Symbol.dispose]?.();
    wasi.monotonicClock.subscribeDuration(500_000).block();
  }`;

/** How long it takes from a right being taken back until a guest that uses it all the time is refused. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const isolation of ["thread", "process"] as const) {
    const { refused, asked } = await measured(folder.path, isolation);
    const p99 = percentile(refused, 99);
    rows.push([
      isolation,
      figure(percentile(refused, 50)),
      figure(p99),
      figure(percentile(asked, 50)),
      figure(percentile(asked, 99)),
    ]);
    notes.push(verdict(`from revoke to refusal in a ${isolation}, p99`, p99, AIM_MS, (value) => `${figure(value)} ms`));
  }
  return {
    title: "Policies that change",
    method: `A guest calls the host every millisecond; from when another policy is in force until the event of the first refusal has come, and from setPolicy on, with the reading of the document; ${ROUNDS.counted} times after ${ROUNDS.warmUp}.`,
    sections: [
      {
        title: "From revoke to refusal, ms",
        header: ["level", "median", "p99", "from setPolicy, median", "p99"],
        rows,
        notes,
      },
    ],
  };
}

async function measured(
  folder: string,
  isolation: "thread" | "process",
): Promise<{ readonly refused: readonly number[]; readonly asked: readonly number[] }> {
  const { Sandbox } = await library();
  const [wide, narrow] = [join(folder, "wide.json"), join(folder, "narrow.json")];
  writeFileSync(wide, JSON.stringify({ version: "1.0", permissions: { lookup: ["localhost"] } }));
  writeFileSync(narrow, JSON.stringify({ version: "1.0", permissions: {} }));
  let inForce = 0;
  let seen: { readonly result: string; readonly resolve: (at: number) => void } | undefined;
  const next = (result: string): Promise<number> =>
    new Promise((resolve) => {
      seen = { result, resolve };
    });
  await using sandbox = await Sandbox.open(await wasiProbe(), {
    isolation,
    policy: wide,
    limits: { timeoutMs: 600_000, fuel: Number.MAX_SAFE_INTEGER },
    onEvent: (event) => {
      if (event.eventType === "PolicyChange") inForce = performance.now();
      if (event.action !== "ip-name-lookup.resolve-addresses" || event.result !== seen?.result) return;
      seen.resolve(performance.now());
      seen = undefined;
    },
  });
  const stop = new AbortController();
  const spinning = sandbox.call("run", [SPINS], { signal: stop.signal }).catch(() => undefined);
  const [since, asked]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS.warmUp + ROUNDS.counted; round += 1) {
    await next("Allowed");
    const refused = next("Denied");
    const from = performance.now();
    await sandbox.setPolicy(narrow);
    const at = await refused;
    since.push(at - inForce);
    asked.push(at - from);
    await sandbox.setPolicy(wide);
  }
  stop.abort();
  await spinning;
  return { refused: sorted(since), asked: sorted(asked) };
}

function sorted(all: readonly number[]): readonly number[] {
  return all.slice(ROUNDS.warmUp).toSorted((one, other) => one - other);
}
