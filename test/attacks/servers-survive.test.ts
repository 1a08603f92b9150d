import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import type { ClientRequest } from "node:http";
import { describe, test } from "node:test";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import { ProcessPool } from "../../src/runtime/process/pool.ts";
import { leaseProcessPool } from "../../src/runtime/process/shared-process-pool.ts";
import { type CordonError, Sandbox, serveHttp } from "../../src/sandbox/index.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits/limits.ts";
import { failsWith } from "../support/errors.ts";
import { LIAR, NOTHING, planEscape } from "../support/escape.ts";
import { proxyGuest, TEST_CACHE } from "../support/guests.ts";
import { answerOf, Served } from "../support/http-server.ts";

/*
 * What ends the process of a guest is not the end of the server. V8 aborts in ways that nobody knows of yet, so the test aborts the
 * process itself. Each case was seen to fail with the weakening that its comment names.
 */

/** A server whose guests are in processes, as servers have it by default, in the one wrapping that every machine has. */
async function serveInProcesses(): Promise<Served> {
  const failures: CordonError[] = [];
  const server = await serveHttp(await proxyGuest(), {
    sandbox: { cache: TEST_CACHE, osSandbox: "off" },
    onFailure: (error) => void failures.push(error),
  });
  assert.deepEqual(server.sandbox.isolation, { level: "process", obstacle: undefined });
  return new Served(server.sandbox, server, failures);
}

/** The guest processes of this test, of which it has one at a time. */
async function guestProcess(): Promise<number> {
  const { pool, release } = leaseProcessPool("off");
  try {
    const [pid, ...others] = pool.pids;
    assert.ok(pid !== undefined && others.length === 0, String(pool.pids));
    return pid;
  } finally {
    await release();
  }
}

/** A request that the guest has begun to read, and waits for the rest of. */
async function begun(served: Served): Promise<ClientRequest> {
  const request = served.begin("/measure", {
    method: "POST",
    headers: { expect: "100-continue", "content-length": "4" },
  });
  request.flushHeaders();
  await once(request, "continue");
  return request;
}

async function abortDuring(served: Served): Promise<void> {
  const [one, another] = [await begun(served), await begun(served)];
  const answers = Promise.all([answerOf(one), answerOf(another)]);
  process.kill(await guestProcess(), "SIGABRT");
  for (const { status, body, headers } of await answers) {
    assert.deepEqual([status, body, headers["retry-after"]], [502, "the component failed to answer\n", undefined]);
  }
}

describe("a server whose guests' process is aborted during requests", () => {
  // Weakening: a pool without `RestartBackoff`; `statusOf` without `retryAfterMs`.
  test("answers them with 502, goes on with the next process, and keeps one that does it again and again waiting", async () => {
    await using served = await serveInProcesses();
    for (const _end of [1, 2]) {
      await abortDuring(served);
      assert.equal((await served.get("/hello")).body, "hello\n");
    }
    await abortDuring(served);
    for (const _refused of [1, 2, 3]) {
      const { status, body, headers } = await served.get("/hello");
      assert.deepEqual([status, body], [503, "no more requests can be taken now\n"]);
      assert.equal(headers["retry-after"], "1");
    }
    const told = served.failures.map(({ code, message }) => `${code}: ${message}`);
    const lost =
      "host: Calling wasi:http/incoming-handler#handle: it was lost, since its process ended with signal SIGABRT; call it again";
    assert.deepEqual(
      told.slice(0, 6).map((one) => one.replace(/@[\d.]+/u, "")),
      Array.from({ length: 6 }, () => lost),
    );
    assert.equal(told.length, 7, "of those that were refused, the first is told of");
    assert.match(
      told[6] ?? "",
      /it was not begun, since its process ended with signal SIGABRT, again and again; call it again in 1 s$/u,
    );
    // It is half a second; how often that takes is the machine's.
    while ((await served.get("/hello")).status === 503) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  test("breaks the connection of an answer that has begun", async () => {
    await using served = await serveInProcesses();
    const request = served.begin("/partial/sleep");
    request.end();
    const [response] = await once(request, "response");
    await once(response, "data");
    process.kill(await guestProcess(), "SIGABRT");
    await assert.rejects(once(response, "end"), { code: "ECONNRESET" });
  });
});

// Weakening: `ProcessLink` tells what the process wrote to its stderr.
test("a message about a process that aborted has no stack in it and no path of the host", async () => {
  const plan = await planEscape("liar.ts", NOTHING, false);
  const pool = new ProcessPool({
    osSandbox: "off",
    plan: () => ({ ...plan, arguments: [...plan.arguments, "crash"] }),
  });
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
  });
  await pool.close();
  assert.deepEqual(ending, { kind: "lost", message: "its process ended with signal SIGABRT" });
});

// Weakening: `openWhereItCan` takes every failure for the machine's.
test("a component whose processes end while it is loaded is not opened in a thread of the server instead", async (context) => {
  const { pool, release } = leaseProcessPool("off");
  let isKilling = true;
  const kill = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    if (isKilling) child.once("spawn", () => void child.kill("SIGKILL"));
  };
  diagnostics.subscribe("child_process", kill);
  // When it is asked whether this machine can start any, it can.
  context.mock.method(pool, "obstacle", () => {
    isKilling = false;
    return ProcessPool.prototype.obstacle.call(pool);
  });
  const opening = Sandbox.open(await proxyGuest(), { cache: TEST_CACHE, isolation: "auto", osSandbox: "off" });
  context.after(async () => (await opening.catch(() => undefined))?.close());
  await failsWith("host", /^Cannot run the component: its process ended with signal SIGKILL$/, opening);
  diagnostics.unsubscribe("child_process", kill);
  assert.ok(!isKilling, "it was asked");
  await release();
});
