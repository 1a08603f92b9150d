import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import type { Ended } from "../../src/runtime/pending.ts";
import type { LaunchPlan } from "../../src/runtime/process/launch.ts";
import type { ProcessJob } from "../../src/runtime/process/messages.ts";
import { ProcessPool } from "../../src/runtime/process/pool.ts";
import { checkEnding } from "../../src/sandbox/calls/check-ending.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits/limits.ts";
import { LIAR, NOTHING, planEscape } from "../support/escape.ts";
import { needing } from "../support/needs.ts";

async function liarPool(lie: string, change: (plan: LaunchPlan) => LaunchPlan = (plan) => plan): Promise<ProcessPool> {
  const plan = await planEscape("liar.ts", NOTHING, false);
  return new ProcessPool({ osSandbox: "off", plan: () => change({ ...plan, arguments: [...plan.arguments, lie] }) });
}

function job(more: Partial<ProcessJob> = {}, timeoutMs = 20_000): ProcessJob {
  return {
    program: LIAR,
    invocation: {
      programId: LIAR.id,
      generation: 1,
      target: ["run"],
      parameters: [],
      programArguments: [],
      grants: NO_GRANTS,
      limits: { ...DEFAULT_LIMITS, timeoutMs, maxCrossingBytes: 1024 * 1024 },
    },
    observe: () => undefined,
    ...more,
  };
}

async function outcome(
  lie: string,
  given: ProcessJob = job(),
  change?: (plan: LaunchPlan) => LaunchPlan,
): Promise<Ended> {
  const pool = await liarPool(lie, change);
  try {
    return await pool.run(given);
  } finally {
    await pool.close();
  }
}

describe("a guest process that says what no guest process says is ended, and its call is lost", () => {
  for (const lie of ["noise", "length", "tag", "type", "ending", "prototype", "many", "event", "unasked", "crash"]) {
    test(lie, async () => {
      const { ending, usage } = await outcome(lie);
      assert.equal(ending.kind, "lost", JSON.stringify(ending));
      assert.match(
        "message" in ending ? ending.message : "",
        lie === "crash" ? /signal SIGABRT|exit code/ : /no guest process says/,
      );
      assert.equal(usage, undefined);
    });
  }
});

test("invocations that it does not hold are not its to report, answer or end", async () => {
  const events: unknown[] = [];
  const { ending } = await outcome("strangers", job({ observe: (event) => events.push(event) }));
  assert.deepEqual(ending, { kind: "value", value: 8 });
  assert.deepEqual(events, []);
});

test("what a call used so far is taken from a process that says it of its own calls, and no answer is no harm", async () => {
  const pool = await liarPool("silence");
  const stop = new AbortController();
  const begun = Promise.withResolvers<() => Promise<unknown>>();
  const ended = pool.run(
    job({
      signal: stop.signal,
      taken: begun.resolve,
    }),
  );
  const ask = await begun.promise;
  const asked = [ask(), ask()];
  stop.abort();
  await ended;
  await pool.close();
  assert.deepEqual(await Promise.all(asked), [undefined, undefined]);
  assert.equal(await ask(), undefined);
});

test("asking for more than a guest may have open ends it", async () => {
  const never = new Promise(() => undefined);
  const { ending } = await outcome("asks", job({ answer: () => never }));
  assert.match(JSON.stringify(ending), /asked for more at once/);
});

test("leaving its answers unread ends it, before they fill this process", async () => {
  const big = new Uint8Array(1024 * 1024);
  const { ending } = await outcome("unread", job({ answer: async () => big }));
  assert.match(JSON.stringify(ending), /took none of the answers/);
});

test("one that does not keep the deadline is ended by its parent", async () => {
  const { ending } = await outcome("silence", job({}, 50));
  assert.equal(ending.kind, "deadline");
});

test("a call that is cancelled ends at once, whatever its process does", async () => {
  const pool = await liarPool("silence");
  const stop = new AbortController();
  const ended = pool.run(job({ signal: stop.signal }));
  stop.abort("enough");
  assert.deepEqual((await ended).ending, { kind: "cancelled", reason: "enough" });
  await pool.close();
});

interface Cancelled {
  readonly call: Ended;
  /** How the call beside it ended, which shares its process. */
  readonly neighbour: Ended;
  /** Which of the two was answered first. */
  readonly order: readonly string[];
  /** Events of the call. */
  readonly events: number;
}

