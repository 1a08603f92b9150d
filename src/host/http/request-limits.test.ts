import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { exchange, get, serve, serveRaw } from "./exchange-harness.test.ts";

test("a response body is read up to the limit", async () => {
  const port = await serve((request, response) => {
    if (request.url === "/fits") return response.end("12345");
    if (request.url === "/long") return response.end("123456");
    if (request.url === "/chunked") {
      response.write("123");
      return response.end("456");
    }
    // A write to a client that is gone calls back with an error.
    const more = (error?: Error | null): void => {
      if (!error) response.write("x".repeat(65_536), more);
    };
    return more();
  });
  const limits = { maxResponseBodyBytes: 5 };
  assert.deepEqual((await get(port, "/fits", { limits })).result, { tag: "ok", val: "12345" });
  for (const path of ["/long", "/chunked", "/endless"]) {
    const { result, events } = await get(port, path, { limits });
    assert.match(String(result.val), /the response is larger than the limit of 5 bytes$/, path);
    assert.deepEqual(events, [`Error http://localhost:${port}${path}`]);
  }
  assert.match(String((await get(port, "/endless")).result.val), /larger than the limit of 8388608 bytes$/);
});

test("encodings that were not asked for are refused, so nothing small becomes large", async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
  const port = await serve((request, response) => {
    const encoding = request.url?.slice(1) ?? "";
    response.writeHead(200, encoding === "" ? {} : { "content-encoding": encoding }).end(bomb);
  });
  for (const encoding of ["gzip", "deflate", "br", "zstd", "identity,gzip"]) {
    assert.match(String((await get(port, `/${encoding}`)).result.val), /an encoding that was not asked for$/);
  }
  assert.match(String((await get(port, "/")).result.val), /not valid UTF-8 text$/);
});

test("a request body over the limit is not sent", async () => {
  let requests = 0;
  const port = await serve((_request, response) => {
    requests += 1;
    response.end();
  });
  const options = { grants: { hosts: [`localhost:${port}`] }, limits: { maxRequestBodyBytes: 3 } };
  const { result } = await exchange("POST", `http://localhost:${port}/`, options, "éé");
  assert.match(String(result.val), /the body is larger than the limit of 3 bytes$/);
  assert.equal(requests, 0);
});

const endless = (head: string, part: string) => (socket: Socket) => {
  socket.write(head);
  const more = (error?: Error | null): void => {
    if (!error) socket.write(part, more);
  };
  more();
};

test("what never ends or is not HTTP is ended by a limit", async () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
  const headersTooLarge = /the response's headers are too large$/;
  const timedOut = /no complete answer within 300 ms$/;
  for (const [name, answer, expected] of [
    ["many headers", endless(ok, `x-a: ${"y".repeat(50)}\r\n`.repeat(100)), headersTooLarge],
    ["one long header", endless(`${ok}x-a: `, "y".repeat(10_000)), headersTooLarge],
    ["many trailers", endless(`${chunked}1\r\nx\r\n0\r\n`, `x-a: ${"y".repeat(50)}\r\n`.repeat(100)), headersTooLarge],
    ["informational responses", endless("", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100)), timedOut],
    ["nothing at all", (): void => undefined, timedOut],
    ["a body that stops", (socket: Socket) => void socket.write(`${ok}content-length: 10\r\n\r\nabc`), timedOut],
    ["not HTTP", (socket: Socket) => void socket.end("SSH-2.0-OpenSSH_9.9\r\n"), /is not valid HTTP$/],
    ["an empty answer", (socket: Socket) => void socket.end(), /the connection was closed early$/],
    [
      "a body cut short",
      (socket: Socket) => void socket.end(`${ok}content-length: 10\r\n\r\nabc`),
      /the connection was closed early$/,
    ],
    [
      "invalid UTF-8",
      (socket: Socket) => void socket.end(Buffer.concat([Buffer.from(`${ok}\r\n`), Buffer.of(0xff)])),
      /not valid UTF-8 text$/,
    ],
    [
      "two locations",
      (socket: Socket) => void socket.end("HTTP/1.1 302 F\r\nlocation: /a\r\nlocation: /b\r\n\r\n"),
      /several locations$/,
    ],
  ] as const) {
    const port = await serveRaw(answer);
    const { result, events } = await get(port, "/", { limits: { httpTimeoutMs: 300 } });
    assert.equal(result.tag, "err", name);
    assert.match(String(result.val), expected, name);
    assert.deepEqual(events, [`Error http://localhost:${port}/`], name);
  }
});

test("the time limit covers redirects and lookups too", async () => {
  const port = await serve((_request, response) => {
    setTimeout(() => response.writeHead(302, { location: "/" }).end(), 100);
  });
  const limits = { httpTimeoutMs: 250 };
  assert.match(String((await get(port, "/", { limits })).result.val), /no complete answer within 250 ms$/);
  const stuck = await exchange("GET", "http://stuck.example/", {
    grants: { hosts: ["stuck.example"] },
    limits,
    resolve: () => new Promise(() => undefined),
  });
  assert.match(String(stuck.result.val), /no complete answer within 250 ms$/);
});

test("the end of the invocation ends the exchange", async () => {
  const ended = new AbortController();
  const port = await serve(() => ended.abort());
  const { result, events } = await get(port, "/", { signal: ended.signal });
  assert.match(String(result.val), /the invocation has ended$/);
  assert.deepEqual(events, [`Error http://localhost:${port}/`]);
  assert.match(String((await get(port, "/", { signal: AbortSignal.abort() })).result.val), /the invocation has ended$/);
});
