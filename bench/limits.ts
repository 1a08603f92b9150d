import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Sandbox } from "../src/sandbox/index.ts";
import { resultOf } from "./support/child.ts";
import { library } from "./support/cordon.ts";
import type { IdleGuests } from "./support/idle-guests.ts";
import { DOOR, type Spin, SPIN_NAMES, spinner, waiter } from "./support/limit-guests.ts";
import { percentile } from "./support/percentiles.ts";
import { figure, range, type Report, type Section, verdict } from "./support/report.ts";
import { smallCalls } from "./support/small-calls.ts";
import { summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

/** How often each guest is ended each way. */
const ENDS = 100;

/** The deadline of a guest that is to reach it, and when one is cancelled, in milliseconds. */
const DEADLINE_MS = 20;

/** What the issue asks for: a guest's end is seen within this time, in milliseconds. */
const AIM_MS = 5;

const IDLE_GUESTS = 1000;
const IDLE_ROUNDS = 3;

const FAIRNESS = { rounds: 5, guests: 50, waits: 20, waitMs: 5 };

const MINUTE_MS = 60_000;
const KIB = 1024;
const NANOSECONDS = 1_000_000;

/** What limits cost, and how well they hold. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const cache = join(folder.path, "artifacts");
  return {
    title: "Limits",
    method: `Guests of a few instructions in the sandbox's own pool, which has a thread for each core. What waits and what spins \
has to share them, and the cores with this program. Late is what comes on top of the time that was set.`,
    sections: [await ends(cache), await idle(cache), await fairness(cache), await smallCalls()],
  };
}

async function ends(cache: string): Promise<Section> {
  const { Sandbox } = await library();
  await using sandbox = await Sandbox.open(await spinner(), { cache: { directory: cache } });
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const [spin, name] of Object.entries(SPIN_NAMES) as [Spin, string][]) {
    const [deadline, signal]: [number[], number[]] = [[], []];
    // The first of each finds a cold thread.
    for (let round = -5; round < ENDS; round += 1) {
      const [late, afterSignal] = [await pastDeadline(sandbox, spin), await pastSignal(sandbox, spin)];
      if (round < 0) continue;
      deadline.push(late);
      signal.push(afterSignal);
    }
    rows.push([name, ...spread(deadline), ...spread(signal)]);
    notes.push(verdict(`the end of ${name}, p99 past its deadline,`, percentile(deadline, 99), AIM_MS, milliseconds));
  }
  return {
    title: "Time to end a guest that spins, until its caller is answered with what it used, ms",
    header: ["guest", "past its deadline: p50", "p99", "max", "after a signal: p50", "p99", "max"],
    rows,
    notes: [...notes, `${ENDS} times each; the deadline is ${DEADLINE_MS} ms, and so is the time until the signal.`],
  };
}

/** How much later than its deadline a caller is answered, in milliseconds. */
async function pastDeadline(sandbox: Sandbox, spin: Spin): Promise<number> {
  const start = performance.now();
  await refused(sandbox.call(spin, [], { limits: { timeoutMs: DEADLINE_MS } }), "limit");
  return performance.now() - start - DEADLINE_MS;
}

/** How long after its signal a caller is answered, in milliseconds. */
async function pastSignal(sandbox: Sandbox, spin: Spin): Promise<number> {
  const cancel = new AbortController();
  const call = refused(sandbox.call(spin, [], { signal: cancel.signal }), "cancelled");
  await delay(DEADLINE_MS);
  const start = performance.now();
  cancel.abort();
  await call;
  return performance.now() - start;
}

async function refused(call: Promise<unknown>, expected: string): Promise<void> {
  const outcome = await call.then(
    () => "a value",
    (thrown: unknown) => (thrown as { readonly code?: unknown }).code,
  );
  if (outcome !== expected) throw new Error(`the guest ended with ${String(outcome)}, and not ${expected}`);
}

async function idle(cache: string): Promise<Section> {
  const found: IdleGuests[] = [];
  for (let round = 0; round < IDLE_ROUNDS; round += 1) {
    found.push((await resultOf("./idle-guests.ts", [cache, String(IDLE_GUESTS)])) as IdleGuests);
  }
  const row = (name: string, pick: (one: IdleGuests) => number): string[] => {
    const summary = summarize(found.map(pick));
    return [name, figure(summary.median), range(summary)];
  };
  return {
    title: `${IDLE_GUESTS.toLocaleString("en-US")} guests that sleep by wasi:clocks`,
    header: ["what", "median", "min–max"],
    rows: [
      row("guests that waited at once", ({ waiting }) => waiting),
      row("resident memory for each of them, KiB", ({ before, during, waiting }) => (during - before) / waiting / KIB),
      row("time until they all waited, ms", ({ startedMs }) => startedMs),
      row("processor while they wait, ms in a second", ({ cpuMsPerSecond }) => cpuMsPerSecond),
      row("time to end all of them, ms", ({ endedMs }) => endedMs),
    ],
    notes: [
      `${IDLE_ROUNDS} processes. Each guest has one page of memory, of which it touches a part; the processes had served some calls \
before.`,
    ],
  };
}

interface Waits {
  /** How late each wait was, in milliseconds. */
  readonly late: number[];
  /** What all waits of a guest took, in milliseconds. */
  readonly total: number[];
  /** How long it took until every guest was there, in milliseconds. */
  readonly starts: number[];
}

/** Opens when everybody has come. */
class Door {
  #missing: number = FAIRNESS.guests;
  #opened = Promise.withResolvers<void>();
  openedAt = 0;

  enter(): Promise<void> {
    const { promise, resolve } = this.#opened;
    this.#missing -= 1;
    if (this.#missing === 0) {
      this.#missing = FAIRNESS.guests;
      this.#opened = Promise.withResolvers<void>();
      this.openedAt = performance.now();
      resolve();
    }
    return promise;
  }
}

async function fairness(cache: string): Promise<Section> {
  const { Sandbox } = await library();
  const options = { cache: { directory: cache }, limits: { timeoutMs: MINUTE_MS, idleTimeoutMs: MINUTE_MS } };
  const door = new Door();
  await using waiting = await Sandbox.open(await waiter(), {
    ...options,
    grants: { clocks: { kind: "read", resolutionNs: 1 }, custom: { [DOOR.capability]: true } },
    hostFunctions: [{ ...DOOR, call: () => door.enter() }],
  });
  await using spinning = await Sandbox.open(await spinner(), options);
  const subjects: Readonly<Record<string, (to: Waits) => Promise<void>>> = {
    "timers of Node alone, no guest": inNode,
    "50 guests that wait": (to) => inGuests(waiting, door, to),
    "the same beside 1 that spins": (to) => beside(spinning, 1, () => inGuests(waiting, door, to)),
    "the same beside 2 that spin": (to) => beside(spinning, 2, () => inGuests(waiting, door, to)),
  };
  const found = new Map<string, Waits>(
    Object.keys(subjects).map((name) => [name, { late: [], total: [], starts: [] }]),
  );
  for (let round = -1; round < FAIRNESS.rounds; round += 1) {
    for (const [name, wait] of Object.entries(subjects)) {
      const counted = found.get(name);
      await wait(round < 0 || counted === undefined ? { late: [], total: [], starts: [] } : counted);
    }
  }
  const { rounds, guests, waits, waitMs } = FAIRNESS;
  return {
    title: `Fairness: ${guests} guests at once that each wait ${waits} times for ${waitMs} ms, in ms`,
    header: [
      "who",
      "a wait is late by: p50",
      "p99",
      "max",
      "all waits of a guest: p50",
      "p99",
      "max",
      "all had started",
    ],
    rows: [...found].map(([name, { late, total, starts }]) => {
      const started = starts.length === 0 ? "" : figure(summarize(starts).median);
      return [name, ...spread(late), ...spread(total), started];
    }),
    notes: [
      `${rounds} rounds. All waits of a guest take ${waits * waitMs} ms at least. They begin when all guests have started, by a host function.`,
    ],
  };
}

async function inGuests(sandbox: Sandbox, door: Door, { late, total, starts }: Waits): Promise<void> {
  const start = performance.now();
  const one = async (): Promise<void> => {
    const { value } = await sandbox.call("waits", [FAIRNESS.waits, BigInt(FAIRNESS.waitMs * NANOSECONDS)]);
    total.push(performance.now() - door.openedAt);
    const took = Array.from(value as Iterable<bigint>, (ns) => Number(ns) / NANOSECONDS);
    if (took.length !== FAIRNESS.waits) throw new Error(`a guest waited ${took.length} times`);
    late.push(...took.map((ms) => ms - FAIRNESS.waitMs));
  };
  await Promise.all(Array.from({ length: FAIRNESS.guests }, one));
  starts.push(door.openedAt - start);
}

async function inNode({ late, total }: Waits): Promise<void> {
  const one = async (): Promise<void> => {
    const start = performance.now();
    for (let again = 0; again < FAIRNESS.waits; again += 1) {
      const since = performance.now();
      await delay(FAIRNESS.waitMs);
      late.push(performance.now() - since - FAIRNESS.waitMs);
    }
    total.push(performance.now() - start);
  };
  await Promise.all(Array.from({ length: FAIRNESS.guests }, one));
}

/** Does something while so many guests spin. */
async function beside(sandbox: Sandbox, count: number, action: () => Promise<void>): Promise<void> {
  const end = new AbortController();
  const spinning = Array.from({ length: count }, () =>
    refused(sandbox.call("loop", [], { signal: end.signal, limits: { profile: "large" } }), "cancelled"),
  );
  await delay(50);
  try {
    await action();
  } finally {
    end.abort();
    await Promise.all(spinning);
  }
}

function spread(samples: readonly number[]): string[] {
  return [percentile(samples, 50), percentile(samples, 99), Math.max(...samples)].map(figure);
}

function milliseconds(value: number): string {
  return `${figure(value)} ms`;
}
