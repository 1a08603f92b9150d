import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { inspect } from "node:util";
import { received, serve, type Served, statuses } from "../support/http-server.ts";

/*
 * What a guest that answers requests, and a client that sends them, may try. Disposing of a server makes one more request that
 * must work. Each case was seen to fail with the weakening that its comment names.
 */

/** The failures of a server as codes, with the limit where there is one. */
function codes({ failures }: Served): readonly string[] {
  return failures.map(({ code, limit }) => (limit === undefined ? code : `${code} ${limit.limit}`));
}

// Weakening: `HttpRequests` does not answer for a guest that failed.
test("a guest that fails before its head gives its client 502, tells nothing of itself, and harms no other", async () => {
  await using served = await serve();
  const slow = served.get("/sleep/300");
  await served.running(1);
  for (const path of ["/trap", "/exit/ok", "/exit/bad", "/no-answer", "/refuse"]) {
    const { status, body } = await served.get(path);
    assert.deepEqual([status, body], [502, "the component failed to answer\n"], path);
  }
  assert.deepEqual(codes(served), ["trap", "guest-error", "guest-error", "guest-error", "guest-error"]);
  assert.match(served.failures[4]?.message ?? "", /HTTP-request-denied/u);
  assert.equal((await slow).body, "slept");
});

// Weakening: `NodeExchange.fail` ends the answer instead of breaking the connection; it destroys that of HTTP/1.0, too.
test("a guest that fails after its head breaks the connection, so that nothing looks whole", async () => {
  await using served = await serve();
  await using hasty = await serve({ limits: { timeoutMs: 4_000 } });
  for (const [server, ending, expected] of [
    [served, "trap", "trap"],
    [served, "exit", "guest-error"],
    [served, "drop", "guest-error"],
    [served, "leave", "guest-error"],
    [hasty, "spin", "limit deadline"],
  ] as const) {
    await assert.rejects(server.get(`/partial/${ending}`), { code: "ECONNRESET" }, ending);
    const old = await server.connection();
    old.write(`GET /partial/${ending} HTTP/1.0\r\n\r\n`);
    await assert.rejects(once(old.resume(), "end"), { code: "ECONNRESET" }, `${ending} to a client of HTTP/1.0`);
    assert.deepEqual(codes(server).slice(-2), [expected, expected], ending);
  }
});

// Weakening: `statusOf` knows no deadline.
test("a guest that does not answer in time gives 504, whether it spins or waits", async () => {
  await using served = await serve({ limits: { timeoutMs: 1_500 } });
  for (const path of ["/spin", "/sleep/600000"]) assert.equal((await served.get(path)).status, 504, path);
  // A body that never ends is the guest's to wait for.
  const begun = served.begin("/measure", { method: "POST" });
  begun.write("x");
  const [response] = await once(begun, "response");
  assert.equal(response.statusCode, 504);
  begun.on("error", () => undefined).destroy();
  assert.deepEqual(codes(served), ["limit deadline", "limit deadline", "limit deadline"]);
});

// Weakening: `maxConcurrent` is not checked; an answer with 503 counts as running.
test("requests over the bound are refused at once", async () => {
  await using served = await serve({ maxConcurrent: 2 });
  const held = [1, 2].map(() => served.begin("/sleep/600000"));
  for (const one of held) one.on("error", () => undefined).end();
  await served.running(2);
  const refused = await Promise.all(Array.from({ length: 20 }, () => served.get("/hello")));
  assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([503]));
  held[0]?.destroy();
  await served.running(1);
  assert.equal((await served.get("/hello")).status, 200);
  held[1]?.destroy();
  await served.running(0);
});

// Weakening: the requests that wait on one connection are not counted; all of a connection's requests run at once.
test("one connection has one guest at a time, and cannot heap up requests", async () => {
  await using served = await serve({ maxConcurrent: 4 });
  const socket = await served.connection();
  const all = received(socket);
  socket.write(`GET /sleep/100 HTTP/1.1\r\nhost: a\r\n\r\n${"GET /count HTTP/1.1\r\nhost: a\r\n\r\n".repeat(40)}`);
  await served.running(1);
  assert.equal((await served.get("/hello")).status, 200);
  socket.write("GET /status/404 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  const seen = statuses(await all);
  assert.deepEqual([seen.filter((one) => one === 200).length, seen.at(0), seen.at(17)], [17, 200, 503]);
});

// Weakening: the close of a connection does not end the guest.
test("a client that goes away ends its guest, whatever that is doing", async () => {
  await using served = await serve({ limits: { timeoutMs: 600_000 } });
  for (const path of ["/sleep/600000", "/measure", "/large/10000000", "/spin"]) {
    const socket = await served.connection();
    socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf`);
    await served.running(1);
    socket.destroy();
    await served.running(0);
  }
  assert.deepEqual(codes(served), [], "that is no failure of the guest");
});

// Weakening: the body's limit is not checked (`refusalOf`; the queue's `maxBytes`).
test("bodies end at their limits, in both directions", async () => {
  await using served = await serve({ limits: { maxRequestBodyBytes: 100_000, maxResponseBodyBytes: 100_000 } });
  const large = "x".repeat(100_001);
  assert.equal((await served.get("/measure", { method: "POST" }, large.slice(1))).body, "100000");
  assert.equal((await served.get("/hello", { method: "POST" }, large)).status, 413);
  const begun = served.begin("/measure", { method: "POST" });
  begun.write(large);
  const [response] = await once(begun, "response");
  assert.match(String(await response.setEncoding("latin1").toArray()), /^\d+ last-operation-failed$/u);
  begun.on("error", () => undefined).destroy();
  assert.equal((await served.get("/large/100000")).body.length, 100_000);
  // The head is sent with the first of the body, or is still here when the guest fails.
  const over = await served.get("/large/100001").catch((error: NodeJS.ErrnoException) => error);
  assert.ok("status" in over ? over.status === 502 : over.code === "ECONNRESET", inspect(over));
});

// Weakening: `linger` has no timer.
test("a body that nobody reads and that has no end does not keep its connection", async () => {
  await using served = await serve();
  const socket = await served.connection();
  const all = received(socket);
  const more = (): void => {
    while (!socket.destroyed && socket.write("8000\r\n".padEnd(0x8000 + 6, "x") + "\r\n"));
  };
  socket.on("drain", more);
  socket.write("POST /hello HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  more();
  assert.deepEqual(statuses(await all), [200]);
});

// Weakening: `NodeExchange.send` does not wait for the connection.
test("a client that does not read stops a guest that writes, and the client that writes to it", async () => {
  const size = 2 ** 29;
  await using served = await serve({
    limits: { timeoutMs: 2_000, maxRequestBodyBytes: size, maxResponseBodyBytes: size },
  });
  const socket = await served.connection();
  socket.pause().on("error", () => undefined);
  const part = `100000\r\n${"x".repeat(2 ** 20)}\r\n`;
  socket.write("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  const before = process.memoryUsage().rss;
  let taken = 0;
  for (let count = 0; count < 100; count += 1) {
    socket.write(part, (error) => {
      if (error === null || error === undefined) taken += part.length;
    });
  }
  await served.running(1);
  await served.running(0);
  assert.ok(taken < 40 * 2 ** 20, `${taken} bytes were taken from the client`);
  assert.ok(process.memoryUsage().rss - before < 256 * 2 ** 20);
  socket.destroy();
  assert.deepEqual(codes(served), ["limit deadline"]);
});
