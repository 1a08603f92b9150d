import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { parseGrants } from "../../src/policy/parse-grants.ts";
import type { Ended } from "../../src/runtime/pending.ts";
import { WorkerPool } from "../../src/runtime/pool.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/** What a guest leaves behind when its call has ended, and what becomes of the calls beside it. */

let programs = 0;

interface GlueOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Pages of 64 KiB that its memory has. */
  readonly pages?: number;
  /** What its instances take of the heap, in bytes. */
  readonly heapBytes?: number;
  readonly started?: () => void;
}

const EMPTY = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** Runs the body of a function as a guest: what generated glue could do, without a component around it. */
async function asGuest(
  pool: WorkerPool,
  body: string,
  { timeoutMs = 20_000, signal, pages = 0, heapBytes = 0, started }: GlueOptions = {},
): Promise<Ended> {
  programs += 1;
  const glue = `return function instantiate() { return { f: () => { ${body} } } }`;
  return pool.run({
    program: {
      id: `glue/${programs}`,
      glue,
      modules: [{ name: "m", module: EMPTY, memories: [{ initialPages: pages, address64: false, shared: false }] }],
      instantiations: ["m"],
      preview1: false,
      heapBytes,
      imports: [],
      custom: [],
    },
    invocation: {
      programId: `glue/${programs}`,
      target: { property: "f" },
      parameters: [],
      programArguments: [],
      grants: parseGrants({}, { cwd: "/" }),
      limits: { ...DEFAULT_LIMITS, timeoutMs },
    },
    signal,
    started,
    observe: () => undefined,
  });
}

const later = (milliseconds: number, then: string): string =>
  `return new Promise((resolve) => setTimeout(() => { ${then} }, ${milliseconds}))`;

const SPIN = "for (;;);";

test("components of the asynchronous ABI, which could go on after they answered, are refused at load", async () => {
  const guest = (fields: string, lift: string): string => `(component
    (core func $return (canon task.return))
    (core module $m (import "host" "return" (func $return)) ${fields})
    (core instance $i (instantiate $m (with "host" (instance (export "return" (func $return))))))
    ${lift})`;
  const callback = guest(
    `(func (export "f") (result i32) call $return i32.const 1)
     (func (export "cb") (param i32 i32 i32) (result i32) (loop $l (br $l)) i32.const 0)`,
    `(type $t (func async)) (func (export "f") (type $t) (canon lift (core func $i "f") async (callback (core func $i "cb"))))`,
  );
  const sources = {
    "answers-then-spins": callback,
    "async-nested": `(component (component $inner ${callback.slice("(component".length)} (instance (instantiate $inner)))`,
    "async-type": `(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (type $t (func async)) (func (export "f") (type $t) (canon lift (core func $i "f"))))`,
    yields: `(component (core func $y (canon thread.yield))
      (core module $m (import "" "y" (func $y (result i32))) (func (export "f") (loop $l (drop (call $y)) (br $l))))
      (core instance $i (instantiate $m (with "" (instance (export "y" (func $y))))))
      (func (export "f") (canon lift (core func $i "f"))))`,
  };
  for (const [name, text] of Object.entries(sources)) {
    const source = await textGuest(name, text);
    await failsWith("unsupported", /asynchronous ABI/, Sandbox.open(source, { cache: TEST_CACHE }));
  }
});

test("a timer of a guest that has ended never fires", async () => {
  const pool = new WorkerPool(1);
  const first = await asGuest(pool, `setTimeout(() => { ${SPIN} }, 20); return 1`);
  assert.deepEqual(first.ending, { kind: "value", value: 1 });
  // This one comes back after the other's timer was due, on the same thread.
  const second = await asGuest(pool, later(60, "resolve(2)"));
  assert.deepEqual(second.ending, { kind: "value", value: 2 });
  await pool.close();
});

test(
  "a thread that spins for nobody is found out, and the call that waits for it runs",
  { timeout: 30_000 },
  async () => {
    const pool = new WorkerPool(1);
    const first = await asGuest(
      pool,
      `const answer = Promise.resolve(1);
     let after = answer;
     for (let turn = 0; turn < 50; turn += 1) after = after.then(() => undefined);
     after.then(() => { ${SPIN} });
     return answer`,
    );
    assert.deepEqual(first.ending, { kind: "value", value: 1 });
    const second = await asGuest(pool, "return 2");
    assert.deepEqual(second.ending, { kind: "value", value: 2 });
    await pool.close();
  },
);

test("a promise that nobody waits for and that is rejected ends no one", async () => {
  const pool = new WorkerPool(1);
  const neighbour = asGuest(pool, later(200, "resolve('here')"));
  const faulty = await asGuest(pool, `Promise.reject(new Error("nobody waits for this")); return 1`);
  assert.deepEqual(faulty.ending, { kind: "value", value: 1 });
  assert.deepEqual((await neighbour).ending, { kind: "value", value: "here" });
  await pool.close();
});

test("more guests that wait than workers hold all run", { timeout: 30_000 }, async () => {
  const pool = new WorkerPool(1);
  const waiting = Array.from({ length: 600 }, () => asGuest(pool, later(500, "resolve(1)")));
  for (const { ending } of await Promise.all(waiting)) assert.deepEqual(ending, { kind: "value", value: 1 });
  await pool.close();
});

