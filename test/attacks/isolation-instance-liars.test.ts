import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import { ProcessPool } from "../../src/runtime/process/pool.ts";
import { GuestInstance } from "../../src/sandbox/calls/guest-instance.ts";
import type { GuestHandle } from "../../src/sandbox/calls/guest-handle.ts";
import { usageOf } from "../../src/sandbox/calls/usage.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/shared/limits/limits.ts";
import type { Plan } from "../../src/shared/plan/plan.ts";
import type { ComponentInterface } from "../../src/shared/wit/wit.ts";
import { failsWith } from "../support/errors.ts";
import { LIAR, NOTHING, planEscape } from "../support/escape.ts";

/*
 * What a process that hostile code has taken over may say of an instance that stays in it. Each lie was seen to get through
 * with its check left out.
 */

const INTERFACE: ComponentInterface = {
  imports: { functions: [], interfaces: [], other: [] },
  exports: {
    functions: [{ name: "run", parameters: [], result: { kind: "u32" }, async: false }],
    interfaces: [],
    other: [],
  },
};

/** The same with a function that gives a list of handles. */
const WITH_HANDLES: ComponentInterface = {
  imports: INTERFACE.imports,
  exports: {
    functions: [
      {
        name: "run",
        parameters: [],
        result: { kind: "list", element: { kind: "own", resource: "thing" } },
        async: false,
      },
    ],
    interfaces: [],
    other: [],
  },
};

const PLAN_WITH_HANDLES: Plan = {
  types: [
    { kind: "own", resource: 0 },
    { kind: "list", element: 0 },
  ],
  functionTypes: [{ parameters: [], result: 1, async: false }],
  resources: [{ from: "definition", instance: 0, rep64: false }],
  componentInstances: [{}],
  functions: [
    {
      from: "lift",
      instance: 0,
      core: { from: "export", instance: 0, name: "run" },
      type: 0,
      options: { encoding: "utf8", memory64: false, async: false },
    },
  ],
  coreFunctions: [],
  steps: [],
  imports: [],
  exports: [{ name: "run", kind: "function", function: 0 }],
};

interface Kept extends AsyncDisposable {
  readonly pool: ProcessPool;
  readonly instance: GuestInstance;
}

/** @param startMs How long the process may take to start: on a busy machine, Node takes seconds. */
async function keep(lie: string, limits: Partial<Limits> = {}, signal?: AbortSignal, startMs = 30_000): Promise<Kept> {
  const plan = await planEscape("instance-liar.ts", NOTHING, false);
  const lying = { ...plan, arguments: [...plan.arguments, lie] };
  const pool = new ProcessPool({ osSandbox: "off", plan: () => lying, startMs });
  const all = { ...DEFAULT_LIMITS, timeoutMs: 20_000, ...limits };
  const made = Promise.withResolvers<GuestInstance>();
  const ran = pool
    .run({
      program: LIAR,
      invocation: {
        programId: LIAR.id,
        generation: 1,
        parameters: [],
        programArguments: [],
        grants: NO_GRANTS,
        limits: all,
      },
      signal,
      observe: () => undefined,
      ready: (...given) => void made.promise.then((instance) => instance.ready(...given)),
    })
    .then((ended) => ({ ended, usage: usageOf(ended, 0) }));
  const instance = new GuestInstance({
    ...(lie.startsWith("gives ")
      ? { interface: WITH_HANDLES, plan: PLAN_WITH_HANDLES }
      : { interface: INTERFACE, plan: undefined }),
    collectsHandles: false,
    limits: all,
    untrusted: true,
    stop: () => undefined,
    ran,
  });
  made.resolve(instance);
  return { pool, instance, [Symbol.asyncDispose]: () => pool.close() };
}

const LIED = /it was lost, since its process said what no guest process says/;

describe("an instance that is made by a liar is lost", () => {
  for (const lie of [
    "ready unstarted",
    "ready strangers",
    "ready after no call",
    "ready without usage",
    "usage of bigints",
    "usage without fuel",
    "usage below zero",
  ]) {
    test(lie, async () => {
      await using kept = await keep(lie);
      await failsWith("host", LIED, kept.instance.opened());
      await failsWith("host", LIED, kept.instance.call("run"));
      await kept.instance.close();
    });
  }
});

