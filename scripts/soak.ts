/**
 * An hour of mixed good and hostile guests in one process and in processes of their own:
 * `node scripts/soak.ts [--minutes 60] [--warm-up 0] [--at-once 6]`. Memory, handles, threads and open files are sampled all the
 * while, after the minutes of warming up, and have to be flat: what the last quarter holds when few calls are in flight is compared
 * with the second. Prints a table, and exits with 1 when something grew, or when a guest did not end as it should.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CordonError } from "../src/sandbox/index.ts";
import type { SoakGuest } from "../test/support/soak-guest.ts";
import { soakGuests } from "../test/support/soak-guests.ts";

/** How many samples a run takes, and how many it has to have to be judged. */
const SAMPLES = 240;
const FEWEST_SAMPLES = 16;

/**
 * How many calls may be lost with a neighbour that was ended by force, as a share of all: on a machine that has no processor to spare, a
 * guest that would leave at its next checkpoint may not come by it in time.
 */
const MOST_LOST = 0.005;

const MIB = 1024 * 1024;

/** How many threads may be more: one that a program keeps from others has another in its place. Each has five files of its own, for its events. */
const [MORE_THREADS, FILES_OF_THREAD] = [3, 5];

/** What is sampled, and by how much it may grow from the second quarter to the last: a share, and so much besides. */
const MEASURES = {
  "resident MiB": { share: 0.1, slack: 24 },
  "heap MiB": { share: 0.1, slack: 4 },
  "outside MiB": { share: 0.1, slack: 8 },
  resources: { share: 0, slack: 6 },
  "open files": { share: 0, slack: 6 + MORE_THREADS * FILES_OF_THREAD },
  threads: { share: 0, slack: MORE_THREADS },
  processes: { share: 0, slack: 3 },
  "their MiB": { share: 0.1, slack: 48 },
  "their files": { share: 0, slack: 12 },
  "their threads": { share: 0, slack: 12 },
} as const;

type Measure = keyof typeof MEASURES;
type Sample = Readonly<Record<Measure, number>>;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    "warm-up": { type: "string", default: "0" },
    "at-once": { type: "string", default: "6" },
  },
});
const [minutes, warmUp, atOnce] = [Number(values.minutes), Number(values["warm-up"]), Number(values["at-once"])];
if (!(warmUp >= 0)) throw new TypeError("--warm-up is a number of minutes");
if (!(minutes > 0) || !Number.isSafeInteger(atOnce) || atOnce < 1) {
  throw new TypeError("--minutes is a number over 0, and --at-once a whole one");
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function sample(): Sample {
  // Garbage that was not collected yet says nothing of leaks.
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    "resident MiB": rss / MIB,
    "heap MiB": heapUsed / MIB,
    "outside MiB": external / MIB,
    resources: process.getActiveResourcesInfo().length,
    ...(process.platform === "linux" ? fromProc() : { "open files": 0, threads: 0, ...NO_PROCESSES }),
  };
}

type OfProcesses = Pick<Sample, "processes" | "their MiB" | "their files" | "their threads">;

const NO_PROCESSES: OfProcesses = { processes: 0, "their MiB": 0, "their files": 0, "their threads": 0 };

function fromProc(): OfProcesses & Pick<Sample, "open files" | "threads"> {
  const own = readdirSync("/proc/self/fd").length;
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/u.test(name) ? (statusOf(Number(name)) ?? []) : []));
  let sum = NO_PROCESSES;
  for (const one of below(process.pid, all)) {
    sum = {
      processes: sum.processes + 1,
      "their MiB": sum["their MiB"] + one.kibibytes / 1024,
      "their files": sum["their files"] + one.files,
      "their threads": sum["their threads"] + one.threads,
    };
  }
  return { "open files": own, threads: statusOf(process.pid)?.threads ?? Number.NaN, ...sum };
}

interface ProcessStatus {
  readonly pid: number;
  readonly parent: number;
  readonly threads: number;
  readonly kibibytes: number;
  readonly files: number;
}

/** Nothing of a process that has just gone. */
function statusOf(pid: number): ProcessStatus | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "mu").exec(status)?.[1] ?? 0);
    return {
      pid,
      parent: figure("PPid"),
      threads: figure("Threads"),
      kibibytes: figure("VmRSS"),
      files: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    return undefined;
  }
}

/** The children of a process, and theirs. */
function below(pid: number, all: readonly ProcessStatus[]): readonly ProcessStatus[] {
  return all.filter(({ parent }) => parent === pid).flatMap((one) => [one, ...below(one.pid, all)]);
}

