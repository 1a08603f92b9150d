import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { parseGrants } from "../../src/policy/parsing/parse-grants.ts";
import type { Ended } from "../../src/runtime/pending.ts";
import { WorkerPool } from "../../src/runtime/threads/pool.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits/limits.ts";
import { RUN, type WaitingProgram, waitingProgram } from "../support/waiting-program.ts";

/** What becomes of the calls beside a guest that waits, spins or is ended. */

interface GuestOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly started?: () => void;
}

/** Runs a guest that nothing but its thread's end stops where it spins. */
async function asGuest(
  pool: WorkerPool,
  does: WaitingProgram,
  { timeoutMs = 20_000, signal, started = () => undefined }: GuestOptions = {},
): Promise<Ended> {
  const program = await waitingProgram(does);
  return pool.run({
    program,
    invocation: {
      programId: program.id,
      generation: 1,
      target: RUN,
      parameters: [],
      programArguments: ["guest"],
      grants: parseGrants({}, { cwd: "/" }),
      limits: { ...DEFAULT_LIMITS, timeoutMs },
    },
    signal,
    started,
    observe: () => undefined,
  });
}

const RETURNED = { kind: "value", value: undefined } as const;

test("more guests that wait than workers hold all run", { timeout: 60_000 }, async () => {
  const pool = new WorkerPool(1);
  const waiting = Array.from({ length: 600 }, () => asGuest(pool, { waitMs: 500 }));
  for (const { ending } of await Promise.all(waiting)) assert.deepEqual(ending, RETURNED);
  await pool.close();
});

test("guests are not started while others hold more memory than there is room for", { timeout: 30_000 }, async () => {
  const pool = new WorkerPool(2, { memoryRoom: 3 * 2 ** 20 });
  const begun = performance.now();
  const calls = Array.from({ length: 8 }, () => asGuest(pool, { waitMs: 200, pages: 31 }));
  for (const { ending } of await Promise.all(calls)) assert.deepEqual(ending, RETURNED);
  // Two hold 4 MiB, so the eight of them come in four pairs.
  assert.ok(performance.now() - begun >= 4 * 199, `${performance.now() - begun}`);
  // However much it is, one guest alone runs.
  const large = await asGuest(pool, { pages: 100 });
  assert.deepEqual(large.ending, RETURNED);
  await pool.close();
});

test("a call that was sent behind a guest that came back to spin runs, once, when that one is ended", async () => {
  const pool = new WorkerPool(1);
  const spinning = asGuest(pool, { waitMs: 30, spins: true }, { timeoutMs: 500 });
  const behind = Array.from({ length: 20 }, (_, n) => asGuest(pool, { waitMs: n * 10 }));
  // Those that waited on the same thread may be lost with it, which is said.
  for (const { ending } of await Promise.all(behind)) {
    if (ending.kind !== "lost") assert.deepEqual(ending, RETURNED);
  }
  assert.deepEqual((await spinning).ending, { kind: "deadline" });
  assert.deepEqual((await asGuest(pool, {})).ending, RETURNED);
  await pool.close();
});

test("a call that moved to another worker does not make that worker forget those it holds", async () => {
  const pool = new WorkerPool(2);
  const abort = new AbortController();
  await Promise.all([asGuest(pool, {}), asGuest(pool, {})]);
  const comesBack = asGuest(pool, { waitMs: 20, spins: true }, { timeoutMs: 2000 });
  const keepsBusy = asGuest(pool, { busy: 100_000 });
  await asGuest(pool, { waitMs: 40 }, { timeoutMs: 1000 });
  const moved = asGuest(pool, {});
  const held = asGuest(pool, { waitMs: 600, spins: true }, { signal: abort.signal });
  assert.deepEqual((await keepsBusy).ending, RETURNED);
  assert.deepEqual((await moved).ending, RETURNED);
  abort.abort(new Error("enough"));
  assert.equal((await held).ending.kind, "cancelled");
  assert.equal((await comesBack).ending.kind, "deadline");
  const after = await Promise.all(Array.from({ length: 4 }, () => asGuest(pool, { waitMs: 700 })));
  for (const { ending } of after) assert.deepEqual(ending, RETURNED);
  await pool.close();
});

test("more programs than a worker can keep end none of its guests", { timeout: 60_000 }, async () => {
  const pool = new WorkerPool(1);
  const abort = new AbortController();
  const waiting = asGuest(pool, { waitMs: 60_000 }, { signal: abort.signal, timeoutMs: 60_000 });
  for (let round = 0; round < 150; round += 1) assert.deepEqual((await asGuest(pool, {})).ending, RETURNED);
  abort.abort();
  assert.equal((await waiting).ending.kind, "cancelled");
  await pool.close();
});

test("aborting calls at any moment loses no later call, and the process stays for it", async () => {
  const pool = new URL("../../src/runtime/threads/pool.ts", import.meta.url).href;
  const policy = new URL("../../src/policy/grants.ts", import.meta.url).href;
  const limits = new URL("../../src/shared/limits/limits.ts", import.meta.url).href;
  const support = new URL("../support/waiting-program.ts", import.meta.url).href;
  // In a process of its own: what is tested is that nothing lets it end while a call is queued.
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { WorkerPool } from ${JSON.stringify(pool)};
     import { NO_GRANTS as grants } from ${JSON.stringify(policy)};
     import { DEFAULT_LIMITS as limits } from ${JSON.stringify(limits)};
     const pool = new WorkerPool(1);
     import { RUN, waitingProgram } from ${JSON.stringify(support)};
     const program = await waitingProgram({});
     const invocation = { programId: program.id, generation: 1, target: RUN, parameters: [], programArguments: ["guest"], grants, limits };
     const run = (signal) => pool.run({ program, invocation, signal, observe: () => undefined });
     for (let round = 0; round < 200; round += 1) {
       const abort = new AbortController();
       const call = run(abort.signal);
       for (let turn = 0; turn < round % 7; turn += 1) await new Promise(setImmediate);
       abort.abort();
       await call;
       const { ending } = await run();
       if (ending.kind !== "value") throw new Error(JSON.stringify(ending));
     }
     console.log("all answered");`,
  ]);
  assert.equal(stdout, "all answered\n");
});

// Weakening: the pool does not look at what instances take of the heap.
test("a worker holds no more guests than its heap has room for instances of; the next one waits for an end", async () => {
  const pool = new WorkerPool(1);
  const heapBytes = 60 * 1024 * 1024;
  const abort = new AbortController();
  const first = asGuest(pool, { waitMs: 60_000, heapBytes }, { signal: abort.signal });
  const second = asGuest(pool, { waitMs: 60_000, heapBytes }, { signal: abort.signal });
  // When this one has run, both wait, and the thread is free for another.
  await asGuest(pool, {});
  let isStarted = false;
  const third = asGuest(pool, { heapBytes }, { started: () => (isStarted = true) });
  assert.equal(isStarted, false);
  abort.abort();
  await Promise.all([first, third]);
  assert.equal(isStarted, true);
  await pool.close();
  await second;
});
