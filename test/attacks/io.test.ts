import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { cliEnvironment } from "../../src/host/environment/binding.ts";
import type { HostContext, HostInterface } from "../../src/host/capability.ts";
import { monotonicClock, wallClock } from "../../src/host/clocks/binding.ts";
import { ioPoll } from "../../src/host/io/poll-binding.ts";
import { Pollable } from "../../src/host/io/pollable.ts";
import { ioStreams } from "../../src/host/io/streams-binding.ts";
import { insecureRandom, insecureSeed, random } from "../../src/host/random/binding.ts";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { callHost, hostContext } from "../support/host-context.ts";
import { ioText } from "../support/io-guests.ts";
import { MemoryInput, MemoryOutput } from "../support/memory-streams.ts";

/**
 * What a guest may try with streams, polls, sleeps, clocks and random bytes. Each case was seen to fail with the check that it
 * is about taken out of the host.
 */

const MAX_U64 = 2n ** 64n - 1n;
const FOREVER = "(i64.const -1)";

async function open(body: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(await textGuest("io", ioText(body)), { cache: TEST_CACHE, ...options });
}

/** The length of the list whose pointer and length the host put at 1,024, after a tag for a `result`. */
const LENGTH_IN_RESULT = "(i32.load (i32.const 1032))";

test("a read of 2^64-1 bytes gives what is there, and makes the host allocate no more", async () => {
  const input = new Uint8Array(10_000_000).fill(1);
  await using sandbox = await open(`(call $read (call $stdin) ${FOREVER} (i32.const 1024)) ${LENGTH_IN_RESULT}`, {
    grants: { stdin: true },
  });
  assert.equal((await sandbox.call("f", [], { stdin: input })).value, 65_536);
  // A stream may allocate what it is asked for.
  const stream = new MemoryInput().put(1);
  const context = hostContext({ limits: { maxCrossingBytes: 1_000 } });
  for (const name of ["read", "blocking-read", "skip", "blocking-skip"]) {
    for (const length of [MAX_U64, 2n ** 53n, 2n ** 32n]) {
      await callHost(ioStreams, `[method]input-stream.${name}`, context, stream.put(1), length);
      await callHost(ioStreams, `[method]input-stream.${name}`, hostContext(), stream.put(1), length);
    }
  }
  assert.deepEqual(new Set(stream.asked), new Set([1_000, 1_048_576]));
});

test("writes past what the host allowed trap, however large", async () => {
  const checked = "(local.set $a (call $stdout)) (call $check-write (local.get $a) (i32.const 1024))";
  const over = "(i32.add (i32.load (i32.const 1032)) (i32.const 1))";
  for (const write of [
    `(call $write (local.get $a) (i32.const 65536) ${over} (i32.const 1024))`,
    "(call $write (local.get $a) (i32.const 65536) (i32.const 10000000) (i32.const 1024))",
    `(call $write-zeroes (local.get $a) ${FOREVER} (i32.const 1024))`,
    "(call $write-flush (local.get $a) (i32.const 65536) (i32.const 4097) (i32.const 1024))",
    "(call $write-flush (local.get $a) (i32.const 65536) (i32.const 10000000) (i32.const 1024))",
  ]) {
    await using sandbox = await open(`${checked} ${write} (i32.const 0)`);
    await failsWith("trap", /Cannot write \d+ bytes: more than the \d+ that/u, sandbox.call("f"));
  }
});

test("a host that is told to allocate 2^64-1 zeroes does not", () => {
  const stream = new MemoryOutput(10);
  for (const name of ["write-zeroes", "blocking-write-zeroes-and-flush"]) {
    const attempt = (): unknown => callHost(ioStreams, `[method]output-stream.${name}`, hostContext(), stream, MAX_U64);
    assert.throws(attempt, /Cannot write 18446744073709551615 bytes/u);
  }
});