/**
 * What is held in the tenth of the samples that hold least. Calls in flight hold more, and how many there are changes with how busy the
 * machine is, by whole processes; what leaked is never gone, so it is in these samples too.
 */
function atLeast(of: readonly number[]): number {
  return of.toSorted((one, other) => one - other)[Math.floor(of.length / 10)] ?? Number.NaN;
}

const tally = new Map<string, { ended: number; wrong: number; lost: number }>();
const failures: string[] = [];

async function callsOf(guests: readonly SoakGuest[], until: number, start: number): Promise<void> {
  const deck = guests.flatMap((guest) => Array.from({ length: guest.weight }, () => guest));
  // A step without a common divisor with the deck's size goes through all of it, in another order than its own.
  const step = [37, 41, 43, 47].find((prime) => deck.length % prime !== 0) ?? 1;
  for (let at = start; performance.now() < until; at += step) {
    const guest = deck[at % deck.length];
    if (guest === undefined) continue;
    const counted = tally.get(guest.name) ?? { ended: 0, wrong: 0, lost: 0 };
    tally.set(guest.name, counted);
    try {
      await guest.call();
    } catch (thrown) {
      if (thrown instanceof CordonError && thrown.code === "host" && thrown.message.includes("it was lost")) {
        counted.lost += 1;
        continue;
      }
      counted.wrong += 1;
      if (failures.length < 20) failures.push(`${guest.name}: ${String(thrown)}`);
    }
    counted.ended += 1;
  }
}

function judge(samples: readonly Sample[]): boolean {
  const quarter = Math.floor(samples.length / 4);
  let isFlat = samples.length >= FEWEST_SAMPLES;
  console.log(
    `${"".padEnd(14)}${["first", "second quarter", "third quarter", "last quarter", "most", "bound"].map((one) => one.padStart(16)).join("")}`,
  );
  for (const measure of Object.keys(MEASURES) as Measure[]) {
    const { share, slack } = MEASURES[measure];
    const of = samples.map((one) => one[measure]);
    const [second, last] = [atLeast(of.slice(quarter, 2 * quarter)), atLeast(of.slice(-quarter))];
    const bound = second * (1 + share) + slack;
    if (!(last <= bound)) isFlat = false;
    const third = atLeast(of.slice(2 * quarter, 3 * quarter));
    const shown = [of[0] ?? Number.NaN, second, third, last, Math.max(...of), bound].map((one) =>
      one.toFixed(1).padStart(16),
    );
    console.log(`${measure.padEnd(14)}${shown.join("")}${last <= bound ? "" : "  grew"}`);
  }
  return isFlat;
}

const samples: Sample[] = [];
{
  await using soak = await soakGuests();
  const began = performance.now();
  const until = began + (warmUp + minutes) * 60_000;
  // Pools, heaps and caches have their size after some time only; an hour has that time in its first quarter.
  let sampling: NodeJS.Timeout | undefined;
  const warming = setTimeout(() => {
    sampling = setInterval(() => samples.push(sample()), (minutes * 60_000) / SAMPLES);
  }, warmUp * 60_000);
  await Promise.all(Array.from({ length: atOnce }, (_, lane) => callsOf(soak.guests, until, lane * 7)));
  clearTimeout(warming);
  clearInterval(sampling);
  const wrong = [...tally.values()].reduce((sum, one) => sum + one.wrong, 0);
  const ended = [...tally.values()].reduce((sum, one) => sum + one.ended, 0);
  const lost = [...tally.values()].reduce((sum, one) => sum + one.lost, 0);
  console.log(
    `${ended} calls in ${((performance.now() - began) / 60_000).toFixed(1)} minutes, ${samples.length} samples`,
  );
  for (const [name, one] of tally) {
    const also = [one.wrong > 0 ? `, ${one.wrong} wrong` : "", one.lost > 0 ? `, and ${one.lost} lost` : ""];
    console.log(`  ${name}: ${one.ended}${also.join("")}`);
  }
  console.log(`  lost with a neighbour: ${lost}`);
  const isFlat = judge(samples);
  for (const failure of failures) console.log(failure);
  if (!isFlat) console.log(samples.length < FEWEST_SAMPLES ? "too few samples to judge" : "not flat");
  if (!isFlat || wrong > 0 || lost > ended * MOST_LOST) process.exitCode = 1;
}
