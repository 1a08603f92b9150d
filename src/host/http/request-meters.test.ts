import assert from "node:assert/strict";
import { test } from "node:test";
import { hostContext, type TestContext } from "../../../test/support/host-context.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { serve, serveRaw } from "./exchange-harness.test.ts";
import { httpExchange } from "./request.ts";

function contextFor(port: number, limits: Partial<Limits>): TestContext {
  return hostContext({ grants: parseGrants({ network: { hosts: [`localhost:${port}`] } }, { cwd: "/" }), limits });
}

function eventsOf({ observations }: TestContext): string[] {
  return observations.map(({ eventType, result }) => `${eventType} ${result}`);
}

test("a request body is charged before it is sent, and one that is not allowed is not sent", async () => {
  let requests = 0;
  const port = await serve((request, response) => {
    requests += 1;
    request.resume().on("end", () => response.end());
  });
  const context = contextFor(port, { maxWriteBytes: 10 });
  const post = (body: string) => httpExchange(context, "POST", `http://localhost:${port}/`, body);
  assert.deepEqual(await post("é".repeat(3)), { tag: "ok", val: "" });
  assert.equal(context.meters.write.used, 6);
  const refused = await post("12345");
  assert.match(String(refused.val), /the invocation would have written more than the 10 bytes it may in all$/);
  assert.equal(requests, 1);
  assert.equal(context.meters.write.used, 6, "what was not sent is not charged");
  assert.deepEqual(await post("1234"), { tag: "ok", val: "" });
  assert.equal(context.meters.write.used, 10);
});

test("a body is charged each time it is sent", async () => {
  const port = await serve((request, response) => {
    request.resume().on("end", () => {
      if (request.url === "/") response.writeHead(307, { location: "/again" });
      response.end();
    });
  });
  const context = contextFor(port, {});
  assert.equal((await httpExchange(context, "POST", `http://localhost:${port}/`, "12345")).tag, "ok");
  assert.equal(context.meters.write.used, 10);
});

test("the head and the body of a response are charged, and reading stops where the total is used up", async () => {
  const port = await serveRaw((socket) => {
    const length = 100_000;
    socket.end(`HTTP/1.1 200 OK\r\nabc: defg\r\ncontent-length: ${length}\r\n\r\n${"x".repeat(length)}`);
  });
  const url = `http://localhost:${port}/`;
  const head = "abc".length + "defg".length + "content-length".length + "100000".length;
  const enough = contextFor(port, { maxReadBytes: 100_000 + head });
  assert.equal(String((await httpExchange(enough, "GET", url)).val).length, 100_000);
  assert.ok(enough.meters.read.exhausted);

  for (const maxReadBytes of [100_000 + head - 1, head, 0]) {
    const context = contextFor(port, { maxReadBytes });
    const { tag, val } = await httpExchange(context, "GET", url);
    assert.equal(tag, "err");
    assert.match(
      String(val),
      new RegExp(`the invocation would have read more than the ${maxReadBytes} bytes it may in all$`),
    );
    assert.deepEqual(eventsOf(context), ["NetworkAccess Error"]);
    assert.equal(context.meters.read.used, Math.min(head, maxReadBytes), "a body that announces too much is not read");
  }
});

test("a response without a length is charged as it comes, the refused one included", async () => {
  const port = await serve((_request, response) => {
    // A write to a client that is gone calls back with an error.
    const more = (error?: Error | null): void => {
      if (!error) response.write("x".repeat(65_536), more);
    };
    more();
  });
  const context = contextFor(port, { maxReadBytes: 300_000 });
  const url = `http://localhost:${port}/`;
  assert.match(String((await httpExchange(context, "GET", url)).val), /more than the 300000 bytes it may in all$/);
  assert.ok(context.meters.read.exhausted, "reading again is no way to read more");
});

test("bodies wait for the rates, both ways", async () => {
  let requests = 0;
  const port = await serve((request, response) => {
    requests += 1;
    request.pipe(response);
  });
  const url = `http://localhost:${port}/`;
  const body = "x".repeat(1_200);
  const steady = contextFor(port, { readBytesPerSecond: 1_000, writeBytesPerSecond: 1_000 });
  assert.deepEqual(await httpExchange(steady, "POST", url, body), { tag: "ok", val: body });
  assert.equal(requests, 1);

  const stuck = /no complete answer within 300 ms$/;
  const sending = contextFor(port, { writeBytesPerSecond: 1, httpTimeoutMs: 300 });
  assert.match(String((await httpExchange(sending, "POST", url, body)).val), stuck);
  assert.equal(requests, 1, "it is not sent before it is charged");
  const receiving = contextFor(port, { readBytesPerSecond: 1, httpTimeoutMs: 300 });
  assert.match(String((await httpExchange(receiving, "POST", url, body)).val), stuck);
});

test("an exchange counts as a connection, and one too many is refused and recorded", async () => {
  const port = await serve((_request, response) => response.end());
  const url = `http://localhost:${port}/`;
  const context = contextFor(port, { maxConnections: 1 });
  const both = await Promise.all([httpExchange(context, "GET", url), httpExchange(context, "GET", url)]);
  assert.deepEqual(
    both.map(({ tag }) => tag),
    ["ok", "err"],
  );
  assert.match(String(both[1].val), /1 connections are open, which is the limit$/);
  assert.deepEqual(eventsOf(context).toSorted(), [
    "NetworkAccess Allowed",
    "NetworkAccess Error",
    "PolicyViolation Denied",
  ]);
  assert.equal(context.meters.connections.held, 0);
  assert.equal((await httpExchange(context, "GET", url)).tag, "ok", "the connection was given back");
});

test("a lookup counts as a connection until it is over, whoever waits for it", async () => {
  const lookup = Promise.withResolvers<readonly string[]>();
  const context = hostContext({
    grants: parseGrants({ network: { hosts: ["stuck.example"] } }, { cwd: "/" }),
    limits: { httpTimeoutMs: 20 },
  });
  const { val } = await httpExchange(context, "GET", "http://stuck.example/", undefined, () => lookup.promise);
  assert.match(String(val), /no complete answer within 20 ms$/);
  assert.equal(context.meters.connections.held, 1);
  lookup.resolve([]);
  await lookup.promise;
  await new Promise(setImmediate);
  assert.equal(context.meters.connections.held, 0);
});
