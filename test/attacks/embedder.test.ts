import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, temporaryFolder, testGuest, textGuest, wasiProbe } from "../support/guests.ts";
import { coreFunction, STUBBORN } from "../support/text-guests.ts";

/** What a guest can do to a program that embeds Cordon without much care. */

function open(source: string | Uint8Array, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

/** Fails with an error value: `length` bytes of memory from 64 on, as the given type. */
const FAILING = (type: string, length: number, data: string = ""): string => `(component
  (core module $m
    (memory (export "memory") ${Math.ceil(length / 65_536) + 1})
    (data (i32.const 64) "${data}")
    (func (export "f") (result i32)
      (i32.store (i32.const 0) (i32.const 1))
      (i32.store (i32.const 4) (i32.const 64))
      (i32.store (i32.const 8) (i32.const ${length}))
      i32.const 0))
  (core instance $i (instantiate $m))
  (func (export "f") (result (result (error ${type})))
    (canon lift (core func $i "f") (memory (core memory $i "memory")))))`;

/** Characters that drive or mislead a terminal. */
const DRIVING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

test("no message that a guest or a name had a part in can drive a terminal", async () => {
  const data = "\\1b]0;owned\\07\\1b[2J\\c2\\9b31m\\e2\\80\\ae\\e2\\80\\a8\\0d\\0aerror: none";
  await using failing = await open(await textGuest("driving", FAILING("string", 40, data)));
  const error = await failsWith("guest-error", /\\u\{1b\}\]0;owned/, failing.call("f"));
  assert.doesNotMatch(error.message, DRIVING);
  assert.match(String(error.payload), /\u001b\[2J/, "the value itself is as it was returned");
  for (const name of ["\u009b2J", "\u202eevil", "f\u001b[2J", "\u0007".repeat(100_000)]) {
    const wrong = await failsWith("usage", /no such export/, failing.call(name));
    assert.doesNotMatch(wrong.message, DRIVING);
    assert.ok(wrong.message.length < 5000);
    const missing = await failsWith("usage", /Cannot load/, open(`/nowhere/${name}`));
    assert.doesNotMatch(missing.message, DRIVING);
  }
});

test("an error value of many megabytes is handed over, and not written out", async () => {
  const source = await textGuest("failing-large", FAILING("(list u8)", 40_000_000));
  const entry = new URL("../../src/sandbox/index.ts", import.meta.url).href;
  // On a heap that holds the value many times over, though not its text.
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--max-old-space-size=256",
    "--input-type=module",
    "--eval",
    `import { Sandbox } from ${JSON.stringify(entry)};
     const sandbox = await Sandbox.open(${JSON.stringify(source)}, { cache: ${JSON.stringify(TEST_CACHE)} });
     await sandbox.call("f").catch(({ code, message, payload }) => console.log(code, message.length < 500, payload.length));
     await sandbox.close();`,
  ]);
  assert.equal(stdout, "guest-error true 40000000\n");
});

test("what is no source and no name is a usage error", async () => {
  const transferred = new Uint8Array(8);
  structuredClone(transferred, { transfer: [transferred.buffer] });
  const sources: readonly unknown[] = [
    transferred,
    transferred.buffer,
    undefined,
    null,
    5,
    {},
    new URL("file://elsewhere/x"),
    new URL("file:///a%2Fb"),
  ];
  for (const source of sources) await failsWith("usage", /Cannot load/, open(source as string));
  await using sandbox = await open(await testGuest());
  for (const name of [5, {}, null])
    await failsWith("usage", /its name is no string/, sandbox.call(name as unknown as string));
});

test("bytes that change while they are loaded are neither run nor kept under the wrong digest", async (context) => {
  const cache = { directory: join(await temporaryFolder(context), "cache") };
  const [one = new Uint8Array(), two = new Uint8Array()] = await Promise.all(
    ["one", "two"].map(async (name) =>
      readFile(await textGuest(name, coreFunction("", { fields: `(func (export "${name}"))` }))),
    ),
  );
  assert.equal(one.length, two.length);
  const buffer = new Uint8Array(one);
  const opening = open(buffer, { cache });
  buffer.set(two);
  await using changed = await opening;
  await using first = await open(one, { cache, onStage: () => assert.fail("the artifact was kept") });
  assert.equal(changed.component.digest, first.component.digest);
  let prepared = false;
  await using second = await open(two, { cache, onStage: () => void (prepared = true) });
  assert.ok(prepared, "the other bytes have an artifact of their own");
  assert.notEqual(second.component.digest, first.component.digest);
});

