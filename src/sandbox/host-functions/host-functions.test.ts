import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { callHost, hostContext, type TestContext } from "../../../test/support/host-context.ts";
import { failsWith } from "../../../test/support/errors.ts";
import type { HostResult } from "../../host/capability.ts";
import { customInterfaces } from "../../host/custom/custom-interfaces.ts";
import { type CustomGrant, NO_GRANTS } from "../../policy/grants.ts";
import type { HostFunctionInput } from "./host-function-input.ts";
import type { HostFunctionAsker } from "./custom-call.ts";
import { GrantsInForce } from "../policy/grants-in-force.ts";
import { HostObjects } from "./host-objects.ts";
import { CallCancellations } from "./call-cancellations.ts";
import { InvocationStreams } from "../streams/invocation-streams.ts";
import { HostFunctions } from "./host-functions.ts";

type Granted = Readonly<Record<string, CustomGrant>>;

const YES: CustomGrant = { kind: "boolean", value: true };

/** A function that hands its first parameter back, unless a test says otherwise. */
function registered(input: Partial<HostFunctionInput> = {}): HostFunctionInput {
  return {
    interface: "acme:mail/outbox",
    name: "send",
    type: "func(to: string, amount: u64) -> result<string, string>",
    capability: "mail.send",
    call: ([to]) => ({ tag: "ok", val: to }),
    ...input,
  };
}

const uncalled = (): never => assert.fail("it was called");

interface Guest {
  readonly context: TestContext;
  readonly call: (...parameters: readonly unknown[]) => Promise<HostResult>;
}

function asker({ signal, observe }: TestContext, custom: Granted = {}): HostFunctionAsker {
  const policy = new GrantsInForce({ ...NO_GRANTS, custom });
  const cancellations = new CallCancellations();
  return { signal, policy, observe, objects: new HostObjects(0), streams: new InvocationStreams(0), cancellations };
}

/**
 * An invocation with both of its threads' parts in this one: what they send each other is copied as between threads.
 *
 * @param embedderGranted What the embedder's side believes was granted.
 */
function guestOf(input: HostFunctionInput, granted: Granted, embedderGranted: Granted = granted): Guest {
  const functions = new HostFunctions([input], embedderGranted);
  const [provided] = customInterfaces(structuredClone(functions.descriptors));
  assert.ok(provided !== undefined);
  const context: TestContext = hostContext({
    grants: { custom: granted },
    ask: async (service, payload) =>
      structuredClone(await functions.answer(service, structuredClone(payload), asker(context, embedderGranted))),
  });
  return { context, call: async (...parameters) => callHost(provided, input.name, context, ...parameters) };
}

function events({ context }: Guest): readonly string[] {
  return context.observations.map(({ eventType, action, resource, result, reason }) =>
    [eventType, action, resource, result, ...(reason === undefined ? [] : [reason])].join(" | "),
  );
}

test("a granted function is called with the guest's parameters, and its value goes back", async () => {
  const guest = guestOf(registered(), { "mail.send": YES });
  assert.deepEqual(await guest.call("a@b.c", 7n), { tag: "ok", val: "a@b.c" });
  assert.deepEqual(events(guest), ["CustomAccess | acme:mail/outbox#send | mail.send | Allowed"]);
});

