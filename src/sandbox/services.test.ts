import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditObservation } from "../audit/event.ts";
import { type Grants, NO_GRANTS } from "../policy/grants.ts";
import { DEFAULT_LIMITS } from "../shared/limits.ts";
import { HostFunctions } from "./host-functions.ts";
import { answering } from "./services.ts";
import { Stdio, type StdioOptions } from "./stdio.ts";

// What a worker that hostile code has taken over may ask: anything, in any form, whatever its own checks were.

const { signal } = new AbortController();

function side(grants: Partial<Grants>, options: StdioOptions = {}) {
  const observations: AuditObservation[] = [];
  const stdio = new Stdio(options, true);
  const answer = answering({
    stdio,
    hostFunctions: new HostFunctions([], {}),
    grants: { ...NO_GRANTS, ...grants },
    limits: { ...DEFAULT_LIMITS, maxStdoutBytes: 10 },
    exchange: undefined,
    observe: (observation) => void observations.push(observation),
  });
  const ask = (service: string, payload: unknown): Promise<unknown> => answer(service, payload, signal);
  return { ask, stdio, observations };
}

// Seen to fail with the grant not looked at.
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
    reason: "stdin is not granted; allow it with --stdin",
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
  assert.equal(String(stdio.captured("stderr")), "789");
  assert.deepEqual(observations, []);
});

test("nothing else is answered", async () => {
  const { ask } = side({});
  for (const service of ["", "stdout2", "constructor", "__proto__", "http-request-body"]) {
    await assert.rejects(ask(service, 1), new RegExp(`^Error: nothing answers ${service}$`));
  }
});
