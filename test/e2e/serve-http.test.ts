import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { Sandbox, serveHttp } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { fetchGuest, TEST_CACHE, testGuest } from "../support/guests.ts";
import { answerOf, received, serve, statuses } from "../support/http-server.ts";

test("a guest sees the request, and the client its answer", async () => {
  await using served = await serve();
  const options = { method: "PATCH", headers: { "X-A": "\u00e9", connection: "x-b", "x-b": "1", te: "trailers" } };
  const { status, headers, body } = await served.get("/request/a%20b?c=d", options);
  assert.equal(status, 200);
  assert.equal(headers["content-length"], String(body.length), "a short answer comes in one piece");
  assert.deepEqual(JSON.parse(body), {
    method: { tag: "patch" },
    scheme: { tag: "HTTP" },
    authority: `127.0.0.1:${served.server.port}`,
    path: "/request/a%20b?c=d",
    headers: [
      ["x-a", "\u00e9"],
      ["content-length", "0"],
    ],
  });
});

test("every request has an instance of its own, and many are answered at once", async () => {
  await using served = await serve();
  const counts = await Promise.all(Array.from({ length: 30 }, () => served.get("/count")));
  assert.deepEqual(new Set(counts.map(({ body }) => body)), new Set(["1"]));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const first = served.begin("/count", { agent });
  first.end();
  assert.equal((await answerOf(first)).body, "1");
  const second = served.begin("/count", { agent });
  second.end();
  assert.equal((await answerOf(second)).body, "1");
  assert.ok(second.reusedSocket, "the connection is kept for the next request");
  agent.destroy();
});

test("bodies and trailers go through in both directions, of a known length or not", async () => {
  await using served = await serve();
  const body = "0123456789".repeat(30_000);
  assert.equal((await served.get("/echo", { method: "POST" }, body)).body, body);
  const begun = served.begin("/echo", { method: "POST", headers: { trailer: "x-sum" } });
  begun.write("one,");
  const answer = answerOf(begun);
  begun.write("two");
  begun.addTrailers({ "x-sum": "3" });
  begun.end();
  assert.deepEqual([(await answer).body, (await answer).trailers], ["one,two", { "x-sum": "3" }]);
  assert.deepEqual((await served.get("/trailers")).trailers, { "x-trailer": "1" });
  assert.equal((await served.get("/echo", { method: "POST" }, "")).body, "");
});

test("a part of an answer is there before the rest of the request", async () => {
  await using served = await serve();
  const begun = served.begin("/echo", { method: "POST" });
  begun.write("first");
  const [response] = await once(begun, "response");
  const parts = response.setEncoding("latin1")[Symbol.asyncIterator]();
  assert.equal((await parts.next()).value, "first");
  begun.end("second");
  assert.equal((await parts.next()).value, "second");
  assert.ok((await parts.next()).done);
});

for (const [method, path] of [
  ["HEAD", "/hello"],
  ["HEAD", "/large/100000"],
  ["GET", "/status/204"],
  ["GET", "/status/304"],
]) {
  test(`${method} ${path} has no body, and the connection goes on`, async () => {
    await using served = await serve();
    const next = "GET /status/404 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    const all = await served.raw(`${method} ${path} HTTP/1.1\r\nhost: a\r\n\r\n${next}`);
    const status = Number(/\d+$/u.exec(path ?? "")?.[0]);
    assert.deepEqual(statuses(all), [status < 400 ? status : 200, 404]);
    assert.match(all, /^HTTP\/1\.1 [^]*?\r\n\r\nHTTP\/1\.1 404 /u);
    assert.doesNotMatch(all.split("HTTP/1.1 404")[0] ?? "", /aaa|hello|body|chunked\r\n\r\n./u);
  });
}