test("a function whose capability is not granted is not called: an err of text, or a trap", async () => {
  for (const granted of [{}, { "mail.send": { kind: "boolean", value: false } }, { send: YES }] as const) {
    const guest = guestOf(registered({ call: uncalled }), granted);
    const message = 'Permission denied: the custom capability "mail.send" is not granted';
    assert.deepEqual(await guest.call("a", 1n), { tag: "err", val: message });
    assert.deepEqual(events(guest), [
      'CustomAccess | acme:mail/outbox#send | mail.send | Denied | the custom capability "mail.send" is not granted',
    ]);
  }
  for (const type of [
    "func(to: string)",
    "func(to: string) -> result<string, u8>",
    "func(to: string) -> result<_, list<string>>",
  ]) {
    const guest = guestOf(registered({ call: uncalled, type }), {});
    await assert.rejects(guest.call("a"), /^Error: acme:mail\/outbox#send: Permission denied: /);
    assert.equal(guest.context.observations.length, 1);
  }
});

test("the embedder's side decides for itself", async () => {
  const guest = guestOf(registered({ call: uncalled }), { "mail.send": YES }, {});
  assert.partialDeepStrictEqual(await guest.call("a", 1n), { tag: "err" });
  assert.partialDeepStrictEqual(guest.context.observations, [{ eventType: "CustomAccess", result: "Denied" }]);
  assert.equal(guest.context.observations.length, 1);
});

test("so does the guests' side, and asks nobody", async () => {
  const guest = guestOf(registered({ call: uncalled }), {}, { "mail.send": YES });
  assert.match(String((await guest.call("a", 1n)).val), /^Permission denied: /);
  assert.partialDeepStrictEqual(guest.context.observations, [{ eventType: "CustomAccess", result: "Denied" }]);
});

test("a range bounds the parameter that the function names", async () => {
  const check = { parameter: "amount" };
  const guest = guestOf(registered({ check }), { "mail.send": { kind: "numeric", minimum: 0, maximum: 100 } });
  assert.deepEqual(await guest.call("a", 100n), { tag: "ok", val: "a" });
  assert.deepEqual(await guest.call("a", 101n), {
    tag: "err",
    val: 'Permission denied: amount is not from 0 to 100, which "mail.send" is granted for',
  });
  assert.deepEqual(
    guest.context.observations.map(({ resource, result }) => `${resource} ${result}`),
    ["mail.send amount=100 Allowed", "mail.send amount=101 Denied"],
  );
});

test("texts bound it too, and are not revealed", async () => {
  const check = { parameter: "to" };
  for (const grant of [
    { kind: "string", value: "secret@b.c" },
    { kind: "string-list", values: ["x", "secret@b.c"] },
  ] as const) {
    const guest = guestOf(registered({ check }), { "mail.send": grant });
    assert.deepEqual(await guest.call("secret@b.c", 1n), { tag: "ok", val: "secret@b.c" });
    const denied = await guest.call("other@b.c", 1n);
    assert.equal(denied.tag, "err");
    assert.doesNotMatch(String(denied.val), /secret/);
  }
});

test("the embedder's own check has the last word, and anything but true is no", async () => {
  const grant: CustomGrant = { kind: "numeric", minimum: 1, maximum: 9 };
  const seen: unknown[] = [];
  const answers: readonly (() => unknown)[] = [
    () => false,
    () => undefined,
    () => "yes",
    () => 1,
    async () => false,
    () => Promise.reject(new Error("broken")),
    () => {
      throw new Error("broken");
    },
  ];
  for (const answer of answers) {
    const allows = (...given: unknown[]): boolean => {
      seen.push(given);
      return answer() as boolean;
    };
    const guest = guestOf(registered({ call: uncalled, check: { parameter: "amount", allows } }), {
      "mail.send": grant,
    });
    assert.equal((await guest.call("a", 5n)).tag, "err");
    assert.partialDeepStrictEqual(guest.context.observations, [{ result: "Denied" }]);
    // What the grant refuses does not get as far.
    assert.equal((await guest.call("a", 10n)).tag, "err");
  }
  assert.deepEqual(
    seen,
    answers.map(() => [grant, ["a", 5n]]),
  );
  const guest = guestOf(registered({ check: { allows: async () => true } }), { "mail.send": grant });
  assert.deepEqual(await guest.call("a", 5n), { tag: "ok", val: "a" });
});

test("what a function throws is an err of text, one line of it, or a trap without a stack", async () => {
  const thrown: readonly (readonly [unknown, string])[] = [
    [new Error("quota\n  exceeded"), "quota exceeded"],
    ["text", "text"],
    [new Error(""), "the host function failed"],
    [undefined, "undefined"],
    [Object.create(null), "the host function failed"],
    [new Error("x".repeat(5_000)), "x".repeat(1_000)],
    [new Error("half \ud800"), "half \ufffd"],
  ];
  for (const [value, message] of thrown) {
    const call = (): never => {
      throw value;
    };
    const guest = guestOf(registered({ call }), { "mail.send": YES });
    assert.deepEqual(await guest.call("a", 1n), { tag: "err", val: message });
    assert.deepEqual(events(guest), [`CustomAccess | acme:mail/outbox#send | mail.send | Error | ${message}`]);
    const trapping = guestOf(registered({ call: async () => call(), type: "func() -> u8" }), { "mail.send": YES });
    await assert.rejects(trapping.call(), (error) => {
      assert.ok(error instanceof Error);
      assert.equal(error.message, `acme:mail/outbox#send: ${message}`);
      return true;
    });
  }
});

test("what a function returns has to be of its type, and is handed on as a copy", async () => {
  const wrong: readonly unknown[] = [
    undefined,
    "a",
    { tag: "ok" },
    { tag: "ok", val: 1 },
    { tag: "no" },
    { tag: "ok", val: "secret\ud800" },
  ];
  for (const value of wrong) {
    const guest = guestOf(registered({ call: () => value }), { "mail.send": YES });
    const result = await guest.call("a", 1n);
    assert.deepEqual(result, { tag: "err", val: "the host function returned what is not of its type" });
    assert.match(
      events(guest).join(),
      /\| Error \| Cannot hand on what the host function returned: value.*: expected .*, found /,
    );
  }
  const trapping = guestOf(registered({ call: () => 256, type: "func() -> u8" }), { "mail.send": YES });
  await assert.rejects(trapping.call(), /not of its type$/);

  let ran = false;
  const getter = {
    get tag(): string {
      ran = true;
      return "ok";
    },
  };
  const odd = guestOf(registered({ call: () => getter }), { "mail.send": YES });
  assert.equal((await odd.call("a", 1n)).tag, "err");
  assert.equal(ran, false, "nothing of the value is run");
});

const SHAPES: readonly (readonly [type: string, returned: unknown, result: HostResult])[] = [
  ["func()", "ignored", { tag: "ok", val: undefined }],
  ["func() -> u64", 7, { tag: "ok", val: 7n }],
  ["func() -> list<u8>", [1, 2], { tag: "ok", val: Uint8Array.of(1, 2) }],
  ["func() -> option<string>", null, { tag: "ok", val: undefined }],
  ["func() -> record { a-b: u8, c: option<u8> }", { "a-b": 1 }, { tag: "ok", val: { aB: 1, c: undefined } }],
  ["func() -> result", { tag: "err" }, { tag: "err", val: undefined }],
  ["func() -> result<result<u8>, string>", { tag: "ok", val: { tag: "err" } }, { tag: "ok", val: { tag: "err" } }],
  ["func() -> result<_, variant { a(u8), b }>", { tag: "err", val: { tag: "b" } }, { tag: "err", val: { tag: "b" } }],
];

for (const [type, returned, result] of SHAPES) {
  test(`values of ${type}`, async () => {
    const guest = guestOf(registered({ type, call: async () => returned }), { "mail.send": YES });
    const { tag, val } = await guest.call();
    assert.deepEqual({ tag, val }, result);
  });
}

test("parameters are of their types when the function gets them, wherever they come from", async () => {
  const seen: unknown[] = [];
  const type = "func(a: record { one-two: list<u8> }, b: option<u64>, c: flags { x, y })";
  const input = registered({ type, call: (parameters) => void seen.push(parameters) });
  const guest = guestOf(input, { "mail.send": YES });
  const foreign = runInNewContext("({ oneTwo: Uint8Array.of(1) })") as unknown;
  await guest.call(foreign, undefined, { x: true, y: false });
  assert.deepEqual(seen, [[{ oneTwo: Uint8Array.of(1) }, undefined, { x: true, y: false }]]);
  // What no guest's side lets through is not handed on.
  await assert.rejects(guest.call({ oneTwo: "text" }, undefined, { x: true, y: false }));
  await assert.rejects(guest.call());
  assert.equal(seen.length, 1);
});

test("a function that does not end is left when the invocation does, with one event", async () => {
  let signal: AbortSignal | undefined;
  const started = Promise.withResolvers<void>();
  const late = Promise.withResolvers<unknown>();
  const guest = guestOf(
    registered({
      call: (_parameters, context) => {
        signal = context.signal;
        started.resolve();
        return late.promise;
      },
    }),
    { "mail.send": YES },
  );
  const result = guest.call("a", 1n);
  await started.promise;
  assert.equal(signal?.aborted, false);
  guest.context.abort();
  assert.equal(signal?.aborted, true);
  assert.deepEqual(await result, { tag: "err", val: "the invocation ended before it was done" });
  late.reject(new Error("too late"));
  await new Promise(setImmediate);
  assert.deepEqual(events(guest), [
    "CustomAccess | acme:mail/outbox#send | mail.send | Error | the invocation ended before it was done",
  ]);
});

test("a function is not called once the invocation has ended, however long the check took", async () => {
  let called = false;
  const checked = Promise.withResolvers<boolean>();
  const asked = Promise.withResolvers<void>();
  const allows = (): Promise<boolean> => {
    asked.resolve();
    return checked.promise;
  };
  const guest = guestOf(registered({ call: () => void (called = true), check: { allows } }), {
    "mail.send": YES,
  });
  const result = guest.call("a", 1n);
  await asked.promise;
  guest.context.abort();
  checked.resolve(true);
  assert.equal((await result).tag, "err");
  await new Promise(setImmediate);
  assert.equal((await guest.call("a", 1n)).tag, "err");
  assert.equal(called, false);
  assert.equal(guest.context.observations.length, 2);
});

test("functions of one interface are provided together, with their canonical types and version", () => {
  const inputs = [
    registered({ interface: "acme:mail/outbox@1.2.3", type: "func( to:string , )" }),
    registered({ interface: "acme:mail/outbox@1.2.3", name: "count", type: "func() -> u32" }),
    registered({ interface: "acme:mail/inbox", type: "func()" }),
  ];
  assert.deepEqual(
    customInterfaces(new HostFunctions(inputs, {}).descriptors).map(({ name, version, functions }) => [
      name,
      version,
      functions.map((fn) => [fn.name, fn.type, fn.blocking]),
    ]),
    [
      [
        "acme:mail/outbox",
        "1.2.3",
        [
          ["send", "func(to: string)", true],
          ["count", "func() -> u32", true],
        ],
      ],
      ["acme:mail/inbox", undefined, [["send", "func()", true]]],
    ],
  );
});

test("only the functions that were given are answered", () => {
  const functions = new HostFunctions([registered()], { "mail.send": YES });
  for (const service of [
    "",
    "stdin",
    "custom:",
    "custom:acme:mail/outbox#other",
    "custom:__proto__#x",
    "acme:mail/outbox#send",
  ]) {
    assert.equal(functions.answer(service, [], asker(hostContext())), undefined);
  }
});

const WRONG: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{ interface: "mail/" }, /hostFunctions\[0\]: interface is no name such as acme:mail\/outbox/],
  [{ interface: "acme:mail/outbox@1.0.0-rc.1" }, /interface is no name/],
  [{ interface: "acme:mail/outbox\n" }, /interface is no name/],
  [{ interface: "wasi:filesystem/types" }, /the namespace wasi is not for other functions/],
  [{ interface: "WASI:filesystem/types" }, /the namespace WASI/],
  [{ interface: "cordon:process/run" }, /the namespace cordon/],
  [{ interface: "sandbox:skill/network" }, /the namespace sandbox/],
  [{ interface: 5 }, /interface is no name/],
  [{ name: "[method]a.b" }, /name: the interface declares no resource a/],
  [{ name: "__proto__" }, /name is no WIT name/],
  [{ capability: "" }, /capability is no name/],
  [{ capability: "__proto__" }, /capability is no name/],
  [{ call: undefined }, /call is no function/],
  [{ type: "func(to: strng)" }, /type: Cannot read the function type .*did you mean string/],
  [{ type: "func(a: record { a-1b: u8, a1b: u8 })" }, /JavaScript cannot tell a-1b and a1b apart/],
  [{ type: "func() -> list<result<_, option<flags { a-1b, a1b }>>>" }, /JavaScript cannot tell/],
  [{ type: 5 }, /type is no text/],
  [{ check: "amount" }, /check: expected an object/],
  [{ check: { paramter: "amount" } }, /check: unknown key "paramter"; did you mean parameter\?/],
  [{ check: { parameter: "amuont" } }, /the function has no parameter "amuont"/],
  [{ check: { parameter: 1 } }, /check\.parameter is no text/],
  [{ check: { allows: true } }, /check\.allows is no function/],
  [{ chek: { parameter: "amount" } }, /unknown key "chek"; did you mean check\?/],
  [{ check: { parameter: "to" }, type: "func(to: list<string>)" }, /to is neither a number nor a text/],
];

