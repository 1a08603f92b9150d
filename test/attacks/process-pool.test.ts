import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import type { Ended } from "../../src/runtime/pending.ts";
import { runLoad } from "../../src/component/load/load.ts";
import type { PortableProgram } from "../../src/runtime/process/messages.ts";
import { ProcessPool, type ProcessPoolOptions } from "../../src/runtime/process/pool.ts";
import { loadPortable } from "../../src/sandbox/loading/program.ts";
import { beginReading } from "../../src/sandbox/loading/source.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits/limits.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { coreFunction } from "../support/text-guests.ts";

/*
 * How many guest processes there are, and for how long: real processes, in pools with bounds of their own.
 */

/** Every process that this one has started, in order. */
const started: ChildProcess[] = [];
const onStart = (message: unknown): void => void started.push((message as { readonly process: ChildProcess }).process);
before(() => diagnostics.subscribe("child_process", onStart));
after(() => void diagnostics.unsubscribe("child_process", onStart));

/** Waits for the end of a process that nobody else waits for. */
async function gone(child: ChildProcess | undefined): Promise<void> {
  assert.ok(child !== undefined, "it was started");
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await once(child, "exit");
}

function isThere(child: ChildProcess | undefined): boolean {
  return child?.exitCode === null && child.signalCode === null;
}

/** A pool, and what it has started. */
function poolOf(options: ProcessPoolOptions): {
  readonly pool: ProcessPool;
  readonly at: (n: number) => ChildProcess | undefined;
} {
  const first = started.length;
  return { pool: new ProcessPool({ osSandbox: "off", ...options }), at: (n) => started[first + n] };
}

/** A program that computes for ever or not at all; each one that is loaded is another to the pool. */
async function program(body = ""): Promise<PortableProgram> {
  const path = await textGuest("pooled", coreFunction(body));
  return (await runLoad((load) => loadPortable(beginReading(path), { cache: TEST_CACHE }, [], load))).program;
}

const SPIN = "(loop $l (br $l))";

async function run(pool: ProcessPool, ran: PortableProgram, signal?: AbortSignal): Promise<Ended["ending"]["kind"]> {
  const { ending } = await pool.run({
    program: ran,
    invocation: {
      programId: ran.id,
      generation: 1,
      target: ["f"],
      parameters: [],
      programArguments: [],
      grants: NO_GRANTS,
      limits: DEFAULT_LIMITS,
    },
    observe: () => undefined,
    ...(signal === undefined ? {} : { signal }),
  });
  return ending.kind;
}

test("a process that is idle for so long is ended, and the next call has a new one", async () => {
  const { pool, at } = poolOf({ idleMs: 1 });
  const one = await program();
  assert.equal(await run(pool, one), "value");
  await gone(at(0));
  assert.deepEqual(pool.pids, []);
  assert.equal(await run(pool, one), "value");
  await gone(at(1));
  await pool.close();
});

test("a process that has a call is not idle, however long the call takes", async () => {
  const { pool, at } = poolOf({ idleMs: 1 });
  // It computes longer than that.
  const busy = await program(
    "(local $i i32) (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50000000))))",
  );
  assert.equal(await run(pool, busy), "value");
  await gone(at(0));
  assert.equal(at(1), undefined);
  await pool.close();
});

test("where there are as many as may be, the one that was used least recently is ended for the next", async () => {
  const { pool, at } = poolOf({ maxProcesses: 2 });
  const [first, second, third] = [await program(), await program(), await program()];
  for (const one of [first, second, first, third]) assert.equal(await run(pool, one), "value");
  await gone(at(1));
  assert.deepEqual(pool.pids, [at(0)?.pid, at(2)?.pid]);
  assert.equal(await run(pool, second), "value");
  await gone(at(0));
  assert.deepEqual(pool.pids, [at(2)?.pid, at(3)?.pid]);
  await pool.close();
  assert.ok([0, 1, 2, 3].every((n) => !isThere(at(n))));
});

test("processes with calls are not ended for others, which wait", async () => {
  const { pool, at } = poolOf({ maxProcesses: 2 });
  const stops = [new AbortController(), new AbortController()];
  const spinning = await Promise.all([program(SPIN), program(SPIN)]);
  const spun = spinning.map((one, n) => run(pool, one, stops[n]?.signal));
  const next = run(pool, await program());
  // By then it has been looked for a process.
  await setImmediate();
  assert.deepEqual(pool.pids, [at(0)?.pid, at(1)?.pid]);
  assert.equal(at(2), undefined);
  stops[0]?.abort();
  assert.equal(await spun[0], "cancelled");
  assert.equal(await next, "value");
  assert.ok(isThere(at(1)));
  stops[1]?.abort();
  assert.equal(await spun[1], "cancelled");
  await pool.close();
});

test("a process whose program is being compiled is not ended for the next program", async () => {
  const { pool } = poolOf({ maxProcesses: 1 });
  const programs = await Promise.all([program(), program(), program()]);
  await Promise.all(programs.map((one) => pool.load(one, NO_GRANTS)));
  for (const one of programs) assert.equal(await run(pool, one), "value");
  await pool.close();
});
