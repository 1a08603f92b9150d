import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AuditObservation } from "../../src/audit/event.ts";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import { GrantsInForce } from "../../src/sandbox/policy/grants-in-force.ts";
import { HostFunctions } from "../../src/sandbox/host-functions/host-functions.ts";
import { HostObjects, type HostResource } from "../../src/sandbox/host-functions/host-objects.ts";
import { CallCancellations } from "../../src/sandbox/host-functions/call-cancellations.ts";
import { InvocationStreams } from "../../src/sandbox/streams/invocation-streams.ts";
import { ODD } from "../support/odd-values.ts";

/*
 * What a worker that hostile code has taken over may say of the embedder's objects: any number, at any time. Each case was seen to get
 * through with its check in `HostObjects` left out.
 */

const STORE = "acme:kv/store";

class Thing {
  dropped = 0;
  isInUse = false;
}

/** An embedder with two resources, whose functions tell whether they were given what they declare. */
function embedder(most = 10) {
  const things: Thing[] = [];
  const used: unknown[] = [];
  const finish: (() => void)[] = [];
  const observations: AuditObservation[] = [];
  const fn = (name: string, type: string, call: (given: readonly unknown[]) => unknown): object => ({
    interface: STORE,
    name,
    type,
    capability: "kv",
    call,
  });
  const make = (): Thing => {
    const thing = new Thing();
    things.push(thing);
    return thing;
  };
  const dropped = (object: object): void => {
    assert.ok(object instanceof Thing);
    // What it throws would be a warning.
    object.dropped += object.isInUse ? 100 : 1;
  };
  const functions = new HostFunctions(
    [
      { interface: STORE, resource: "one", dropped },
      { interface: STORE, resource: "other", dropped },
      fn("[constructor]one", "func() -> one", make),
      fn("[constructor]other", "func() -> other", make),
      fn("[method]one.use", "func(self: borrow<one>)", ([self]) => void used.push(self)),
      fn("[method]one.hold", "func(self: borrow<one>)", async ([self]) => {
        (self as Thing).isInUse = true;
        await new Promise<void>((resolve) => finish.push(resolve));
        (self as Thing).isInUse = false;
      }),
      fn("swallow", "func(a: own<one>, b: own<one>)", (given) => void used.push(...given)),
    ] as never,
    { kv: { kind: "boolean", value: true } },
  );
  const objects = new HostObjects(most);
  const { signal } = new AbortController();
  const asker = {
    signal,
    policy: new GrantsInForce({ ...NO_GRANTS, custom: { kv: { kind: "boolean", value: true } } }),
    objects,
    streams: new InvocationStreams(0),
    cancellations: new CallCancellations(),
    observe: (one: AuditObservation) => void observations.push(one),
  };
  const ask = async (name: string, ...payload: readonly unknown[]): Promise<unknown> => {
    const answer = await functions.answer(`custom:${STORE}@#${name}`, payload, asker);
    return answer?.kind === "returned" ? answer.value : answer;
  };
  const drop = async (number: unknown): Promise<void> => {
    await functions.answer("custom-drop", number, asker);
  };
  return { things, used, finish, objects, ask, drop };
}

test("a number is worth something for its resource alone, and while it is there", async () => {
  const { used, things, ask, drop } = embedder();
  const [one, other] = [await ask("[constructor]one"), await ask("[constructor]other")];
  await ask("[method]one.use", one);
  for (const number of [other, 0, -1, 3, 2 ** 53, "1", ...ODD]) {
    await assert.rejects(ask("[method]one.use", number), /no handle/, String(number));
  }
  await drop(one);
  await assert.rejects(ask("[method]one.use", one), /no handle/);
  assert.deepEqual(used, [things[0]]);
});

test("one is handed over once, and dropped once", async () => {
  const { used, things, ask, drop } = embedder();
  const numbers = [await ask("[constructor]one"), await ask("[constructor]one")];
  await assert.rejects(ask("swallow", numbers[0], numbers[0]), /no handle/);
  assert.deepEqual(used, []);
  assert.deepEqual(
    things.map((one) => one.dropped),
    [1, 0],
    "what was handed over to a call that was not made is let go of",
  );
  for (let times = 0; times < 3; times += 1) await drop(numbers[1]);
  for (const odd of ODD) await drop(odd);
  assert.deepEqual(
    things.map((one) => one.dropped),
    [1, 1],
  );
});

describe("what a function of the embedder's has is not let go of under it", () => {
  for (const how of ["dropped", "ended"] as const) {
    test(how, async () => {
      const { things, finish, objects, ask, drop } = embedder();
      const one = await ask("[constructor]one");
      const held = ask("[method]one.hold", one);
      await assert.rejects(ask("swallow", one, one), /is lent/);
      if (how === "dropped") await drop(one);
      else objects.end();
      assert.equal(things[0]?.dropped, 0);
      for (const done of finish) done();
      await held;
      assert.equal(things[0]?.dropped, 1);
    });
  }
});

test("what the embedder lends is neither handed over nor dropped by who it is lent to", () => {
  const objects = new HostObjects(10);
  const dropped: object[] = [];
  const resource: HostResource = {
    interface: STORE,
    version: undefined,
    name: "one",
    dropped: (object) => void dropped.push(object),
  };
  const number = objects.give(new Thing(), resource, "borrow");
  assert.ok(number !== undefined);
  objects.drop(number);
  assert.equal(objects.handOver(number, resource), false);
  objects.end();
  assert.deepEqual(dropped, []);
});

test("there are so many and no more, and none when the invocation has ended", async () => {
  const { things, objects, ask } = embedder(3);
  for (let made = 0; made < 3; made += 1) assert.equal(typeof (await ask("[constructor]one")), "number");
  assert.deepEqual(await ask("[constructor]one"), {
    kind: "failed",
    reason: "the host function returned what is not of its type",
  });
  objects.end();
  assert.deepEqual(
    things.map((one) => one.dropped),
    [1, 1, 1, 1],
  );
  assert.equal(objects.give(new Thing(), { name: "one" } as HostResource), undefined);
});
