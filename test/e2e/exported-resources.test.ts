import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type GuestHandle,
  type GuestInstance,
  inspect,
  type IsolationLevel,
  Sandbox,
} from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE } from "../support/guests.ts";
import { countersGuest } from "../support/resource-guests.ts";

let guest: string;
before(async () => {
  guest = await countersGuest();
});

async function make(instance: GuestInstance, value: number): Promise<GuestHandle> {
  return (await instance.call("[constructor]counter", [value])).value as GuestHandle;
}

for (const isolation of ["thread", "process"] satisfies readonly IsolationLevel[]) {
  describe(`at the isolation level ${isolation}`, () => {
    const open = (): Promise<Sandbox> => Sandbox.open(guest, { cache: TEST_CACHE, isolation });

    test("constructors, methods and static functions are called on an instance that stays", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate();
      const counter = await make(instance, 41);
      assert.equal(counter.resource, "counter");
      for (const name of [
        "acme:res/counters@1.0.0#[method]counter.value",
        "counters#[method]counter.value",
        "[method]counter.value",
        "counter.value",
      ]) {
        assert.equal((await instance.call(name, [counter])).value, 41, name);
      }
      const passed = (await instance.call("counter.pass", [counter])).value as GuestHandle;
      assert.notEqual(passed, counter);
      assert.equal((await instance.call("counter.value", [passed])).value, 41);
      assert.equal((await instance.call("counter.take", [passed])).value, 41);
      assert.deepEqual((await instance.call("destroyed")).value, [1, 41]);
    });

    test("destructors run when a handle is disposed of, also before the instance is closed", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate();
      {
        using counter = await make(instance, 7);
        assert.equal((await instance.call("counter.value", [counter])).value, 7);
      }
      assert.deepEqual((await instance.call("destroyed")).value, [1, 7]);
      const counters = [await make(instance, 1), await make(instance, 2), await make(instance, 3)];
      const other = (await instance.call("[constructor]other")).value as GuestHandle;
      for (const one of [...counters, other, ...counters]) one[Symbol.dispose]();
      assert.deepEqual((await instance.call("destroyed")).value, [4, 3]);
      (await make(instance, 5))[Symbol.dispose]();
    });

    test("handles stand anywhere in values", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate();
      const { value } = await instance.call("many", [10]);
      const all = value as {
        readonly one: GuestHandle;
        readonly some: GuestHandle;
        readonly many: readonly GuestHandle[];
        readonly either: { readonly tag: string; readonly val: GuestHandle };
        readonly choice: { readonly tag: string; readonly val: GuestHandle };
      };
      const handles = [all.one, all.some, ...all.many, all.either.val, all.choice.val];
      assert.deepEqual([all.either.tag, all.choice.tag], ["ok", "some"]);
      const values: unknown[] = [];
      for (const one of handles) values.push((await instance.call("counter.value", [one])).value);
      assert.deepEqual(values, [10, 11, 12, 13, 14, 15]);
      assert.equal((await instance.call("sum", [[all.one, all.some, all.one]])).value, 31);
      const error = await failsWith("guest-error", /the guest returned an error$/, instance.call("fails"));
      assert.equal((await instance.call("counter.value", [error.payload])).value, 77);
    });

    test("what a destructor does is the instance's: a trap and a limit end it", async () => {
      await using sandbox = await open();
      const trapping = await sandbox.instantiate();
      (await make(trapping, 13))[Symbol.dispose]();
      await failsWith("trap", /unreachable/, trapping.call("destroyed"));
      await trapping.close();
      const spinning = await sandbox.instantiate({ limits: { timeoutMs: 300 } });
      (await make(spinning, 14))[Symbol.dispose]();
      await failsWith("limit", /did not end within 300 ms/, spinning.call("destroyed"));
    });

    test("handles count towards maxHandles, and what is disposed of does not", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate({ limits: { maxHandles: 50 } });
      for (let turn = 0; turn < 4; turn += 1) {
        const { value } = await instance.call("fill", [40]);
        for (const handle of value as readonly GuestHandle[]) handle[Symbol.dispose]();
      }
      const { value, usage } = await instance.call("fill", [40]);
      assert.equal((value as unknown[]).length, 40);
      assert.equal(usage.handlesHighWater, 40);
      const error = await failsWith("limit", /held more than 50 handles/, instance.call("fill", [11]));
      assert.equal(error.limit?.limit, "handles");
    });
  });
}

test("a call on a fresh instance gives no handle, and says where one is to be had", async () => {
  await using sandbox = await Sandbox.open(guest, { cache: TEST_CACHE });
  await failsWith("unsupported", /on an instance that stays/, sandbox.call("[constructor]counter", [1]));
  await using instance = await sandbox.instantiate();
  const counter = await make(instance, 1);
  await failsWith("usage", /a handle of another instance/, sandbox.call("counter.value", [counter]));
});

test("inspecting names constructors, methods and static functions as callable", async () => {
  const { callable, runnable } = await inspect(guest);
  const of = (name: string): string => `acme:res/counters@1.0.0#${name}`;
  assert.ok(runnable);
  for (const name of ["[constructor]counter", "[method]counter.value", "[static]counter.take", "sum"]) {
    assert.ok(callable.includes(of(name)), name);
  }
});

test("handles that nobody has any more are dropped", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  await using sandbox = await Sandbox.open(guest, { cache: TEST_CACHE });
  await using instance = await sandbox.instantiate();
  await make(instance, 9);
  for (let turn = 0; turn < 1_000; turn += 1) {
    collect();
    const { value } = await instance.call("destroyed");
    if ((value as readonly number[])[0] === 1) return;
  }
  assert.fail("its destructor did not run");
});
