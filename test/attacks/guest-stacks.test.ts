import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import { WorkerPool } from "../../src/runtime/pool.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { WaitingGuests } from "../support/waiting-guests.ts";

/*
 * What guests keep on their stacks while they wait, and what is left of it when they have ended.
 */

/** Recurses as deep as it is asked to, and waits there for the embedder. */
const DEEP = `(component
  (import "test:host/gate" (instance $gate (export "wait" (func))))
  (core func $wait (canon lower (func $gate "wait")))
  (core module $m
    (import "host" "wait" (func $wait))
    (func $deep (param i32) (result i32) (local i64)
      (local.set 1 (i64.extend_i32_u (local.get 0)))
      (if (result i32) (i32.eqz (local.get 0))
        (then (call $wait) (i32.const 0))
        (else (i32.add (i32.wrap_i64 (local.get 1)) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "f") (param i32) (result i32) (call $deep (local.get 0))))
  (core instance $i (instantiate $m (with "host" (instance (export "wait" (func $wait))))))
  (func (export "f") (param "depth" u32) (result u32) (canon lift (core func $i "f"))))`;

const GUESTS = 200;
const DEPTH = 6_500;

let source: string;
before(async () => {
  source = await textGuest("deep-gate", DEEP);
});

describe("guests that recurse and wait", () => {
  // Weakening, each alone: what ended guests leave is not asked back; the stack is not in the usage.
  test("leave next to nothing of their stacks behind, which are in their usage", async () => {
    const gate = Promise.withResolvers<void>();
    const allWait = Promise.withResolvers<void>();
    let waiting = 0;
    const wait = async (): Promise<void> => {
      waiting += 1;
      if (waiting === GUESTS) allWait.resolve();
      await gate.promise;
    };
    await using sandbox = await Sandbox.open(source, {
      cache: TEST_CACHE,
      grants: { custom: { gate: true } },
      hostFunctions: [{ interface: "test:host/gate", name: "wait", type: "func()", capability: "gate", call: wait }],
    });
    const calls = Array.from({ length: GUESTS }, () => sandbox.call("f", [DEPTH]));
    await Promise.race([allWait.promise, Promise.all(calls)]);
    const most = process.memoryUsage.rss();
    gate.resolve();
    for (const { usage } of await Promise.all(calls)) assert.equal(usage.memoryHighWaterBytes, guestStackBytes());
    // It is the threads that let go, each in a turn of its event loop after its last guest has ended.
    const wanted = 0.25 * GUESTS * guestStackBytes();
    for (const until = performance.now() + 20_000; most - process.memoryUsage.rss() < wanted;) {
      assert.ok(performance.now() < until, `${most - process.memoryUsage.rss()} bytes of ${most} were let go`);
      await setTimeout(10);
    }
  });

  // Weakening: the stack is not counted.
  test("are not started while others hold as much as there is room for", async () => {
    const pool = new WorkerPool(2, { memoryRoom: 8 * guestStackBytes() });
    const guests = await WaitingGuests.in(pool, 20);
    await guests.started(8);
    for (let ended = 1; ended <= 20; ended += 1) {
      await guests.end();
      assert.ok(guests.count <= 8 + ended, `${guests.count} were started, and ${ended} have ended`);
    }
    assert.equal(guests.count, 20);
    await pool.close();
  });
});

test("the flag of the engine that makes stacks larger is counted with", () => {
  const byDefault = guestStackBytes([]);
  assert.ok(byDefault > 2 ** 20 && byDefault < 1.1 * 2 ** 20);
  for (const flags of [
    ["--wasm-stack-switching-stack-size=4096"],
    ["--wasm_stack_switching_stack_size=4096"],
    ["--wasm-stack-switching-stack-size", "4096"],
    ["--wasm-stack-switching-stack-size=1", "--no-warnings", "--wasm-stack-switching-stack-size=4096"],
  ]) {
    assert.equal(guestStackBytes(flags) - byDefault, (4_096 - 984) * 1_024, flags.join(" "));
  }
});
