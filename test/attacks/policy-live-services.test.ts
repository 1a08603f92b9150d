import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { test } from "node:test";
import type { AuditObservation } from "../../src/audit/event.ts";
import { NO_GRANTS } from "../../src/policy/grants.ts";
import { HostFunctions } from "../../src/sandbox/host-functions/host-functions.ts";
import { HostObjects } from "../../src/sandbox/host-functions/host-objects.ts";
import { answering } from "../../src/sandbox/calls/services.ts";
import { Stdio } from "../../src/sandbox/calls/stdio.ts";
import { GrantsInForce } from "../../src/sandbox/policy/grants-in-force.ts";
import { InvocationStreams } from "../../src/sandbox/streams/invocation-streams.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits/limits.ts";
import { commands } from "../support/process-guest.ts";

/*
 * What is asked of the embedder's side while a right is taken back, whatever the guest's side believes.
 */

const NODE = realpathSync(process.execPath);
const GRANTS = {
  ...NO_GRANTS,
  stdin: true,
  process: commands({ node: NODE }),
  custom: { kv: { kind: "boolean", value: true } },
} as const;

function side(input: AsyncIterable<Uint8Array>, call: (context: { readonly signal: AbortSignal }) => unknown) {
  const policy = new GrantsInForce(GRANTS);
  const observations: AuditObservation[] = [];
  const functions = [
    {
      interface: "acme:kv/store",
      name: "get",
      type: "func()",
      capability: "kv",
      call: (_: unknown, context: { signal: AbortSignal }) => call(context),
    },
  ];
  const answer = answering({
    stdio: new Stdio({ stdin: input }, false),
    hostFunctions: new HostFunctions(functions, GRANTS.custom),
    policy,
    limits: DEFAULT_LIMITS,
    exchange: undefined,
    objects: new HostObjects(1),
    streams: new InvocationStreams(1),
    observe: (one) => void observations.push(one),
  });
  const { signal } = new AbortController();
  return { policy, observations, ask: async (service: string, payload: unknown) => answer(service, payload, signal) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

test("a program that is not allowed any more is killed, and its caller is told so", async () => {
  const started = Promise.withResolvers<void>();
  const { policy, observations, ask } = side(nothing(), () => undefined);
  const words = ["-e", "setInterval(() => {}, 1000)"];
  const request = { command: "node", arguments: words, stdin: undefined, timeoutMs: 30_000, maxOutputBytes: 1_000 };
  const asked = ask("process", request);
  const watching = setInterval(() => observations.length > 0 && started.resolve(), 5);
  await started.promise;
  clearInterval(watching);
  policy.set(NO_GRANTS);
  assert.deepEqual(await asked, { tag: "err", val: { tag: "denied" } });
  assert.deepEqual(
    observations.map(({ result }) => result),
    ["Allowed", "Denied"],
  );
});

test("a function of the embedder's is told, and its guest is answered, when it is not allowed any more", async () => {
  const called = Promise.withResolvers<AbortSignal>();
  const { policy, observations, ask } = side(nothing(), ({ signal }) => {
    called.resolve(signal);
    return new Promise(() => undefined);
  });
  const asked = ask("custom:acme:kv/store@#get", []);
  const signal = await called.promise;
  policy.set({ ...GRANTS, custom: {} });
  assert.partialDeepStrictEqual(await asked, { kind: "denied" });
  assert.ok(signal.aborted);
  assert.deepEqual(
    observations.map(({ result }) => result),
    ["Denied"],
  );
});

test("what stdin gives after it was taken back is for nobody", async () => {
  const given = Promise.withResolvers<Uint8Array>();
  async function* late(): AsyncGenerator<Uint8Array> {
    yield await given.promise;
  }
  const { policy, ask } = side(late(), () => undefined);
  const asked = ask("stdin", 10);
  policy.set({ ...GRANTS, stdin: false });
  given.resolve(new Uint8Array([1]));
  await assert.rejects(asked, /not granted/u);
});