test("endless output ends the guest at its limit, and the embedder gets no byte more", async () => {
  const endless = `(local.set $a (call $stdout)) (loop $again
    (call $write-flush (local.get $a) (i32.const 65536) (i32.const 4096) (i32.const 1024)) (br $again)) (i32.const 0)`;
  await using sandbox = await open(endless, { limits: { maxStdoutBytes: 100_000 } });
  let received = 0;
  const stdout = (chunk: Uint8Array): void => void (received += chunk.length);
  const error = await failsWith("limit", /more than 100000 bytes of output/u, sandbox.call("f", [], { stdout }));
  assert.equal(error.limit?.limit, "stdout-bytes");
  assert.equal(received, 100_000);
});

test("a guest waits for an embedder that does not take its output, and can be ended while it does", async () => {
  const endless = `(local.set $a (call $stdout)) (loop $again
    (call $check-write (local.get $a) (i32.const 1024))
    (call $write (local.get $a) (i32.const 65536) (i32.load (i32.const 1032)) (i32.const 1024))
    (br_if $again (i32.load (i32.const 1032))))
    (call $write-flush (local.get $a) (i32.const 65536) (i32.const 1) (i32.const 1024)) (i32.const 0)`;
  await using sandbox = await open(endless, { limits: { timeoutMs: 300 } });
  let received = 0;
  const stdout = async (chunk: Uint8Array): Promise<void> => {
    received += chunk.length;
    await new Promise(() => undefined);
  };
  const error = await failsWith("limit", /did not end within 300 ms/u, sandbox.call("f", [], { stdout }));
  assert.equal(error.limit?.limit, "deadline");
  assert.ok(received <= 65_536);
});

test("polls of nothing, and of more than there are handles for, trap", async () => {
  const list = (length: number): string => `(local.set $a (call $sleep (i64.const 0))) (local.set $b (i32.const 65536))
    (loop $again
      (i32.store (local.get $b) (local.get $a))
      (local.set $b (i32.add (local.get $b) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get $b) (i32.const ${65_536 + 4 * length}))))
    (call $poll (i32.const 65536) (i32.const ${length}) (i32.const 1024)) (i32.load (i32.const 1028))`;
  await using none = await open("(call $poll (i32.const 65536) (i32.const 0) (i32.const 1024)) (i32.const 0)");
  await failsWith("trap", /Cannot poll an empty list/u, none.call("f"));
  await using many = await open(list(20_000));
  await failsWith("trap", /Cannot poll 20000 pollables: more than the 8192 handles/u, many.call("f"));
  await using fair = await open(list(1_000));
  assert.equal((await fair.call("f")).value, 1_000);
});

test("a guest that sleeps for 584 years is ended at its deadline, and holds up nobody meanwhile", async () => {
  const sleep = (duration: string): string => `(local.set $a (call $sleep (i64.const ${duration})))
    (i32.store (i32.const 65536) (local.get $a))
    (call $poll (i32.const 65536) (i32.const 1) (i32.const 1024)) (i32.load (i32.const 1028))`;
  await using forever = await open(sleep("-1"), { limits: { timeoutMs: 300 } });
  await using short = await open(sleep("1000000"));
  const asleep = failsWith("limit", /did not end within 300 ms/u, forever.call("f"));
  assert.equal((await short.call("f")).value, 1);
  await asleep;
});

