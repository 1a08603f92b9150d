import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { KernelPeer, type PeerMode } from "./support/kernel-peer.ts";
import { bareRun, hardenedRun, type KernelRun, meteredRun } from "./support/kernel-runs.ts";
import { buildKernel, type Kernel, KERNELS } from "./support/kernels.ts";
import { NO_PYTHON_PEER, wasmtimePackage } from "./support/peers.ts";
import { figure, range, type Report, type Section, times, verdict } from "./support/report.ts";
import { interleaved, ratioOfPairs, type Subject, type Summary, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 5, counted: 25 };

/** Rounds of the first call, each of which compiles. */
const FIRST_CALLS = 9;

/** The geometric mean of the ratios with fuel and deadlines on, and the worst of them, at most. */
const AIM = { mean: 1.1, worst: 1.6 };

/** Runs before the exported function is optimized, and as many after it. */
const TIERING_RUNS = 15;

const MICROSECONDS = 1000;

const MODES: readonly PeerMode[] = ["plain", "epoch", "fuel"];

interface Measured {
  readonly name: string;
  readonly bare: Summary;
  readonly hardened: Summary;
  readonly metered: Summary;
  readonly firstCall: Summary;
  /** The least time with fuel over the least bare one: what noise has the smallest part in. */
  readonly least: number;
  readonly unitsPerNanosecond: number;
  /** The peer's times, in microseconds, where it is installed. */
  readonly peer: Readonly<Record<PeerMode, Summary>> | undefined;
}

/** What hardening costs code that computes. */
export async function run(): Promise<Report> {
  const version = wasmtimePackage();
  await using peer = version === undefined ? undefined : new KernelPeer();
  const measured: Measured[] = [];
  const left: string[] = [];
  for (const kernel of KERNELS) {
    const bytes = await buildKernel(kernel);
    if (bytes === undefined) left.push(kernel.name);
    else measured.push(await measure(kernel, bytes, peer));
  }
  return {
    title: "Code that computes",
    method: `Core modules of one function run(n) each, ${ROUNDS.counted} rounds after the optimizing compiler was done with all \
of them; ratios are of the same round. Hardened: memories imported and tables capped. With fuel: counted as well, with the \
worker's checkpoint, deadline, processor time and turns, on a stack that can be suspended. All give the same \
results, and every run uses the same fuel. Of the \
least: the ratio of the fastest run of each. First call: of a module just compiled, whose code no optimizer has seen, compilation included.`,
    sections: [
      {
        title: "Time of a run, µs, and × bare",
        header: ["kernel", "bare", "hardened", "with fuel", "min–max", "of the least", "first call", "units/ns"],
        rows: measured.map(row),
        notes: [...verdicts(measured), ...left.map((name) => `Left out: ${name}, for want of clang and wasm-ld.`)],
      },
      ...(version === undefined ? [] : [peerSection(measured, version)]),
    ],
  };
}

function row(found: Measured): readonly string[] {
  const { name, bare, hardened, metered, least, firstCall, unitsPerNanosecond } = found;
  const ratios = [times(hardened.median), times(metered.median), range(metered), times(least), times(firstCall.median)];
  return [name, figure(bare.median), ...ratios, unitsPerNanosecond.toFixed(2)];
}

function verdicts(measured: readonly Measured[]): readonly string[] {
  const mean = geometricMean(measured.map(({ metered }) => metered.median));
  const worst = measured.toSorted((a, b) => b.metered.median - a.metered.median)[0];
  return [
    verdict("the geometric mean with fuel and deadlines on", mean, AIM.mean),
    ...(worst === undefined ? [] : [verdict(`the worst kernel ("${worst.name}")`, worst.metered.median, AIM.worst)]),
    `Geometric means: hardened without fuel ${times(geometricMean(measured.map(({ hardened }) => hardened.median)))}, with fuel \
${times(mean)}, that of the least samples ${times(geometricMean(measured.map(({ least }) => least)))}, first calls with fuel \
${times(geometricMean(measured.map(({ firstCall }) => firstCall.median)))}.`,
    ...(wasmtimePackage() === undefined ? [NO_PYTHON_PEER] : []),
  ];
}

/** Both sides beside their own engine without bounds, and beside each other. */
function peerSection(measured: readonly Measured[], version: string): Section {
  const rows = measured.flatMap(({ name, bare, metered, peer }) => {
    if (peer === undefined) return [];
    const { plain, epoch, fuel } = peer;
    const over = (one: Summary): number => one.median / plain.median;
    const ratios = [over(epoch), over(fuel), metered.median];
    const ours = bare.median * metered.median;
    return [{ name, plain: plain.median, ratios, besideFuel: ours / fuel.median, besideEpoch: ours / epoch.median }];
  });
  const mean = (pick: (one: (typeof rows)[number]) => number): string => times(geometricMean(rows.map(pick)));
  const ratioOf =
    (index: number) =>
    ({ ratios }: (typeof rows)[number]): number =>
      ratios[index] ?? Number.NaN;
  return {
    title: "The same modules in a peer, µs",
    header: ["kernel", "plain", "epochs", "fuel", "ours with fuel", "ours / its epochs", "ours / its fuel"],
    rows: rows.map(({ name, plain, ratios, besideEpoch, besideFuel }) =>
      [[name, figure(plain)], ratios.map(times), [times(besideEpoch), times(besideFuel)]].flat(),
    ),
    notes: [
      `Peer: wasmtime ${version} for Python, in the same rounds. Epochs and fuel are × its own plain time, ours × bare V8; the last \
two columns compare times.`,
      `Geometric means: its epochs ${mean(ratioOf(0))}, its fuel ${mean(ratioOf(1))}, ours with fuel ${mean(ratioOf(2))}; ours over \
its epochs ${mean(({ besideEpoch }) => besideEpoch)}, over its fuel ${mean(({ besideFuel }) => besideFuel)}.`,
    ],
  };
}

