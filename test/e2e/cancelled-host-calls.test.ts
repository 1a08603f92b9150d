import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type HostFunctionInput, Sandbox } from "../../src/sandbox/index.ts";
import { CallCancellations } from "../../src/sandbox/host-functions/call-cancellations.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/** Calls an asynchronous function of the host's, cancels the call, and answers how far it came: 2 returned, 4 was cancelled. */
const CANCELLING = `(component
  (import "acme:work/work" (instance $work (export "run" (func async (param "what" string) (result u32)))))
  (core module $mem (memory (export "memory") 1)) (core instance $mem (instantiate $mem))
  (core func $run (canon lower (func $work "run") async (memory (core memory $mem "memory"))))
  (core func $cancel (canon subtask.cancel))
  (core func $return (canon task.return (result u32)))
  (core module $m
    (import "" "run" (func $run (param i32 i32 i32) (result i32))) (import "" "cancel" (func $cancel (param i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "f")
      (call $return (call $cancel (i32.shr_u (call $run (i32.const 0) (i32.const 3) (i32.const 8)) (i32.const 4))))))
  (core instance $i (instantiate $m (with "" (instance
    (export "run" (func $run)) (export "cancel" (func $cancel)) (export "return" (func $return))))))
  (func (export "f") async (result u32) (canon lift (core func $i "f") async)))`;

let source: string;
before(async () => {
  source = await textGuest("cancelling", CANCELLING);
});

/** A sandbox whose guests are given this function. */
function opened(call: HostFunctionInput["call"], isolation: "thread" | "process" = "thread"): Promise<Sandbox> {
  const type = "async func(what: string) -> u32";
  return Sandbox.open(source, {
    cache: TEST_CACHE,
    isolation,
    osSandbox: "off",
    grants: { custom: { work: true } },
    hostFunctions: [{ interface: "acme:work/work", name: "run", type, capability: "work", call }],
  });
}

/** Gives up when it is told to. */
function givesUp(_parameters: readonly unknown[], { signal }: { readonly signal: AbortSignal }): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
}

describe("a guest that cancels a call of the embedder's asynchronous function", () => {
  // Weakening: nobody is told. The guest waits to its deadline.
  test("has it learn of that by its signal, and is told that the call was cancelled", async () => {
    const reasons: unknown[] = [];
    await using sandbox = await opened(async (parameters, context) => {
      context.signal.addEventListener("abort", () => reasons.push((context.signal.reason as Error).name));
      return givesUp(parameters, context);
    });
    for (let count = 0; count < 3; count += 1) assert.equal((await sandbox.call("f")).value, 4);
    assert.deepEqual(reasons, ["AbortError", "AbortError", "AbortError"]);
  });

  test("is given what the function returns all the same", async () => {
    await using sandbox = await opened(async (_parameters, { signal }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve());
      await promise;
      return 7;
    });
    assert.equal((await sandbox.call("f")).value, 2);
  });

  test("does so from a process of its own", async () => {
    await using sandbox = await opened(givesUp, "process");
    assert.equal((await sandbox.call("f")).value, 4);
  });
});

const NEVER = new AbortController().signal;

// Weakening: a number is taken twice.
test("calls have a number each while they are under way, and none that has ended is cancelled", () => {
  const calls = new CallCancellations();
  const first = calls.begin(1, NEVER);
  assert.equal(first?.aborted, false);
  for (const odd of [1, "2", 0.5, undefined, null, Number.MAX_VALUE]) assert.equal(calls.begin(odd, NEVER), undefined);
  for (const odd of [2, "1", undefined, {}]) calls.cancel(odd);
  assert.equal(first.aborted, false);
  calls.cancel(1);
  assert.equal(first.aborted, true);
  calls.end(1);
  assert.equal(calls.begin(1, NEVER)?.aborted, false);
});