test("ten thousand polls of the same streams leave no listener behind", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  try {
    const context = hostContext();
    const streams = [new MemoryInput(), new MemoryInput()];
    const pollables = streams.map((stream) => new Pollable(stream));
    const sleeping = (callHost(monotonicClock, "subscribe-duration", context, MAX_U64) as { val: Pollable }).val;
    for (let round = 0; round < 10_000; round += 1) {
      const polled = callHost(ioPoll, "poll", context, [...pollables, sleeping]);
      streams[1]?.put(1);
      assert.deepEqual(await polled, { tag: "ok", val: [1] });
      streams[1]?.read(context, 1);
      const blocked = callHost(ioPoll, "poll", context, pollables.slice(0, 1));
      streams[0]?.put(1);
      await blocked;
      streams[0]?.read(context, 1);
    }
    assert.deepEqual(getEventListeners(context.signal, "abort"), []);
    assert.deepEqual(
      streams.map(({ arrived }) => arrived.waiting),
      [0, 0],
    );
    assert.ok(!process.getActiveResourcesInfo().includes("Timeout"));
    const all = Array.from({ length: 8_000 }, () => new Pollable(streams[0] ?? new MemoryInput()));
    const waiting = callHost(ioPoll, "poll", context, all);
    context.abort();
    await waiting;
    assert.equal(streams[0]?.arrived.waiting, 0);
    await new Promise(setImmediate);
    assert.deepEqual(warnings, []);
  } finally {
    process.off("warning", onWarning);
  }
});

test("a stream that wakes its waiters for nothing holds up nobody else on the thread", async () => {
  const context = hostContext();
  const restless = Object.assign(new MemoryInput(), { wait: async () => undefined });
  const liar = Object.assign(new MemoryInput(), { wait: async () => undefined, ready: () => true });
  const waits = [
    callHost(ioStreams, "[method]input-stream.blocking-read", context, restless, 1n),
    callHost(ioStreams, "[method]input-stream.blocking-read", context, liar, 1n),
    callHost(ioPoll, "poll", context, [new Pollable(restless), new Pollable(new MemoryInput())]),
  ];
  // Timers run, so others do.
  await new Promise((resolve) => setTimeout(resolve, 5));
  context.abort();
  for (const wait of waits) await wait;
});

test("2^64-1 random bytes end the guest before they are made", async () => {
  for (const grant of ["pseudo", "full"] as const) {
    await using sandbox = await open(`(call $random ${FOREVER} (i32.const 1024)) (i32.const 0)`, {
      grants: { random: grant },
    });
    const error = await failsWith("limit", /random bytes, more than the 67108864/u, sandbox.call("f"));
    assert.equal(error.limit?.limit, "host-memory");
  }
});

test("without a grant a guest learns nothing of the host", async () => {
  const ask = async (): Promise<never> => Promise.reject(new Error("asked the embedder"));
  const learn = (context: HostContext): unknown[] => {
    const get = (from: HostInterface, name: string, ...rest: readonly unknown[]): unknown =>
      (callHost(from, name, context, ...rest) as { readonly val: unknown }).val;
    return [
      get(cliEnvironment, "get-environment"),
      get(cliEnvironment, "get-arguments"),
      get(cliEnvironment, "initial-cwd"),
      // Time since the start passes, by the millisecond: on a busy machine there are some between one call and the next.
      (get(wallClock, "now") as { readonly seconds: bigint }).seconds,
      (get(monotonicClock, "now") as bigint) / 1_000_000_000n,
      get(random, "get-random-bytes", 16n),
      get(insecureRandom, "get-insecure-random-u64"),
      get(insecureSeed, "insecure-seed"),
    ];
  };
  // What is the same at another time, in another folder and with other variables is not the host's.
  const before = learn(hostContext({ ask }));
  process.env["CORDON_TEST_SECRET"] = "secret";
  const folder = process.cwd();
  process.chdir("/");
  await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(learn(hostContext({ ask })), before);
  process.chdir(folder);
  delete process.env["CORDON_TEST_SECRET"];

  await using sandbox = await open(
    `(call $read (call $stdin) (i64.const 9) (i32.const 1024)) (i32.load8_u (i32.const 1024))`,
  );
  // The tag of an error: the end of the stream.
  assert.equal((await sandbox.call("f", [], { stdin: "secret" })).value, 1);
  await using denied = await open(`(call $random (i64.const 1) (i32.const 1024)) (i32.const 0)`, {
    grants: { random: "none" },
  });
  await failsWith("trap", /random bytes are not granted/u, denied.call("f"));
});