test("a client that waits to be told to go on is told when the guest reads", async () => {
  await using served = await serve();
  const headers = { expect: "100-continue", "content-length": "4" };
  const begun = served.begin("/echo", { method: "POST", headers });
  begun.flushHeaders();
  const answer = answerOf(begun);
  await once(begun, "continue");
  begun.end("body");
  assert.equal((await answer).body, "body");
  const all = await served.raw("POST /hello HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
  assert.deepEqual(statuses(all), [200]);
  assert.match(all, /\r\nconnection: close\r\n/iu, "what a client sends after it can be no body and no request");
});

test("a body that the guest left unread does not reach the next request", async () => {
  await using served = await serve();
  for (const path of ["/hello", "/taste"]) {
    const post = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\r\n${"x".repeat(2_000_000)}`;
    const all = await served.raw(`${post}GET /status/404 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    assert.deepEqual(statuses(all), [200, 404], path);
  }
});

test("requests that come before the one in front is answered are answered in their order", async () => {
  await using served = await serve();
  const requests = ["/sleep/50", "/status/201", "/count"].map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  const all = await served.raw(`${requests.join("")}GET /status/404 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  assert.deepEqual(statuses(all), [200, 201, 200, 404]);
});

test("what a guest prints goes to the sink, not to the client", async () => {
  let printed = "";
  await using served = await serve({ stdout: (chunk) => void (printed += Buffer.from(chunk).toString()) });
  assert.equal((await served.get("/print/told")).body, "printed");
  assert.equal(printed, "told");
});

test("a hundred megabytes pass through, and the memory for them stays small", async () => {
  const size = 100 * 2 ** 20;
  const limits = { maxRequestBodyBytes: size, maxResponseBodyBytes: size, timeoutMs: 120_000 };
  await using served = await serve({ limits });
  await served.get("/echo", { method: "POST" }, "warm");
  const begun = served.begin("/echo", { method: "POST" });
  const part = Buffer.alloc(65_536, "x");
  let peak = 0;
  const before = process.memoryUsage().rss;
  const writing = (async () => {
    for (let sent = 0; sent < size; sent += part.length) {
      if (!begun.write(part)) await once(begun, "drain");
    }
    begun.end();
  })();
  const [response] = await once(begun, "response");
  let taken = 0;
  for await (const chunk of response) {
    taken += (chunk as Buffer).length;
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  await writing;
  assert.equal(taken, size);
  assert.ok(peak - before < 64 * 2 ** 20, `it took ${Math.round((peak - before) / 2 ** 20)} MiB`);
});

/** Another engine, which reads and writes bodies in its own way, and waits for nothing before it returns. */
const FETCH = `addEventListener("fetch", (event) => event.respondWith((async () => {
  const { pathname } = new URL(event.request.url);
  if (pathname === "/hello") return new Response("hello\\n");
  if (pathname === "/echo") return new Response(event.request.body, { status: 201 });
  if (pathname === "/later") await new Promise((resolve) => setTimeout(resolve, 10));
  return new Response(await event.request.text(), { headers: { "x-path": pathname } });
})()));`;

test("a component that another tool made from a fetch event answers", async () => {
  await using served = await serve({ guest: await fetchGuest(FETCH), limits: { memoryBytes: 2 ** 28 } });
  const body = "0123456789".repeat(20_000);
  const echo = await served.get("/echo", { method: "POST" }, body);
  assert.deepEqual([echo.status, echo.body], [201, body]);
  const { headers, body: text } = await served.get("/later", { method: "PUT" }, "put");
  assert.deepEqual([headers["x-path"], text], ["/later", "put"]);
  assert.deepEqual(served.failures, []);
});

test("closing takes no new connection, waits for what runs, and can be done twice", async () => {
  const served = await serve({ graceMs: 600_000 });
  const slow = served.get("/sleep/200");
  await served.running(1);
  const closed = served.server.close();
  await assert.rejects(served.get("/hello"), { code: "ECONNREFUSED" });
  assert.equal(served.server.running, 1);
  const { body, headers } = await slow;
  assert.deepEqual([body, headers.connection], ["slept", "close"]);
  await closed;
  await served.server.close();
  await served.stop();
});

test("closing ends what runs for too long: with 503 before the head, by breaking the connection after it", async () => {
  const served = await serve({ graceMs: 0 });
  const slow = served.get("/sleep/600000");
  const idle = received(await served.connection());
  const begun = served.begin("/echo", { method: "POST" });
  begun.write("first");
  const [response] = await once(begun, "response");
  begun.on("error", () => undefined);
  await served.running(2);
  await served.server.close();
  assert.equal((await slow).status, 503);
  await assert.rejects(response.setEncoding("latin1").toArray());
  assert.equal(await idle, "");
  await served.stop();
});

test("nothing is left of a server that was closed", async () => {
  const before = heldResources();
  const served = await serve({ halfCloseMs: 0 });
  await Promise.all([served.get("/hello"), served.get("/trap"), served.get("/large/100000")]);
  const gone = served.begin("/sleep/600000");
  gone.on("error", () => undefined).end();
  await served.running(1);
  gone.destroy();
  await served.running(0);
  await served.stop();
  // What is closed is gone in the next turn.
  await new Promise(setImmediate);
  for (const [name, count] of heldResources()) assert.ok(count <= (before.get(name) ?? 0), name);
});

test("a client that shuts down its writing side gets its answer, and one that is gone is given up", async () => {
  await using patient = await serve({ halfCloseMs: 60_000 });
  const half = connect({ host: patient.server.host, port: patient.server.port, allowHalfOpen: true });
  half.end("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  assert.deepEqual(statuses(await received(half)), [200]);
  await using served = await serve({ halfCloseMs: 50 });
  const { host, port } = served.server;
  const waiting = connect({ host, port, allowHalfOpen: true });
  waiting.end("GET /sleep/600000 HTTP/1.1\r\nhost: a\r\n\r\n");
  assert.equal(await received(waiting), "");
  await served.running(0);
});

test("a target in absolute form names the host in place of the field", async () => {
  await using served = await serve();
  const get = (target: string): Promise<string> =>
    served.raw(`GET ${target} HTTP/1.1\r\nhost: other.example\r\nconnection: close\r\n\r\n`);
  assert.deepEqual(statuses(await get("http://a.example/hello")), [200]);
  assert.deepEqual(statuses(await get("HTTP://a.example:80/hello?x")), [200]);
  for (const odd of [
    "https://a/hello",
    "http:///hello",
    "http://u@a/hello",
    "http://:80/hello",
    "http://a b/hello",
    "http://a/hello#x",
  ]) {
    assert.deepEqual(statuses(await get(odd)), [400], odd);
  }
});

/** How many sockets, servers, timers and threads there are. */
function heldResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

test("a component that is none of that world, and an address that is taken, are refused", async () => {
  await using library = await Sandbox.open(await testGuest(), { cache: TEST_CACHE });
  await failsWith("usage", /does not export wasi:http\/incoming-handler/, serveHttp(library));
  await using served = await serve();
  const { port } = served.server;
  await failsWith("usage", /^Cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/, serveHttp(served.sandbox, { port }));
});