test("guests are not started while others hold more memory than there is room for", { timeout: 30_000 }, async () => {
  const pool = new WorkerPool(2, { memoryRoom: 5 * 2 ** 20 });
  const begun = performance.now();
  const calls = Array.from({ length: 8 }, () => asGuest(pool, later(200, "resolve(1)"), { pages: 32 }));
  for (const { ending } of await Promise.all(calls)) assert.deepEqual(ending, { kind: "value", value: 1 });
  // Two hold 4 MiB, and as much as two stacks can take, so the eight of them come in four pairs.
  assert.ok(performance.now() - begun >= 4 * 199, `${performance.now() - begun}`);
  // However much it is, one guest alone runs.
  const large = await asGuest(pool, "return 1", { pages: 100 });
  assert.deepEqual(large.ending, { kind: "value", value: 1 });
  await pool.close();
});

test("a call that was sent behind a guest that came back to spin runs, once, when that one is ended", async () => {
  const pool = new WorkerPool(1);
  const spinning = asGuest(pool, later(30, SPIN), { timeoutMs: 500 });
  const behind = Array.from({ length: 20 }, (_, n) => asGuest(pool, later(n * 10, `resolve(${n})`)));
  const endings = (await Promise.all(behind)).map(({ ending }) => ending);
  // Those that waited on the same thread may be lost with it, which is said.
  for (const [n, ending] of endings.entries()) {
    if (ending.kind !== "lost") assert.deepEqual(ending, { kind: "value", value: n });
  }
  assert.deepEqual((await spinning).ending, { kind: "deadline" });
  assert.deepEqual((await asGuest(pool, "return 1")).ending, { kind: "value", value: 1 });
  await pool.close();
});

test("a call that moved to another worker does not make that worker forget those it holds", async () => {
  const pool = new WorkerPool(2);
  const abort = new AbortController();
  await Promise.all([asGuest(pool, "return 1"), asGuest(pool, "return 1")]);
  const comesBack = asGuest(pool, later(20, SPIN), { timeoutMs: 2000 });
  const keepsBusy = asGuest(pool, "const end = Date.now() + 120; while (Date.now() < end); return 1");
  await asGuest(pool, later(40, "resolve(1)"), { timeoutMs: 1000 });
  const moved = asGuest(pool, "return 'moved'");
  const held = asGuest(pool, later(600, SPIN), { signal: abort.signal });
  assert.deepEqual((await keepsBusy).ending.kind, "value");
  assert.deepEqual((await moved).ending, { kind: "value", value: "moved" });
  abort.abort(new Error("enough"));
  assert.equal((await held).ending.kind, "cancelled");
  assert.equal((await comesBack).ending.kind, "deadline");
  const after = await Promise.all(Array.from({ length: 4 }, () => asGuest(pool, later(700, "resolve(1)"))));
  for (const { ending } of after) assert.deepEqual(ending, { kind: "value", value: 1 });
  await pool.close();
});

test("more programs than a worker can keep end none of its guests", { timeout: 60_000 }, async () => {
  const pool = new WorkerPool(1);
  const abort = new AbortController();
  const waiting = asGuest(pool, later(60_000, "resolve(1)"), { signal: abort.signal, timeoutMs: 60_000 });
  const bulk = "x".repeat(2_000_000);
  for (let round = 0; round < 150; round += 1) {
    assert.deepEqual((await asGuest(pool, `/* ${bulk} */ return ${round}`)).ending, { kind: "value", value: round });
  }
  abort.abort();
  assert.equal((await waiting).ending.kind, "cancelled");
  await pool.close();
});

test("aborting calls at any moment loses no later call, and the process stays for it", async () => {
  const pool = new URL("../../src/runtime/pool.ts", import.meta.url).href;
  const policy = new URL("../../src/policy/grants.ts", import.meta.url).href;
  const limits = new URL("../../src/shared/limits.ts", import.meta.url).href;
  // In a process of its own: what is tested is that nothing lets it end while a call is queued.
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { WorkerPool } from ${JSON.stringify(pool)};
     import { NO_GRANTS as grants } from ${JSON.stringify(policy)};
     import { DEFAULT_LIMITS as limits } from ${JSON.stringify(limits)};
     const pool = new WorkerPool(1);
     const glue = "return function instantiate() { return { f: () => 1 } }";
     const program = { id: "p", glue, modules: [], instantiations: [], preview1: false, heapBytes: 0, imports: [], custom: [] };
     const invocation = { programId: "p", target: { property: "f" }, parameters: [], programArguments: [], grants, limits };
     const run = (signal) => pool.run({ program, invocation, signal, observe: () => undefined });
     for (let round = 0; round < 200; round += 1) {
       const abort = new AbortController();
       const call = run(abort.signal);
       for (let turn = 0; turn < round % 7; turn += 1) await new Promise(setImmediate);
       abort.abort();
       await call;
       const { ending } = await run();
       if (ending.value !== 1) throw new Error(JSON.stringify(ending));
     }
     console.log("all answered");`,
  ]);
  assert.equal(stdout, "all answered\n");
});

// Weakening: the pool does not look at what instances take of the heap.
test("a worker holds no more guests than its heap has room for instances of; the next one waits for an end", async () => {
  const pool = new WorkerPool(1);
  try {
    const heapBytes = 60 * 1024 * 1024;
    const abort = new AbortController();
    const waits = later(60_000, "resolve()");
    const first = asGuest(pool, waits, { heapBytes, signal: abort.signal });
    const second = asGuest(pool, waits, { heapBytes });
    // When this one has run, both wait, and the thread is free for another.
    await asGuest(pool, "");
    let isStarted = false;
    const third = asGuest(pool, "", {
      heapBytes,
      started: () => {
        isStarted = true;
      },
    });
    assert.equal(isStarted, false);
    abort.abort();
    await Promise.all([first, third]);
    assert.equal(isStarted, true);
    // It is in a wait that nothing but the thread's end ends.
    await second;
  } finally {
    await pool.close();
  }
});
