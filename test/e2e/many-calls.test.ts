import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { test } from "node:test";
import { requestHandler, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { commandText } from "../support/command-guests.ts";
import { proxyGuest, TEST_CACHE, textGuest } from "../support/guests.ts";

const GUEST = `(component
  (core module $m
    (func (export "same") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then unreachable)) (local.get 0))
    (func (export "spin") (loop $l (br $l))))
  (core instance $i (instantiate $m))
  (func (export "same") (param "n" u32) (result u32) (canon lift (core func $i "same")))
  (func (export "spin") (canon lift (core func $i "spin"))))`;

test("many calls end each by itself, in order", async () => {
  await using sandbox = await Sandbox.open(await textGuest("many", GUEST), { cache: TEST_CACHE });
  const outcomes = await sandbox.callMany("same", [[3], [0], [5]], { concurrency: 2 });
  assert.deepEqual(
    outcomes.map((one) => (one.status === "fulfilled" ? one.value : one.reason.code)),
    [3, "trap", 5],
  );
  await failsWith("usage", /concurrency/u, sandbox.callMany("same", [], { concurrency: 0 }));
  await failsWith("usage", /list of parameter lists/u, sandbox.callMany("same", 5 as never));
});

test("running calls are listed, and stopped one by one", async () => {
  await using sandbox = await Sandbox.open(await textGuest("many", GUEST), { cache: TEST_CACHE });
  const [one, other] = [sandbox.call("spin"), sandbox.call("spin")];
  one.catch(() => undefined);
  other.catch(() => undefined);
  assert.deepEqual(
    sandbox.running.map(({ invocation, name }) => [invocation, name]),
    [
      [1, "spin"],
      [2, "spin"],
    ],
  );
  const why = new Error("enough");
  sandbox.running[0]?.stop(why);
  assert.equal((await failsWith("cancelled", /./u, one)).cause, why);
  assert.deepEqual(
    sandbox.running.map(({ invocation }) => invocation),
    [2],
  );
  sandbox.running[0]?.stop();
  await failsWith("cancelled", /./u, other);
  assert.deepEqual(sandbox.running, []);
});

for (const isolation of ["thread", "process"] as const) {
  test(`running calls tell what they used so far, at the isolation level ${isolation}`, async () => {
    await using sandbox = await Sandbox.open(await textGuest("many", GUEST), { isolation, cache: TEST_CACHE });
    await using instance = await sandbox.instantiate();
    await instance.call("same", [1]);
    const spinning = sandbox.call("spin");
    spinning.catch(() => undefined);
    const [staying, running] = sandbox.running;
    assert.ok(staying !== undefined && running !== undefined);
    const between = await staying.usage();
    assert.ok((between.fuel ?? 0) > 0 && between.fuel === (await staying.usage()).fuel, JSON.stringify(between));
    let [first, later] = [await running.usage(), await running.usage()];
    // Until a worker has it, nothing is known.
    while (first.fuel === undefined) first = await running.usage();
    while (later.fuel === undefined || later.fuel <= first.fuel) later = await running.usage();
    assert.ok((later.cpuMs ?? 0) > 0 && (later.memoryHighWaterBytes ?? 0) > 0 && later.hostCalls === 0);
    const [one, other] = await Promise.all([running.usage(), running.usage()]);
    assert.ok(one.fuel !== undefined && one.fuel === other.fuel, "one question serves all who ask at once");
    running.stop();
    const { usage } = await failsWith("cancelled", /./u, spinning);
    assert.deepEqual(await running.usage(), usage);
    assert.ok(usage?.fuel !== undefined && usage.fuel >= one.fuel);
  });
}

test("a call of an instance that stays takes a signal, which ends the instance", async () => {
  await using sandbox = await Sandbox.open(await textGuest("many", GUEST), { cache: TEST_CACHE });
  await using instance = await sandbox.instantiate();
  const why = new Error("enough");
  await failsWith("cancelled", /before it began/u, instance.call("same", [1], { signal: AbortSignal.abort(why) }));
  assert.equal((await instance.call("same", [1], { signal: new AbortController().signal })).value, 1);
  await failsWith("usage", /AbortSignal/u, instance.call("same", [1], { signal: 5 } as never));
  const stop = new AbortController();
  const spinning = instance.call("spin", [], { signal: stop.signal });
  stop.abort(why);
  assert.equal((await failsWith("cancelled", /./u, spinning)).cause, why);
  await failsWith("cancelled", /./u, instance.call("same", [1]));
});

const HELLO = `
  (local.set $out (call $get-stdout))
  (call $write (local.get $out) (i32.const 1024) (i32.const 6) (i32.const 0))`;

const hello = (times: number): Promise<string> =>
  textGuest("hello", commandText(HELLO.repeat(times), { data: "hello\n" }));

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let all = "";
  for await (const chunk of stream) all += Buffer.from(chunk).toString();
  return all;
}