test("a signal that is aborted ends a load at any stage, cached or not", async (context) => {
  const guest = await testGuest();
  await failsWith("cancelled", /Loading/, open(guest, { signal: AbortSignal.abort(new Error("enough")) }));
  const cache = { directory: join(await temporaryFolder(context), "cache") };
  for (const stage of ["validating", "hardening", "done"]) {
    const abort = new AbortController();
    const onStage = (reached: string): void => void (reached === stage && abort.abort());
    await failsWith("cancelled", /Loading/, open(guest, { cache, signal: abort.signal, onStage }));
  }
});

test("one signal ends calls that run, calls that wait and calls that are queued", async () => {
  await using sandbox = await open(await testGuest());
  const abort = new AbortController();
  const calls = [
    ...Array.from({ length: 4 }, () => sandbox.call("spin", [], { signal: abort.signal })),
    ...Array.from({ length: 50 }, (_, n) => sandbox.call("add", [n, 1], { signal: abort.signal })),
  ].map((call) => failsWith("cancelled", /was cancelled/, call));
  abort.abort(new Error("enough"));
  await Promise.all(calls);
  await failsWith("cancelled", /was cancelled/, sandbox.call("add", [1, 2], { signal: abort.signal }));
  assert.equal((await sandbox.call("add", [1, 2])).value, 3);
});

test("closing ends a thousand calls, each once, and a listener may close or call", async () => {
  const guest = await testGuest();
  const sandbox = await open(guest, {
    onEvent: () => {
      inner.push(sandbox.call("add", [1, 2]).catch((error: unknown) => error));
      void sandbox.close();
    },
  });
  const inner: Promise<unknown>[] = [];
  const calls = Array.from({ length: 1000 }, (_, n) =>
    sandbox.call(n === 500 ? "read" : "add", n === 500 ? ["/x"] : [n, 1]),
  );
  const endings = await Promise.allSettled(calls);
  assert.equal(endings.length, 1000);
  for (const ending of endings) {
    if (ending.status === "rejected") assert.match(String(ending.reason), /was cancelled|denied|not granted/);
  }
  await Promise.all(inner);
  await sandbox.close();
  await failsWith("cancelled", /closed/, sandbox.call("add", [1, 2]));
});

test("events come no faster than the listener takes them, and do not keep a deadline from striking", async () => {
  let seen = 0;
  await using sandbox = await open(await textGuest("flooding", STUBBORN("http://203.0.113.1/")), {
    limits: { timeoutMs: 2500 },
    onEvent: () => {
      seen += 1;
      for (const end = performance.now() + 1; performance.now() < end;);
    },
  });
  await failsWith("limit", /did not end within 2500 ms/, sandbox.call("f"));
  assert.ok(seen < 10_000, `${seen} events, each of which took a millisecond`);
});

test("nor do events of denied calls that answer at once", async () => {
  let seen = 0;
  await using sandbox = await open(await wasiProbe(), {
    limits: { timeoutMs: 3000 },
    onEvent: () => {
      seen += 1;
      for (const end = performance.now() + 1; performance.now() < end;);
    },
  });
  const flood = `for (;;) attempt(() => wasi.tcp.createTcpSocket("ipv4"));`;
  await failsWith("limit", /did not end within 3000 ms/, sandbox.call("run", [flood]));
  assert.ok(seen > 100 && seen < 10_000, `${seen} events, each of which took a millisecond`);
});

// Weakening: a checkpoint does not hand over what was recorded, so that the last events are told when the guest has ended.
test(
  "what a guest did is told while it computes, however soon after one another it did it",
  { timeout: 60_000 },
  async () => {
    const abort = new AbortController();
    const denied: string[] = [];
    await using sandbox = await open(await wasiProbe(), {
      limits: { profile: "large" },
      onEvent: ({ resource }) => {
        denied.push(resource);
        if (denied.length === 102) abort.abort();
      },
    });
    const body = `
    const denied = () => attempt(() => wasi.tcp.createTcpSocket("ipv4"));
    for (let call = 0; call < 100; call += 1) denied();
    for (let step = 0; step < 1e6; step += 1);
    denied();
    for (let step = 0; step < 1e4; step += 1);
    denied();
    for (;;);`;
    await failsWith("cancelled", /was cancelled/, sandbox.call("run", [body], { signal: abort.signal }));
    assert.equal(denied.length, 102);
  },
);

test("a component whose code the engine refuses is refused, and the next one loads", async () => {
  // Valid WebAssembly, of a proposal that the engine does not have.
  const body = `(i64.add128 (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)) (drop) (drop)`;
  const source = await textGuest("wide-arithmetic", coreFunction(body));
  await failsWith("invalid-component", /not valid WebAssembly/, Sandbox.open(source, { cache: TEST_CACHE }));
  await using sandbox = await Sandbox.open(await textGuest("empty", coreFunction("")), { cache: TEST_CACHE });
  await sandbox.call("f");
});
