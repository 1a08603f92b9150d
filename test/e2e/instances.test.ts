import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import {
  CordonError,
  type GuestInstance,
  type IsolationLevel,
  Sandbox,
  type SandboxOptions,
} from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/** Counts its calls in its memory; spins and traps when it is asked to. */
const COUNTER = `(component
  (core module $m
    (memory 1)
    (func (export "next") (result i32)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (i32.load (i32.const 0)))
    (func (export "work") (param $n i32)
      (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "spin") (loop $l (br $l)))
    (func (export "trap") unreachable))
  (core instance $i (instantiate $m))
  (func (export "next") (result u32) (canon lift (core func $i "next")))
  (func (export "work") (param "n" u32) (canon lift (core func $i "work")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "trap") (canon lift (core func $i "trap"))))`;

let guest: string;
before(async () => {
  guest = await textGuest("counting-instance", COUNTER);
});

for (const isolation of ["thread", "process"] satisfies readonly IsolationLevel[]) {
  describe(`at the isolation level ${isolation}`, () => {
    const open = (options: SandboxOptions = {}): Promise<Sandbox> =>
      Sandbox.open(guest, { cache: TEST_CACHE, isolation, ...options });

    test("an instance that stays keeps its memory, apart from every other", async () => {
      await using sandbox = await open();
      await using one = await sandbox.instantiate();
      await using two = await sandbox.instantiate();
      for (const expected of [1, 2, 3]) assert.equal((await one.call("next")).value, expected);
      assert.equal((await two.call("next")).value, 1);
      assert.equal((await sandbox.call("next")).value, 1);
      assert.equal((await one.call("next")).value, 4);
    });

    test("its fuel is for all its calls, and it can be given more", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate({ limits: { fuel: 100_000 } });
      const before = instance.fuelRemaining;
      const { usage } = await instance.call("work", [1000]);
      const cost = before - instance.fuelRemaining;
      assert.ok(cost > 1000 && cost < 20_000, `${cost}`);
      assert.equal(usage.fuel, 100_000 - instance.fuelRemaining);
      await instance.call("work", [1000]);
      assert.equal(before - instance.fuelRemaining, 2 * cost, "the same work costs the same");
      instance.refuel(1_000_000);
      assert.equal(instance.fuelRemaining, before - 2 * cost + 1_000_000);
      await instance.call("work", [50_000]);
      await failsWith("limit", /used up its 1100000 units of fuel/, instance.call("work", [1_000_000]));
      await failsWith("limit", /fuel/, instance.call("next"));
    });

    test("it is given no more fuel than there can be", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate({ limits: { fuel: Number.MAX_SAFE_INTEGER } });
      const before = instance.fuelRemaining;
      for (let turn = 0; turn < 2; turn += 1) instance.refuel(Number.MAX_SAFE_INTEGER);
      assert.equal(instance.fuelRemaining, before);
      const { usage } = await instance.call("work", [1000]);
      assert.equal(instance.fuelRemaining, Number.MAX_SAFE_INTEGER - (usage.fuel ?? 0));
    });

    test("one that trapped is no more, and says so", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate();
      await failsWith("trap", /unreachable/, instance.call("trap"));
      await failsWith("trap", /unreachable/, instance.call("next"));
      assert.equal((await sandbox.call("next")).value, 1);
    });

    test("each call has the deadline anew, and one that passes it ends the instance", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate({ limits: { timeoutMs: 1_500, idleTimeoutMs: 60_000 } });
      const until = performance.now() + 2_000;
      while (performance.now() < until) await instance.call("work", [100_000]);
      await failsWith("limit", /did not end within 1500 ms/, instance.call("spin"));
      await failsWith("limit", /did not end/, instance.call("next"));
    });

    test("it takes one call at a time", async () => {
      await using sandbox = await open({ limits: { timeoutMs: 3_000 } });
      const instance = await sandbox.instantiate();
      const spinning = failsWith("limit", /did not end/, instance.call("spin"));
      await failsWith("usage", /is in a call/, instance.call("next"));
      await spinning;
    });

    test("one that nobody calls is ended", async () => {
      await using sandbox = await open({ limits: { idleTimeoutMs: 50 } });
      const instance = await sandbox.instantiate();
      let error: unknown;
      for (let calls = 0; error === undefined && calls < 100; calls += 1) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        error = await instance.call("next").then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      }
      assert.ok(error instanceof CordonError);
      assert.equal(error.limit?.limit, "idle-time");
    });

    test("closing it, its sandbox, or cancelling it ends it once", async () => {
      const sandbox = await open();
      const [closed, cancelled, left] = await Promise.all([
        sandbox.instantiate(),
        sandbox.instantiate(),
        sandbox.instantiate(),
      ]);
      await closed.close();
      await closed.close();
      await failsWith("cancelled", /cancelled/, closed.call("next"));
      const abort = new AbortController();
      const other = await sandbox.instantiate({ signal: abort.signal });
      const spinning = failsWith("cancelled", /cancelled/, other.call("spin"));
      abort.abort();
      await spinning;
      assert.equal((await cancelled.call("next")).value, 1);
      await sandbox.close();
      await failsWith("cancelled", /cancelled/, left.call("next"));
      await left.close();
    });

    test("a sandbox adds up what its calls used", async () => {
      await using sandbox = await open();
      const one = (await sandbox.call("work", [1000])).usage;
      await failsWith("trap", /unreachable/, sandbox.call("trap"));
      const { calls, fuel, memoryHighWaterBytes } = sandbox.totals;
      assert.equal(calls, 2);
      assert.ok(fuel >= (one.fuel ?? 0) && fuel > 1000);
      assert.equal(memoryHighWaterBytes, 65_536 + guestStackBytes());
    });
  });
}

test("a host function cannot re-enter the instance that called it", async () => {
  const text = `(component
    (import "acme:test/back" (instance $b (export "again" (func))))
    (core func $again (canon lower (func $b "again")))
    (core module $m (import "b" "again" (func $a)) (func (export "f") (call $a)))
    (core instance $i (instantiate $m (with "b" (instance (export "again" (func $again))))))
    (func (export "f") (canon lift (core func $i "f"))))`;
  const errors: unknown[] = [];
  let instance: GuestInstance | undefined;
  await using sandbox = await Sandbox.open(await textGuest("re-entering", text), {
    cache: TEST_CACHE,
    grants: { custom: { back: true } },
    hostFunctions: [
      {
        interface: "acme:test/back",
        name: "again",
        type: "func()",
        capability: "back",
        call: async () => {
          errors.push(await instance?.call("f").catch((error: unknown) => error));
        },
      },
    ],
  });
  instance = await sandbox.instantiate();
  await instance.call("f");
  assert.ok(errors[0] instanceof CordonError);
  assert.equal(errors[0].code, "usage");
  await instance.call("f");
  assert.equal(errors.length, 2);
  await instance.close();
});