describe("an instance that says that it is ready out of its turn is lost", () => {
  for (const lie of ["ready twice", "ready and called", "ready and started"]) {
    test(lie, async () => {
      await using kept = await keep(lie);
      // It may have been there for a moment.
      await kept.instance.opened().catch(() => undefined);
      await failsWith("host", LIED, kept.instance.call("run"));
    });
  }
  for (const lie of ["no ending", "a trap goes on", "a limit goes on", "an exit goes on"]) {
    test(lie, async () => {
      await using kept = await keep(lie);
      await kept.instance.opened();
      await failsWith("host", LIED, kept.instance.call("run"));
    });
  }
  test("answers twice", async () => {
    await using kept = await keep("answers twice");
    await kept.instance.opened();
    assert.equal((await kept.instance.call("run")).value, 8);
    await failsWith("host", LIED, kept.instance.call("run"));
  });
});

test("one that stays where no instance was to stay is no instance", async () => {
  const plan = await planEscape("instance-liar.ts", NOTHING, false);
  const pool = new ProcessPool({ osSandbox: "off", plan: () => plan });
  const { ending } = await pool.run({
    program: LIAR,
    invocation: {
      programId: LIAR.id,
      generation: 1,
      target: ["run"],
      parameters: [],
      programArguments: [],
      grants: NO_GRANTS,
      limits: DEFAULT_LIMITS,
    },
    observe: () => undefined,
    ready: () => assert.fail("it is a call"),
  });
  assert.equal(ending.kind, "lost");
  await pool.close();
});

test("a value that is not of the called function's type is a fault of that call", async () => {
  for (const lie of ["wrong type", "an error of none", "wrong type at its end"]) {
    await using kept = await keep(lie);
    await kept.instance.opened();
    await failsWith("host", /returned what is not of the function's type/, kept.instance.call("run"));
  }
});

test("a handle that is none, or was given before, or is one too many, is a fault of that call", async () => {
  const given = ["[0]", "[-1]", "[1.5]", '["1"]', "[null]", "[[1]]", "[7, 7]", "[1, 2, 3, 4]", "1"];
  await Promise.all(
    given.map(async (value) => {
      await using kept = await keep(`gives ${value}`, { maxHandles: 3 });
      await kept.instance.opened();
      await failsWith("host", /returned what is not of the function's type/, kept.instance.call("run"));
    }),
  );
  await using kept = await keep("gives [7]");
  await kept.instance.opened();
  const { value } = await kept.instance.call("run");
  const [handle] = value as readonly GuestHandle[];
  await failsWith("host", /returned what is not of the function's type/, kept.instance.call("run"));
  assert.equal(handle?.resource, "thing");
});

test("what an instance is said to have given at its end is given to no call", async () => {
  await using early = await keep("over before it was");
  await failsWith("cancelled", /cancelled/, early.instance.opened());
  await using silent = await keep("over in silence");
  await silent.instance.opened().catch(() => undefined);
  await silent.instance.close();
  await failsWith("cancelled", /cancelled/, silent.instance.call("run"));
});

test("its process keeps neither a call nor a wait from its end", async () => {
  await using called = await keep("silence", { timeoutMs: 50 });
  await called.instance.opened();
  const [first] = called.pool.pids;
  const late = await failsWith("limit", /did not end within 50 ms/, called.instance.call("run"));
  assert.equal(late.limit?.limit, "deadline");
  await failsWith("limit", /did not end within 50 ms/, called.instance.call("run"));
  assert.ok(first !== undefined && !called.pool.pids.includes(first), "its process is gone; the next may be there");

  await using idle = await keep("", { idleTimeoutMs: 50 });
  await idle.instance.opened();
  const [second] = idle.pool.pids;
  await idle.instance.close();
  assert.ok(second !== undefined && !idle.pool.pids.includes(second));
});

test("a call that was started again and again has no more time for it", async () => {
  await using kept = await keep("again and again", { timeoutMs: 50 }, undefined, 2_000);
  await failsWith("limit", /did not end within 50 ms/, kept.instance.opened());
});

test("a crash fails the call that runs, and ends the instance", async () => {
  await using kept = await keep("crash");
  await kept.instance.opened();
  await failsWith("host", /its process ended with (?:signal|exit code)/, kept.instance.call("run"));
  await failsWith("host", /its process ended with (?:signal|exit code)/, kept.instance.call("run"));
  await kept.instance.close();
});

test("cancelling it ends the call that runs, whatever its process does", async () => {
  const stop = new AbortController();
  await using kept = await keep("silence", {}, stop.signal);
  await kept.instance.opened();
  const called = failsWith("cancelled", /cancelled/, kept.instance.call("run"));
  stop.abort();
  await called;
  // It did not say what it used, and has nothing to go on with.
  assert.equal(kept.instance.fuelRemaining, 0);
});
