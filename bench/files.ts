import { closeSync, mkdirSync, openSync, opendirSync, readSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Sandbox } from "../src/sandbox/index.ts";
import { artifactOf } from "./support/artifact.ts";
import { BareProgram } from "./support/bare.ts";
import { library } from "./support/cordon.ts";
import { cFileGuest, LAYOUT, leanFileGuest } from "./support/file-guests.ts";
import { idleFilesystem } from "./support/idle-filesystem.ts";
import { figure, range, type Report, times, verdict } from "./support/report.ts";
import { interleaved, ratioOfPairs, summarize } from "./support/statistics.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

const ROUNDS = { warmUp: 4, counted: 15 };

/** How long a sample of the bare calls runs, in milliseconds. */
const SAMPLE_MS = 15;

const KILOBYTES = 4 * 1024;
const MEGABYTE = 1024 * 1024;
const ENTRIES = 10_000;

/** No limit is to be reached here. */
const LIMITS = {
  maxReadBytes: 2 ** 40,
  readBytesPerSecond: 2 ** 40,
  maxWriteBytes: 2 ** 40,
  writeBytesPerSecond: 2 ** 40,
};

interface Operation {
  readonly name: string;
  /** The lean guest's export, and the C program's operation. */
  readonly export: string;
  readonly size: number;
  /** How often a sample does it. */
  readonly times: number;
  /** The same calls of `node:fs`, in this thread; with none, there is nothing to compare with. */
  readonly bare?: () => void;
  /** What the guest's time is to be at most, in multiples of the bare one. */
  readonly aim?: number;
  /** What it is to take at most, in µs, where there is nothing to compare with. */
  readonly aimUs?: number;
  /** Whether the C program does it, too. */
  readonly c: boolean;
  /** What the C program's time is to be at most, in multiples of the bare one. */
  readonly aimC?: number;
}

/** Files: the guest's own loop over `wasi:filesystem` against the same loop over `node:fs`. */
export async function run(): Promise<Report> {
  using folder = new TemporaryFolder();
  const root = join(folder.path, "root");
  fill(root);
  const cache = { directory: join(folder.path, "artifacts") };
  const { Sandbox } = await library();
  const options = {
    cache,
    limits: LIMITS,
    grants: {
      clocks: { kind: "read", resolutionNs: 1 },
      filesystem: { preopens: [{ host: root, guest: "/", write: true }] },
    },
  } as const;
  const lean = await leanFileGuest();
  const engine = new BareProgram(await artifactOf(lean, cache.directory));
  const c = await cFileGuest();
  await using sandbox = await Sandbox.open(lean, options);
  await using inC = c === undefined ? undefined : await Sandbox.open(c, options);
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const operation of operations(root)) {
    const measured = await measure(operation, { sandbox, engine, inC });
    rows.push(measured.row);
    notes.push(...measured.notes);
  }
  if (c === undefined) notes.push("The column for C is empty: there is no clang with wasi-libc.");
  return {
    title: "Files",
    method: `The guest loops and reads a clock of 1 ns before and after, so that starting it does not count; ${ROUNDS.counted} \
rounds after ${ROUNDS.warmUp}, each a fresh instance. Bare: the same calls of node:fs in one thread, into one buffer. Engine: the \
same guest and engine over host functions that do nothing, so what the engine and the copy to the guest cost by themselves. \
C: wasi-libc, through preview 1.`,
    sections: [
      {
        title: "Time of one operation, µs",
        header: ["operation", "bare", "engine alone", "guest", "× bare", "min–max", "C guest", "× bare"],
        rows,
        notes,
      },
    ],
  };
}

function fill(root: string): void {
  mkdirSync(join(root, dirname(LAYOUT.deep)), { recursive: true });
  writeFileSync(join(root, LAYOUT.deep), "");
  writeFileSync(join(root, LAYOUT.bytes), Buffer.alloc(MEGABYTE, 7));
  mkdirSync(join(root, LAYOUT.folder));
  for (let index = 0; index < ENTRIES; index += 1) writeFileSync(join(root, LAYOUT.folder, `entry-${index}`), "");
}