for (const [part, message] of WRONG) {
  test(`refuses ${JSON.stringify(part)}`, async () => {
    const input = { ...registered(), ...part } as HostFunctionInput;
    await failsWith("usage", message, () => new HostFunctions([input], {}));
  });
}

test("functions that cannot be told apart are refused, and everything wrong is reported at once", async () => {
  const pairs: readonly (readonly [Partial<HostFunctionInput>, RegExp])[] = [
    [{}, /hostFunctions\[1\]: acme:mail\/outbox#send is there already/],
    [{ name: "SEND" }, /is there already/],
  ];
  for (const [part, message] of pairs) {
    await failsWith("usage", message, () => new HostFunctions([registered(), registered(part)], {}));
  }
  const alike = [registered({ name: "a-1b" }), registered({ name: "a1b" })];
  await failsWith(
    "usage",
    /JavaScript cannot tell acme:mail\/outbox#a1b and a-1b apart/,
    () => new HostFunctions(alike, {}),
  );
  const bad = [registered({ name: "" }), registered({ type: "" })];
  await failsWith("usage", /hostFunctions\[0\]: name .*; hostFunctions\[1\]: type/, () => new HostFunctions(bad, {}));
  for (const list of [null, {}, [null], [5], "x"] as unknown as readonly (readonly HostFunctionInput[])[]) {
    await failsWith("usage", /Cannot use the host functions/, () => new HostFunctions(list, {}));
  }
});

test("a grant that nothing would compare is refused, and never taken for a yes", async () => {
  const numeric: CustomGrant = { kind: "numeric", minimum: 0, maximum: 1 };
  const text: CustomGrant = { kind: "string", value: "x" };
  const list: CustomGrant = { kind: "string-list", values: ["x"] };
  const refused: readonly (readonly [Partial<HostFunctionInput>, CustomGrant, RegExp])[] = [
    [{}, numeric, /has no check that custom\.mail\.send could bound; grant it true or false/],
    [{}, list, /has no check/],
    [{ check: {} }, text, /has no check/],
    [
      { check: { parameter: "to" } },
      numeric,
      /custom\.mail\.send bounds numbers, and .* compares it with to, one of texts/,
    ],
    [{ check: { parameter: "amount" } }, list, /bounds texts, and .* compares it with amount, one of numbers/],
    [{ check: { parameter: "to", allows: () => true } }, numeric, /bounds numbers/],
  ];
  for (const [part, grant, message] of refused) {
    await failsWith("policy", message, () => new HostFunctions([registered(part)], { "mail.send": grant }));
  }
});
