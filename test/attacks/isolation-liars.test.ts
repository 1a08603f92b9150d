import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import type { Ended } from "../../src/runtime/pending.ts";
import type { LaunchPlan } from "../../src/runtime/process/launch.ts";
import type { ProcessJob } from "../../src/runtime/process/messages.ts";
import { ProcessPool } from "../../src/runtime/process/pool.ts";
import { checkEnding } from "../../src/sandbox/check-ending.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits.ts";
import { LIAR, NOTHING, planEscape } from "../support/escape.ts";

async function liarPool(lie: string, change: (plan: LaunchPlan) => LaunchPlan = (plan) => plan): Promise<ProcessPool> {
  const plan = await planEscape("liar.ts", NOTHING, false);
  return new ProcessPool({ osSandbox: "off", plan: () => change({ ...plan, arguments: [...plan.arguments, lie] }) });
}

function job(more: Partial<ProcessJob> = {}, timeoutMs = 20_000): ProcessJob {
  return {
    program: LIAR,
    invocation: {
      programId: LIAR.id,
      target: { property: "run" },
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
  for (const lie of ["noise", "length", "tag", "type", "ending", "prototype", "many", "event", "crash"]) {
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

test("a process that takes all the memory it can get dies of it alone", async (context) => {
  if (process.platform !== "linux") return context.skip("only Linux bounds it");
  const small = (plan: LaunchPlan): LaunchPlan => ({
    ...plan,
    arguments: plan.arguments.map((word) => word.replace(/ulimit -d \d+/u, "ulimit -d 1048576")),
  });
  const { ending, wallMs } = await outcome("hog", job(), small);
  assert.equal(ending.kind, "lost");
  assert.ok(wallMs > 0, "it had begun");
});
