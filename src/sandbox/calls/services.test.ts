import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { test } from "node:test";
import type { AuditObservation } from "../../audit/event.ts";
import { type Grants, NO_GRANTS } from "../../policy/grants.ts";
import { ODD } from "../../../test/support/odd-values.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits/limits.ts";
import type { HostFunctionInput } from "../host-functions/host-function-input.ts";
import { HostObjects } from "../host-functions/host-objects.ts";
import { InvocationStreams } from "../streams/invocation-streams.ts";
import { HostFunctions } from "../host-functions/host-functions.ts";
import { answering } from "./services.ts";
import type { StdioOptions } from "./stdio-options.ts";
import { GrantsInForce } from "../policy/grants-in-force.ts";
import { Stdio } from "./stdio.ts";

// What a worker that hostile code has taken over may ask: anything, in any form, whatever its own checks were.

const { signal } = new AbortController();

interface SideOptions extends StdioOptions {
  readonly limits?: Partial<Limits>;
  readonly hostFunctions?: readonly HostFunctionInput[];
}

function side(grants: Partial<Grants>, { limits, hostFunctions = [], ...options }: SideOptions = {}) {
  const observations: AuditObservation[] = [];
  const stdio = new Stdio(options, true);
  const answer = answering({
    stdio,
    hostFunctions: new HostFunctions(hostFunctions, grants.custom ?? {}),
    policy: new GrantsInForce({ ...NO_GRANTS, ...grants }),
    limits: { ...DEFAULT_LIMITS, maxStdoutBytes: 10, ...limits },
    exchange: undefined,
    objects: new HostObjects(10),
    streams: new InvocationStreams(10),
    observe: (observation) => void observations.push(observation),
  });
  const ask = (service: string, payload: unknown): Promise<unknown> => answer(service, payload, signal);
  return { ask, stdio, observations };
}

// Seen to fail with the grant not checked.
test("stdin is not read without its grant, and the record says that it was asked for", async () => {
  let reads = 0;
  async function* secret(): AsyncGenerator<Uint8Array> {
    reads += 1;
    yield Buffer.from("secret");
  }
  const { ask, observations } = side({}, { stdin: secret() });
  await assert.rejects(ask("stdin", 100), /stdin is not granted/);
  await assert.rejects(ask("stdin", 100), /stdin is not granted/);
  assert.equal(reads, 0);
  const event = {
    eventType: "PolicyViolation",
    action: "stdio.read",
    resource: "stdin",
    result: "Denied",
    reason: "stdin is not granted",
    remedies: [{ setting: "grants.stdin", value: "true" }],
  };
  assert.deepEqual(observations, [event], "once");
});

test("stdin is read with its grant, by as many bytes as one read may ask for", async () => {
  const { ask } = side({ stdin: true }, { stdin: "x".repeat(100_000) });
  assert.deepEqual(await ask("stdin", 2), new Uint8Array([0x78, 0x78]));
  for (const length of ["2", -1, 0, 1.5, Number.NaN, Infinity, 65_537, undefined, null, {}, [2]]) {
    await assert.rejects(ask("stdin", length), /is no number of bytes to read/);
  }
  assert.equal(((await ask("stdin", 65_536)) as Uint8Array).length, 65_536);
});

// Seen to fail with each of the two checks left out.
test("output is bytes, and no more than the limit of both streams together", async () => {
  const chunks: Uint8Array[] = [];
  const { ask, stdio, observations } = side({}, { stdout: (chunk) => void chunks.push(chunk) });
  for (const chunk of ["text", { length: 1 }, new Uint16Array(1), new ArrayBuffer(1), [1], null, undefined, 1]) {
    await assert.rejects(ask("stdout", chunk), /is no output/);
    await assert.rejects(ask("stderr", chunk), /is no output/);
  }
  await ask("stdout", Buffer.from("123456"));
  await ask("stderr", Buffer.from("789"));
  await assert.rejects(ask("stdout", Buffer.from("ab")), /more than 10 bytes of output/);
  await assert.rejects(ask("stderr", Buffer.from("ab")), /more than 10 bytes of output/);
  assert.deepEqual(chunks.map(String), ["123456"]);
  assert.equal(Buffer.from(stdio.captured("stderr")).toString(), "789");
  assert.deepEqual(observations, []);
});

// Seen to fail with the check left out: the end of a call waited for a read that nobody would end.
test("stdin is read once at a time", async () => {
  const more = Promise.withResolvers<undefined>();
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a");
    await more.promise;
    yield Buffer.from("b");
  }
  const { ask, stdio } = side({ stdin: true }, { stdin: slow() });
  await ask("stdin", 1);
  const waiting = ask("stdin", 1);
  await assert.rejects(ask("stdin", 1), /it is being read/);
  await stdio.close();
  more.resolve(undefined);
  await waiting;
});

// Seen to fail with the check left out.
test("a sink is not called before it has taken what came before", async () => {
  const taken = Promise.withResolvers<void>();
  let calls = 0;
  const sink = (): Promise<void> => {
    calls += 1;
    return taken.promise;
  };
  const { ask } = side({}, { stdout: sink });
  const first = ask("stdout", new Uint8Array(1));
  await assert.rejects(ask("stdout", new Uint8Array(1)), /is not taken yet/);
  await ask("stderr", new Uint8Array(1));
  taken.resolve();
  await first;
  await ask("stdout", new Uint8Array(1));
  await ask("stdout", new Uint8Array(0));
  assert.equal(calls, 2, "nothing is no output");
});