test("output is read as it comes, and goes to streams of any kind", async () => {
  await using sandbox = await Sandbox.open(await hello(2), { cache: TEST_CACHE });
  const program = sandbox.spawn();
  const [out, err, ended] = await Promise.all([textOf(program.stdout), textOf(program.stderr), program.ended]);
  assert.deepEqual([out, err, ended.exitCode, ended.stdout.length], ["hello\nhello\n", "", 0, 0]);

  let taken = "";
  const take = (chunk: Uint8Array): void => void (taken += Buffer.from(chunk).toString());
  const web = new WritableStream<Uint8Array>({ write: take });
  const node = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => {
      take(chunk);
      done();
    },
  });
  for (const stdout of [web, node, web]) await sandbox.execute([], { stdout });
  assert.equal(taken, "hello\n".repeat(6));
  assert.ok(!web.locked && !node.destroyed, "streams are the caller's");

  const unread = sandbox.spawn();
  await unread.stdout.cancel();
  assert.equal((await unread.ended).exitCode, 0);
  const wrong = sandbox.spawn([], { signl: 1 } as never);
  await failsWith("usage", /signal/u, wrong.ended);
  await failsWith("usage", /signal/u, textOf(wrong.stdout));
});

test("a component comes from buffers, responses and streams, and no more than a component may have is taken", async () => {
  const bytes = Uint8Array.from(readFileSync(await hello(1)));
  const sources = [bytes.buffer, new DataView(bytes.buffer), new Response(bytes), new Blob([bytes]).stream()];
  for (const source of sources) {
    await using sandbox = await Sandbox.open(source, { cache: TEST_CACHE });
    assert.equal((await sandbox.execute()).exitCode, 0);
  }
  let sent = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel: () => void (isCancelled = true),
  });
  const limits = { maxComponentBytes: 100_000 };
  await failsWith("limit", /maxComponentBytes, which is 100000 bytes/u, Sandbox.open(endless, { limits }));
  assert.ok(isCancelled && sent <= 300_000, `${sent}`);
  const large = new Response("", { headers: { "content-length": "100001" } });
  await failsWith("limit", /./u, Sandbox.open(large, { limits }));
  await failsWith("usage", /its status is 404/u, Sandbox.open(new Response("", { status: 404 })));
  const used = new Response(bytes);
  await used.arrayBuffer();
  await failsWith("usage", /read already/u, Sandbox.open(used));
  await failsWith("usage", /no bytes/u, Sandbox.open(ReadableStream.from(["x"]) as never));
});

test("a component answers a Request with a Response", async () => {
  await using sandbox = await Sandbox.open(await proxyGuest(), { cache: TEST_CACHE });
  const failures: string[] = [];
  const answer = requestHandler(sandbox, { onFailure: ({ code }) => void failures.push(code) });
  const seen = await answer(new Request("http://a.example:8080/request/a%20b?c=d", { headers: { "x-a": "b" } }));
  assert.equal(seen.status, 200);
  const { authority, path } = (await seen.json()) as Readonly<Record<string, unknown>>;
  assert.deepEqual([authority, path], ["a.example:8080", "/request/a%20b?c=d"]);
  const echoed = await answer(new Request("http://a/echo", { method: "POST", body: "x".repeat(200_000) }));
  assert.equal((await echoed.text()).length, 200_000);
  assert.equal((await answer(new Request("http://a/trap"))).status, 502);
  assert.deepEqual(failures, ["trap"]);
  const gone = new AbortController();
  const waiting = answer(new Request("http://a/sleep/600000", { signal: gone.signal }));
  gone.abort();
  assert.equal((await waiting).status, 503);
  await using other = await Sandbox.open(await hello(1), { cache: TEST_CACHE });
  await failsWith("usage", /incoming-handler/u, () => requestHandler(other));
  await failsWith("usage", /maxConcurrent/u, () => requestHandler(sandbox, { maxConcurent: 1 } as never));
});