/** Cancels a call at its first event. */
async function cancelled(lie: string, listen: () => void = () => undefined): Promise<Cancelled> {
  const pool = await liarPool(lie);
  const [stop, both] = [new AbortController(), Promise.withResolvers<void>()];
  const order: string[] = [];
  let events = 0;
  const noted = async (name: string, running: Promise<Ended>): Promise<Ended> => {
    const ended = await running;
    order.push(name);
    return ended;
  };
  const neighbour = noted("neighbour", pool.run(job({ observe: () => both.resolve() })));
  await both.promise;
  const observe = (): void => {
    events += 1;
    if (events === 1) stop.abort("enough");
    else listen();
  };
  const call = await noted("call", pool.run(job({ signal: stop.signal, observe })));
  const beside = await neighbour;
  await pool.close();
  return { call, neighbour: beside, order, events };
}

test("one that never answers a cancellation is not waited for, and is ended a while later", async () => {
  const { call, neighbour, order } = await cancelled("deaf");
  assert.deepEqual(call.ending, { kind: "cancelled", reason: "enough" });
  assert.equal(call.usage, undefined);
  assert.deepEqual(neighbour.ending, { kind: "lost", message: "its process was ended" });
  assert.deepEqual(order, ["call", "neighbour"]);
});

/** More than it may report of a call that was stopped, in events of 4,000 characters. */
const MOST_LAST_EVENTS = (2 * 1024 * 1024) / 4_000 + 1;

for (const lie of ["goes on", "ends and goes on"]) {
  test(`one that floods events of a call that was cancelled is ended: it ${lie}`, async () => {
    const { call, neighbour, events } = await cancelled(lie);
    assert.deepEqual(call.ending, { kind: "cancelled", reason: "enough" });
    assert.equal(call.usage, undefined);
    assert.match(JSON.stringify(neighbour.ending), /said what no guest process says/);
    assert.ok(events > 1 && events <= MOST_LAST_EVENTS, `${events}`);
  });
}

test("a flood after a cancellation does not keep the caller of a slow listener until its process is ended", async () => {
  const slow = (): void => {
    const until = performance.now() + 6;
    while (performance.now() < until);
  };
  const { call, order } = await cancelled("goes on", slow);
  assert.deepEqual(call.ending, { kind: "cancelled", reason: "enough" });
  assert.deepEqual(order, ["call", "neighbour"]);
});

test("what it reports of a guest that it gave up is taken, but nothing after it said what that used", async () => {
  const gaveUp = await cancelled("last words");
  assert.equal(gaveUp.events, 4);
  assert.deepEqual(gaveUp.neighbour.ending, { kind: "value", value: 8 });
  const done = await cancelled("words after the last");
  assert.equal(done.events, 1);
  assert.deepEqual(done.call.ending, { kind: "cancelled", reason: "enough" });
  assert.equal(done.call.usage?.fuel, 1);
  assert.deepEqual(done.neighbour.ending, { kind: "value", value: 8 });
});

test("closing a pool answers each call once, whatever its process says of them", async () => {
  for (const lie of ["deaf", "goes on", "ends and goes on"]) {
    const pool = await liarPool(lie);
    const both = Promise.withResolvers<void>();
    let events = 0;
    const observe = (): void => void ((events += 1) === 2 && both.resolve());
    const calls = [pool.run(job({ observe })), pool.run(job({ observe }))];
    await both.promise;
    await pool.close();
    assert.deepEqual(pool.pids, []);
    for (const { ending } of await Promise.all(calls)) assert.equal(ending.kind, "cancelled", lie);
    const before = events;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(events, before, "nothing comes of a process that is gone");
  }
});

test("a flood of events reaches the listener, and nothing is lost of it", async () => {
  let count = 0;
  const { ending } = await outcome("flood", job({ observe: () => (count += 1) }));
  assert.equal(ending.kind, "value");
  assert.equal(count, 50_000);
});

test("a value that is not of the function's type is a fault", async () => {
  const ended = await outcome("wrong type");
  const called = { name: "run", parameters: [], result: { kind: "u32" }, async: false } as const;
  assert.equal(checkEnding(ended, called).ending.kind, "fault");
  const result = { ...called, result: { kind: "result", ok: { kind: "u32" } } } as const;
  assert.equal(checkEnding({ ending: { kind: "value", value: 8 }, wallMs: 1 }, result).ending.kind, "value");
  assert.equal(checkEnding({ ending: { kind: "guest-error", payload: 8 }, wallMs: 1 }, called).ending.kind, "fault");
});

test(
  "a process that takes all the memory it can get dies of it alone",
  needing(["linux"], async () => {
    const small = (plan: LaunchPlan): LaunchPlan => ({
      ...plan,
      arguments: plan.arguments.map((word) => word.replace(/ulimit -d \d+/u, "ulimit -d 1048576")),
    });
    const { ending, wallMs } = await outcome("hog", job(), small);
    assert.equal(ending.kind, "lost");
    assert.ok(wallMs > 0, "it had begun");
  }),
);