async function measure(
  kernel: Kernel,
  bytes: Uint8Array<ArrayBuffer>,
  peer: KernelPeer | undefined,
): Promise<Measured> {
  const { name, size } = kernel;
  const [bare, hardened, metered] = [bareRun(bytes), hardenedRun(bytes), meteredRun(bytes)];
  await optimized(kernel, [bare, hardened, metered]);
  const expected = await bare.run(size);
  const check = (result: number): void => {
    if (result !== expected) throw new Error(`${name} gave ${result}, and not ${expected}`);
  };
  const units: number[] = [];
  await metered.run(size);
  const fuel = metered.fuel();
  const ours = {
    bare: () => timed(bare, size, check),
    hardened: () => timed(hardened, size, check),
    metered: async () => {
      const elapsed = await timed(metered, size, check);
      if (metered.fuel() !== fuel) throw new Error(`${name} used ${metered.fuel()} units of fuel, and not ${fuel}`);
      units.push(fuel / (elapsed * MICROSECONDS));
      return elapsed;
    },
  };
  const peers = peer === undefined ? {} : await peerSubjects(peer, bytes, size, check);
  const samples: Readonly<Record<string, readonly number[]>> = await interleaved<string>(ROUNDS, { ...ours, ...peers });
  const of = (subject: string): readonly number[] => samples[subject] ?? [];
  return {
    name,
    bare: summarize(of("bare")),
    hardened: ratioOfPairs(of("hardened"), of("bare")),
    metered: ratioOfPairs(of("metered"), of("bare")),
    least: summarize(of("metered")).min / summarize(of("bare")).min,
    firstCall: await firstCalls(kernel, bytes, check),
    unitsPerNanosecond: summarize(units.slice(ROUNDS.warmUp)).median,
    peer:
      peer === undefined
        ? undefined
        : { plain: summarize(of("plain")), epoch: summarize(of("epoch")), fuel: summarize(of("fuel")) },
  };
}

async function timed(subject: KernelRun, n: number, check: (result: number) => void): Promise<number> {
  const start = performance.now();
  const answer = subject.run(n);
  const result = typeof answer === "number" ? answer : await answer;
  const elapsed = performance.now() - start;
  check(result);
  return elapsed * MICROSECONDS;
}

/** Runs until the optimizing compiler has replaced what is worth it, by what it saw, and then the exported function in any case. */
async function optimized({ size }: Kernel, subjects: readonly KernelRun[]): Promise<void> {
  for (let again = 0; again < 2 * TIERING_RUNS; again += 1) {
    for (const { run } of subjects) await run(size);
    // The compiler's threads hand their code over in between.
    await delay(1);
    if (again === TIERING_RUNS) for (const { optimize } of subjects) optimize();
  }
}

/** The ratio of first calls, with fuel over bare. */
async function firstCalls(
  { size }: Kernel,
  bytes: Uint8Array<ArrayBuffer>,
  check: (result: number) => void,
): Promise<Summary> {
  let made = 0;
  // The engine keeps the code of modules by their bytes, so no two are to have the same.
  const fresh = (): Uint8Array<ArrayBuffer> => {
    made += 1;
    return new Uint8Array(Buffer.concat([bytes, Uint8Array.of(0, 5, 1, 0x23, made, made >> 8, 0)]));
  };
  const first = (make: (bytes: Uint8Array<ArrayBuffer>) => KernelRun) => (): Promise<number> => {
    const given = fresh();
    return timed(make(given), size, check);
  };
  const rounds = { warmUp: 1, counted: FIRST_CALLS };
  const samples = await interleaved(rounds, { bare: first(bareRun), metered: first(meteredRun) });
  return ratioOfPairs(samples.metered, samples.bare);
}

async function peerSubjects(
  peer: KernelPeer,
  bytes: Uint8Array,
  size: number,
  check: (result: number) => void,
): Promise<Readonly<Record<PeerMode, Subject>>> {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "kernel.wasm");
  await writeFile(path, bytes);
  await peer.load(path);
  const subject = (mode: PeerMode) => async (): Promise<number> => {
    const { result, ms } = await peer.run(mode, size);
    check(result);
    return ms * MICROSECONDS;
  };
  return Object.fromEntries(MODES.map((mode) => [mode, subject(mode)])) as Record<PeerMode, Subject>;
}

function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}
