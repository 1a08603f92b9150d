import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type GuestHandle, type GuestInstance, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE } from "../support/guests.ts";
import { countersGuest } from "../support/resource-guests.ts";

/*
 * Handles that are worth nothing, passed to an instance: each is refused before anything reaches the guest. Each case was seen to get
 * through with its check in `InstanceHandles` left out, as a trap that ended the instance or as a value of another's.
 */

let sandbox: Sandbox;
before(async () => {
  sandbox = await Sandbox.open(await countersGuest(), { cache: TEST_CACHE });
});
after(() => sandbox.close());

async function make(instance: GuestInstance, value: number): Promise<GuestHandle> {
  return (await instance.call("[constructor]counter", [value])).value as GuestHandle;
}

type Attack = (instance: GuestInstance, other: GuestInstance) => Promise<readonly [unknown, RegExp]>;

const ATTACKS: Readonly<Record<string, Attack>> = {
  "of another instance": async (_, other) => [await make(other, 2), /a handle of another instance/],
  "of another resource": async (instance) => [
    (await instance.call("[constructor]other")).value,
    /a handle of another resource/,
  ],
  "disposed of": async (instance) => {
    const handle = await make(instance, 2);
    handle[Symbol.dispose]();
    return [handle, /a handle that was disposed of/];
  },
  "handed over": async (instance) => {
    const handle = await make(instance, 2);
    await instance.call("counter.take", [handle]);
    return [handle, /a handle that was handed over/];
  },
  "a number, as the instance knows it by": () => Promise.resolve([1, /number 1, which is no handle/]),
  nothing: () => Promise.resolve([undefined, /undefined, which is no handle/]),
  "an object of its class without a state": async (instance) => [
    Object.create(Object.getPrototypeOf(await make(instance, 2)) as object),
    /an object, which is no handle/,
  ],
  "made by its class's constructor": async (instance) => {
    const handle = await make(instance, 2);
    const Class = handle.constructor as new (name: string, state: object) => GuestHandle;
    const state = { number: 1, resource: 0, status: "held", release: () => undefined };
    return [new Class("counter", state), /a handle of another instance/];
  },
  "a proxy of one": async (instance) => [new Proxy(await make(instance, 2), {}), /a proxy, which is no handle/],
  "a clone of one": async (instance) => [structuredClone(await make(instance, 2)), /an object, which is no handle/],
};

for (const [what, attack] of Object.entries(ATTACKS)) {
  test(`a handle that is ${what} is refused, and the guest sees nothing of it`, async () => {
    await using instance = await sandbox.instantiate();
    await using other = await sandbox.instantiate();
    const own = await make(instance, 1);
    const [given, problem] = await attack(instance, other);
    await instance.call("destroyed");
    const before = instance.fuelRemaining;
    await failsWith("usage", problem, instance.call("counter.value", [given]));
    await failsWith("usage", problem, instance.call("counter.take", [given]));
    await failsWith("usage", problem, instance.call("sum", [[own, given]]));
    assert.equal(instance.fuelRemaining, before);
    assert.equal((await instance.call("counter.value", [own])).value, 1, "what stood beside it is as it was");
  });
}

describe("a handle that is handed over is so once", () => {
  test("it is not passed a second time in one call", async () => {
    await using instance = await sandbox.instantiate();
    const handle = await make(instance, 1);
    await failsWith("usage", /passed twice, and handed over/, instance.call("counter.both", [handle, handle]));
    const second = await make(instance, 2);
    assert.equal((await instance.call("counter.both", [handle, second])).value, 3);
  });

  test("of two calls at once the second is refused, whatever the first does", async () => {
    await using instance = await sandbox.instantiate();
    const handle = await make(instance, 1);
    const first = instance.call("counter.take", [handle]);
    await failsWith("usage", /handed over/, instance.call("counter.take", [handle]));
    assert.equal((await first).value, 1);
    handle[Symbol.dispose]();
    assert.deepEqual((await instance.call("destroyed")).value, [1, 1], "its destructor ran once");
  });

  test("a call that is refused takes nothing over", async () => {
    await using instance = await sandbox.instantiate();
    const handle = await make(instance, 1);
    await failsWith("usage", /no handle/, instance.call("counter.both", [handle, 5]));
    const running = instance.call("destroyed");
    await failsWith("usage", /is in a call/, instance.call("counter.take", [handle]));
    await running;
    assert.equal((await instance.call("counter.take", [handle])).value, 1);
  });
});

test("one that is disposed of while it is lent is dropped when the call has ended", async () => {
  await using instance = await sandbox.instantiate();
  const handle = await make(instance, 6);
  const called = instance.call("counter.value", [handle]);
  handle[Symbol.dispose]();
  assert.equal((await called).value, 6);
  assert.deepEqual((await instance.call("destroyed")).value, [1, 6]);
});

test("after the instance is closed, its handles are refused and disposing of them does nothing", async () => {
  const instance = await sandbox.instantiate();
  const handle = await make(instance, 1);
  await instance.close();
  await failsWith("cancelled", /cancelled/, instance.call("counter.value", [handle]));
  await using next = await sandbox.instantiate();
  await failsWith("usage", /another instance/, next.call("counter.value", [handle]));
  handle[Symbol.dispose]();
  assert.deepEqual((await next.call("destroyed")).value, [0, 0]);
});