test("output in crumbs is captured as it is", async () => {
  const { ask, stdio } = side({}, { limits: { maxStdoutBytes: 5_000 } });
  for (let at = 0; at < 5_000; at += 1) await ask("stdout", Uint8Array.of(at % 256));
  const captured = stdio.captured("stdout");
  assert.equal(captured.length, 5_000);
  assert.ok(captured.every((byte, at) => byte === at % 256));
  assert.equal(captured.buffer.byteLength, 5_000);
});

// Seen to fail with the parameters taken as they come.
test("a function of the embedder gets parameters of its types, and only with its grant", async () => {
  const calls: unknown[] = [];
  const send: HostFunctionInput = {
    interface: "acme:mail/outbox",
    name: "send",
    type: "func(to: string, parts: list<u8>) -> u32",
    capability: "mail",
    check: { parameter: "to" },
    call: (parameters) => calls.push(parameters),
  };
  const service = "custom:acme:mail/outbox@#send";
  const granted = { custom: { mail: { kind: "string", value: "a" } } } as const;
  const { ask, observations } = side(granted, { hostFunctions: [send] });
  const parts = new Uint8Array([1]);
  const wrong = [[], ["a"], ["a", parts, 1], ["a", [256]], [1, parts], [{}, parts], ["\ud800", parts], ["a", "b"]];
  for (const payload of [...ODD, ...wrong]) await assert.rejects(ask(service, payload), /Cannot call "send"/);
  assert.deepEqual(calls, []);
  assert.partialDeepStrictEqual(await ask(service, ["b", parts]), { kind: "denied" });
  assert.deepEqual(calls, []);
  assert.deepEqual(await ask(service, ["a", parts]), { kind: "returned", value: 1 });
  assert.deepEqual(calls, [["a", parts]]);
  assert.deepEqual(
    observations.map(({ result }) => result),
    ["Denied", "Allowed"],
  );
});

const NODE = realpathSync(process.execPath);
const GRANTED = { process: { kind: "commands", commands: [{ name: "node", path: NODE }] } } as const;

function request(text: string, more: object = {}): object {
  const given = { command: "node", arguments: ["--eval", text], timeoutMs: 20_000, maxOutputBytes: 1_000 };
  return { ...given, stdin: undefined, ...more };
}

// Seen to fail with each of the checks left out.
test("a program is asked for in a request's form, with no more time or output than one may have", async () => {
  const { ask, observations } = side(GRANTED);
  const wrong: readonly object[] = [
    ...ODD.filter((one) => typeof one !== "string").map((command) => ({ command })),
    ...ODD.filter((one) => !Array.isArray(one)).map((words) => ({ arguments: words })),
    { arguments: ["--eval", 1] },
    { arguments: { 0: "--eval", length: 1 } },
    ...ODD.filter((one) => one !== undefined).map((stdin) => ({ stdin })),
    ...ODD.map((timeoutMs) => ({ timeoutMs })),
    { timeoutMs: DEFAULT_LIMITS.timeoutMs + 1 },
    ...ODD.map((maxOutputBytes) => ({ maxOutputBytes })),
    { maxOutputBytes: 16 * 1024 * 1024 + 1 },
  ];
  for (const more of wrong) await assert.rejects(ask("process", request("", more)), /is no request/);
  for (const payload of ODD) await assert.rejects(ask("process", payload), /is no request/);
  assert.deepEqual(observations, []);
  const words = { arguments: Array.from({ length: 5_000 }, () => "") };
  const many = await ask("process", request("", words));
  assert.partialDeepStrictEqual(many, { tag: "err", val: { tag: "failed" } });
  const other = await ask("process", request("", { command: "/bin/sh" }));
  assert.deepEqual(other, { tag: "err", val: { tag: "denied" } });
  assert.deepEqual(
    observations.map(({ result }) => result),
    ["Denied", "Denied"],
  );
});

// Seen to fail with each of the sums left out.
test("programs of one invocation are counted, and so is what they read and write", async () => {
  const { ask } = side(GRANTED, { limits: { maxReadBytes: 1_500, maxWriteBytes: 100 } });
  const four = Array.from({ length: 4 }, () => ask("process", request("setTimeout(() => {}, 500)")));
  await assert.rejects(ask("process", request("")), /4 of the invocation run already/);
  for (const one of await Promise.all(four)) assert.partialDeepStrictEqual(one, { tag: "ok" });
  const stdin = new Uint8Array(60);
  assert.partialDeepStrictEqual(await ask("process", request("", { stdin })), { tag: "ok" });
  await assert.rejects(ask("process", request("", { stdin })), /more than 100 bytes/);
  const write = "process.stdout.write('x'.repeat(900))";
  assert.partialDeepStrictEqual(await ask("process", request(write)), { tag: "ok" });
  assert.deepEqual(await ask("process", request(write)), { tag: "err", val: { tag: "output-too-large" } });
});

test("nothing else is answered", async () => {
  const { ask } = side({});
  for (const service of ["", "stdout2", "constructor", "__proto__", "http-request-body"]) {
    await assert.rejects(ask(service, 1), new RegExp(`^Error: nothing answers ${service}$`));
  }
});
