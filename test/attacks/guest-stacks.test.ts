import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import { WorkerPool } from "../../src/runtime/threads/pool.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { jobOf, loaded } from "../support/crossing-guests.ts";
import { DEEP_STACKS } from "../support/deep-stacks.ts";
import { failsWith } from "../support/errors.ts";
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

describe("calls between components that recurse and wait", () => {
  // Weakening: what a stack holds that is suspended is not bounded.
  for (const late of [0, 1]) {
    test(`are few where they are deep, ${late === 0 ? "" : "also "}when they wait for the ${late === 0 ? "first" : "second"} time`, async () => {
      await using sandbox = await Sandbox.open(await textGuest("deep-stacks", DEEP_STACKS), { cache: TEST_CACHE });
      await using neighbour = await sandbox.instantiate();
      assert.equal((await sandbox.call("f", [8, 8_000, late])).value, 8);
      assert.equal((await sandbox.call("f", [60, 400, late])).value, 60);
      const attacks = Array.from({ length: 8 }, () =>
        failsWith(
          "limit",
          /\d calls between components.*more than 131072 bytes of its stack/u,
          sandbox.call("f", [9, 8_000, late]),
        ),
      );
      await Promise.all(attacks);
      assert.equal((await neighbour.call("f", [1, 1, late])).value, 1);
    });
  }
});

/** Recurses as deep as it is told to, and waits there for what never comes. */
const FOREVER = `(component
  (core module $mem (memory (export "memory") 1)) (core instance $mem (instantiate $mem))
  (core func $return (canon task.return (result u32)))
  (core func $new (canon waitable-set.new))
  (core func $wait (canon waitable-set.wait (memory (core memory $mem "memory"))))
  (core module $m
    (import "" "new" (func $new (result i32))) (import "" "wait" (func $wait (param i32 i32) (result i32)))
    (func $deep (param i32) (result i32) (local i64)
      (local.set 1 (i64.extend_i32_u (local.get 0)))
      (if (result i32) (i32.eqz (local.get 0))
        (then (call $wait (call $new) (i32.const 0)))
        (else (i32.add (i32.wrap_i64 (local.get 1)) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "f") (param i32) (drop (call $deep (local.get 0)))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "wait" (func $wait))))))
  (func (export "f") async (param "depth" u32) (result u32) (canon lift (core func $i "f") async)))`;

describe("stacks that are suspended when their guest ends", () => {
  // Weakening: they are not unwound. The engine never lets go of them by itself.
  for (const [what, text, parameters, calls] of [
    ["of calls between components", DEEP_STACKS, [8, 8_000, 0], 24],
    ["of guests that wait for what never comes", FOREVER, [8_000], 200],
  ] as const) {
    test(`leave nothing behind: ${what}`, async () => {
      const pool = new WorkerPool(1);
      const program = await loaded(text);
      const call = async (): Promise<string> => (await pool.run(jobOf(program, { parameters }))).ending.kind;
      const kind = await call();
      assert.equal(kind, what.startsWith("of guests") ? "trap" : "value");
      const before = process.memoryUsage.rss();
      for (let count = 0; count < calls; count += 1) assert.equal(await call(), kind);
      const grown = (): number => (process.memoryUsage.rss() - before) / 2 ** 20;
      for (const until = performance.now() + 10_000; grown() > 60; await setTimeout(10)) {
        assert.ok(performance.now() < until, `${grown()} MiB are kept`);
      }
      await pool.close();
    });
  }
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