function operations(root: string): readonly Operation[] {
  const buffer = Buffer.alloc(MEGABYTE);
  const bytes = join(root, LAYOUT.bytes);
  const fd = openSync(bytes, "r+");
  const reads = (size: number) => () => void readSync(fd, buffer, 0, size, 0);
  const fileReads = (size: number) => () => {
    const opened = openSync(bytes, "r");
    readSync(opened, buffer, 0, size, 0);
    closeSync(opened);
  };
  const writes = (size: number) => () => void writeSync(fd, buffer, 0, size, 0);
  return [
    // Long enough that what runs is what the engine makes of code that runs often.
    { name: "a call that does nothing", export: "nothing", size: 0, times: 100_000, aimUs: 0.8, c: false },
    {
      name: "open and close, 5 folders deep",
      export: "opens",
      size: 0,
      // Long enough that what runs is what the engine makes of code that runs often, as it is for the bare calls.
      times: 3000,
      bare: () => closeSync(openSync(join(root, LAYOUT.deep), "r")),
      aim: 6,
      c: true,
    },
    { name: "read 4 KB", export: "reads", size: KILOBYTES, times: 500, bare: reads(KILOBYTES), c: true },
    { name: "read 1 MB", export: "reads", size: MEGABYTE, times: 300, bare: reads(MEGABYTE), aim: 2, c: true },
    {
      name: "the same, bare into a new buffer",
      export: "reads",
      size: MEGABYTE,
      times: 100,
      bare: () => void readSync(fd, Buffer.allocUnsafeSlow(MEGABYTE), 0, MEGABYTE, 0),
      c: false,
    },
    {
      name: "read 4 KB of a stream",
      export: "stream-reads",
      size: KILOBYTES,
      times: 500,
      bare: reads(KILOBYTES),
      c: false,
    },
    {
      name: "read 1 MB of a stream",
      export: "stream-reads",
      size: MEGABYTE,
      times: 100,
      bare: reads(MEGABYTE),
      c: false,
    },
    {
      name: "open, read 4 KB, close",
      export: "file-reads",
      size: KILOBYTES,
      times: 300,
      bare: fileReads(KILOBYTES),
      c: true,
    },
    {
      name: "open, read 1 MB, close",
      export: "file-reads",
      size: MEGABYTE,
      times: 100,
      bare: fileReads(MEGABYTE),
      c: true,
    },
    { name: "write 4 KB", export: "writes", size: KILOBYTES, times: 500, bare: writes(KILOBYTES), c: true },
    { name: "write 1 MB", export: "writes", size: MEGABYTE, times: 100, bare: writes(MEGABYTE), c: true },
    {
      name: `list a folder of ${ENTRIES.toLocaleString("en-US")}`,
      export: "lists",
      size: ENTRIES,
      times: 1,
      bare: () => list(join(root, LAYOUT.folder)),
      c: true,
      aimC: 8,
    },
  ];
}

function list(path: string): void {
  const folder = opendirSync(path);
  let found = 0;
  while (folder.readSync() !== null) found += 1;
  folder.closeSync();
  if (found !== ENTRIES) throw new Error(`the folder has ${found} entries`);
}

interface Guests {
  readonly sandbox: Sandbox;
  readonly engine: BareProgram;
  readonly inC: Sandbox | undefined;
}

async function measure(
  operation: Operation,
  { sandbox, engine, inC }: Guests,
): Promise<{ readonly row: string[]; readonly notes: readonly string[] }> {
  const { name, size, times: count, bare, aim, aimUs, aimC } = operation;
  const each = (nanoseconds: unknown): number => Number(nanoseconds) / count / 1000;
  const none = Number.NaN;
  const samples = await interleaved(ROUNDS, {
    bare: () => (bare === undefined ? 1 : loop(bare)),
    engine: async () => each(await engine.call(camelCased(operation.export), [count, size], idleFilesystem(ENTRIES))),
    guest: async () => each((await sandbox.call(operation.export, [count, size])).value),
    c: async () => (inC === undefined || !operation.c ? 1 : each(await ofTheCGuest(inC, operation))),
  });
  const [of, ofEngine, ofGuest, ofC] = [samples.bare, samples.engine, samples.guest, samples.c].map(summarize);
  const ratio = ratioOfPairs(samples.guest, samples.bare);
  const isCompared = bare !== undefined;
  const hasC = inC !== undefined && operation.c;
  const ratioC = ratioOfPairs(samples.c, samples.bare).median;
  return {
    row: [
      name,
      isCompared ? figure(of?.median ?? none) : "",
      figure(ofEngine?.median ?? none),
      figure(ofGuest?.median ?? none),
      isCompared ? times(ratio.median) : "",
      isCompared ? range(ratio) : "",
      hasC ? figure(ofC?.median ?? none) : "",
      hasC ? times(ratioC) : "",
    ],
    notes: [
      ...(aim === undefined ? [] : [verdict(name, ratio.median, aim)]),
      ...(aimUs === undefined ? [] : [verdict(name, ofGuest?.median ?? none, aimUs, microseconds)]),
      ...(aimC === undefined || !hasC ? [] : [verdict(`${name}, from C`, ratioC, aimC)]),
    ],
  };
}

function microseconds(value: number): string {
  return `${figure(value)} µs`;
}

/** Samples of both sides take about as long, so that what else the machine does falls on both alike. */
function loop(work: () => void): number {
  const start = performance.now();
  let done = 0;
  let elapsed = 0;
  do {
    work();
    done += 1;
    elapsed = performance.now() - start;
  } while (elapsed < SAMPLE_MS);
  return (elapsed / done) * 1000;
}

async function ofTheCGuest(sandbox: Sandbox, { export: what, size, times: count }: Operation): Promise<number> {
  const { exitCode, stdout } = await sandbox.execute([what, String(count), String(size)]);
  if (exitCode !== 0) throw new Error(`the C guest's ${what} exited with ${exitCode}`);
  return Number(Buffer.from(stdout).toString("utf8"));
}

function camelCased(name: string): string {
  return name.replaceAll(/-(.)/g, (_all, letter: string) => letter.toUpperCase());
}
