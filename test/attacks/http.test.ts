import assert from "node:assert/strict";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { test } from "node:test";
import { listen, serve, serveRaw } from "../../src/host/http/exchange-harness.test.ts";
import type { ErrorCode } from "../../src/host/http/wasi/error-code.ts";
import { Guest, type GuestOptions, type GuestRequest, text } from "../../src/host/http/wasi/guest-harness.test.ts";
import { heldBytes } from "../../src/host/http/wasi/held-bytes.ts";

/**
 * What a guest may try over `wasi:http`, and what servers may do to it. Each case was seen to fail once against a host that was
 * weakened at the place it is about.
 */

const DENIED = { tag: "HTTP-request-denied" };

/** A server that counts who comes. */
async function trap(): Promise<{ readonly port: number; readonly contacts: () => number }> {
  let contacts = 0;
  const server: Server = createServer((socket) => {
    contacts += 1;
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nSECRET");
  });
  return { port: await listen(server), contacts: () => contacts };
}

async function codeOf(guest: Guest, wanted: GuestRequest): Promise<unknown> {
  const result = await guest.fetch(wanted);
  return result.tag === "ok" ? `HTTP ${result.val.status}` : result.val;
}

/** Sends without a body and drops what comes. */
function at(port: number, options: Omit<GuestOptions, "network"> = {}): Guest {
  return new Guest({ network: { hosts: [`127.0.0.1:${port}`] }, ...options });
}

test("host, port and scheme that are not granted are refused before a lookup, and recorded", async () => {
  const { port, contacts } = await trap();
  const other = (await trap()).port;
  const http = { tag: "HTTP" };
  const guest = new Guest({
    network: { allow: [`http://127.0.0.1:${port}`, "https://secure.example", "*.example.com:443"] },
  });
  assert.equal(await codeOf(guest, { authority: `127.0.0.1:${port}` }), "HTTP 200");
  for (const [authority, scheme] of [
    [`127.0.0.1:${other}`, http],
    ["127.0.0.1", http],
    [`127.0.0.2:${port}`, http],
    [`localhost:${port}`, http],
    [`127.0.0.1:${port}`, { tag: "HTTPS" }],
    ["secure.example", http],
    ["secure.example:8443", { tag: "HTTPS" }],
    ["example.com", { tag: "HTTPS" }],
    ["evil-example.com", { tag: "HTTPS" }],
    ["example.com.evil.example", { tag: "HTTPS" }],
    ["a.example.com:444", { tag: "HTTPS" }],
  ] as const) {
    assert.deepEqual(await codeOf(guest, { authority, scheme }), DENIED, authority);
    assert.match(guest.events.at(-1) ?? "", /^Denied GET http/);
  }
  assert.equal(guest.events.length, 12);
  assert.equal(contacts(), 1);
});

test("without a grant nothing is asked of anyone", async () => {
  const { port, contacts } = await trap();
  assert.deepEqual(await codeOf(new Guest(), { authority: `127.0.0.1:${port}` }), DENIED);
  assert.equal(contacts(), 0);
});

test("no form of a local address reaches it, under a grant for everything public", async () => {
  const { port, contacts } = await trap();
  const guest = new Guest({ network: { public: true } });
  // prettier-ignore
  for (const host of [
    "127.1", "0x7f.1", "017700000001", "2130706433", "127.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "localhost", "LOCALHOST.", "a.localhost", "169.254.169.254", "0.0.0.0",
    "[::]", "10.0.0.1", "192.168.0.1", "[fe80::1]", "[fc00::1]",
  ]) {
    assert.deepEqual(await codeOf(guest, { authority: `${host}:${port}` }), DENIED, host);
  }
  const request = guest.must("[constructor]outgoing-request", guest.fields());
  for (const authority of [
    `8.8.8.8@127.0.0.1:${port}`,
    `8.8.8.8:80@127.0.0.1:${port}`,
    `127.0.0.1:${port}#@8.8.8.8`,
    `8.8.8.8\\@127.0.0.1`,
  ]) {
    assert.equal(guest.types("[method]outgoing-request.set-authority", request, authority).tag, "err", authority);
  }
  assert.equal(contacts(), 0);
});

test("a name is looked up once, and only the addresses that pass the check are connected to", async () => {
  const { port, contacts } = await trap();
  let lookups = 0;
  // A public address first, loopback ever after: the second answer is never asked for.
  const guest: Guest = new Guest({
    network: { hosts: [`rebind.example:${port}`] },
    resolve: async () => {
      lookups += 1;
      // With the invocation at its end, the public address is not contacted either.
      guest.context.abort();
      return lookups === 1 ? ["8.8.8.8", "127.0.0.1"] : ["127.0.0.1"];
    },
  });
  await guest.fetch({ authority: `rebind.example:${port}` });
  assert.equal(lookups, 1);

  for (const address of [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "64:ff9b::7f00:1",
  ]) {
    const inside = new Guest({ network: { hosts: [`rebind.example:${port}`] }, resolve: async () => [address] });
    assert.deepEqual(await codeOf(inside, { authority: `rebind.example:${port}` }), {
      tag: "destination-IP-prohibited",
    });
    assert.deepEqual(inside.events, [`Denied GET http://rebind.example:${port}/`]);
    assert.ok(inside.context.observations[0]?.reason?.includes(address), "the operator is told the address");
  }
  assert.equal(contacts(), 0);
});

test("names of an internal network cannot be told from names that do not exist", async () => {
  const network = { public: true };
  const internal = new Guest({ network, resolve: async () => ["10.0.0.1"] });
  const missing = new Guest({ network, resolve: async () => Promise.reject(new Error("ENOTFOUND")) });
  const codes = [
    await codeOf(internal, { authority: "wiki.corp.example" }),
    await codeOf(missing, { authority: "wiki.corp.example" }),
  ];
  assert.deepEqual(codes, [{ tag: "destination-not-found" }, { tag: "destination-not-found" }]);
});

test("a redirect leads nowhere by itself, and a guest that follows it is refused", async () => {
  const { port: secret, contacts } = await trap();
  const port = await serve(
    (_request, response) => void response.writeHead(307, { location: `http://127.0.0.1:${secret}/` }).end(),
  );
  const guest = at(port);
  assert.equal(await codeOf(guest, { authority: `127.0.0.1:${port}` }), "HTTP 307");
  assert.deepEqual(await codeOf(guest, { authority: `127.0.0.1:${secret}` }), DENIED);
  assert.equal(contacts(), 0);
});

test("nothing but one request line and one set of headers reaches the wire", async () => {
  const seen: string[] = [];
  const port = await serveRaw((socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  const server = createServer((socket) => {
    socket.on("data", (chunk) => {
      seen.push(chunk.toString("latin1"));
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  });
  const target = await listen(server);
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${target}`, `127.0.0.1:${port}`] } });
  const request = guest.request({ authority: `127.0.0.1:${target}`, path: "/mine" });
  const refused = (name: string, value: unknown): void =>
    assert.equal(guest.types(`[method]outgoing-request.${name}`, request, value).tag, "err", JSON.stringify(value));
  for (const path of [
    `http://127.0.0.1:${port}/`,
    "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /",
    "/a\nb",
    "/a b",
    "//\0",
    "/\t",
  ]) {
    refused("set-path-with-query", path);
  }
  for (const val of ["GET / HTTP/1.1\r\nHost: evil\r\n\r\nGET", "GET\n", "G\0T", "GET "])
    refused("set-method", { tag: "other", val });
  for (const authority of [`127.0.0.1:${target}\r\nx: y`, `127.0.0.1:${target}/x`, " 127.0.0.1"])
    refused("set-authority", authority);
  for (const [name, value] of [
    ["x", "a\r\nHost: evil"],
    ["x", "a\nb"],
    ["x\r\ny", "a"],
    ["x:y", "a"],
    ["host", "evil"],
    ["transfer-encoding", "chunked"],
    ["connection", "upgrade"],
    ["upgrade", "h2c"],
    [":authority", "evil"],
    ["proxy-authorization", "x"],
  ] as const) {
    assert.equal(guest.types("[static]fields.from-list", [[name, text(value)]]).tag, "err", name);
  }
  const handled = guest.handle(request);
  assert.equal(handled.tag, "ok");
  assert.equal((await guest.response(handled.val)).tag, "ok");
  assert.deepEqual(seen, [`GET /mine HTTP/1.1\r\nhost: 127.0.0.1:${target}\r\nconnection: close\r\n\r\n`]);
});

test("two lengths of one body are not sent, so nothing can be smuggled behind it", () => {
  const guest = new Guest({ network: { public: true } });
  for (const lengths of [["4", "40"], ["4", "4"], ["+4"], ["4, 40"], ["4 "]]) {
    const request = guest.request({
      authority: "a.example",
      headers: lengths.map((length) => ["content-length", length] as const),
    });
    assert.deepEqual(guest.handle(request).val, { tag: "HTTP-protocol-error" }, lengths.join("|"));
  }
});

const endless = (head: string, part: string) => (socket: Socket) => {
  socket.write(head);
  const more = (error?: Error | null): void => {
    if (!error) socket.write(part, more);
  };
  more();
};

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

test("a head that never ends, or never comes, is cut off", async () => {
  const flood = { tag: "HTTP-response-header-section-size", val: undefined };
  for (const [name, answer, code] of [
    ["many headers", endless(OK, `x-a: ${"y".repeat(50)}\r\n`.repeat(100)), flood],
    ["many headers that are almost empty", endless(OK, "a:\r\n".repeat(1_000)), flood],
    ["one long header", endless(`${OK}x-a: `, "y".repeat(10_000)), flood],
    ["one long name", endless(OK, "y".repeat(10_000)), flood],
    [
      "informational responses",
      endless("", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100)),
      { tag: "HTTP-protocol-error" },
    ],
    [
      "a continue nobody asked for",
      endless("", "HTTP/1.1 100 Continue\r\n\r\n".repeat(100)),
      { tag: "HTTP-response-incomplete" },
    ],
    ["nothing", () => undefined, { tag: "HTTP-response-timeout" }],
    ["half a head", (socket: Socket) => void socket.write("HTTP/1.1 200 O"), { tag: "HTTP-response-timeout" }],
  ] as const) {
    const port = await serveRaw(answer);
    const guest = at(port, { limits: { httpTimeoutMs: 500 } });
    assert.deepEqual(await codeOf(guest, { authority: `127.0.0.1:${port}` }), code, name);
    assert.equal(guest.context.meters.connections.held, 0, name);
    assert.equal(heldBytes(guest.context).held, 0, name);
  }
});

test("more headers than the host will hold are refused, small as they are", async () => {
  const port = await serveRaw((socket) => void socket.end(`${OK}${"a:\r\n".repeat(2_000)}content-length: 0\r\n\r\n`));
  assert.deepEqual(await codeOf(at(port), { authority: `127.0.0.1:${port}` }), {
    tag: "HTTP-response-header-section-size",
    val: undefined,
  });
});

test("a body that never ends, stops or comes in crumbs is ended by a limit", async () => {
  const tooLarge: ErrorCode = { tag: "HTTP-response-body-size", val: 100_000n };
  const stalled: ErrorCode = { tag: "connection-read-timeout" };
  const trailers: ErrorCode = { tag: "HTTP-response-trailer-section-size", val: undefined };
  for (const [name, answer, code] of [
    ["endless", endless(`${OK}\r\n`, "x".repeat(65_536)), tooLarge],
    ["endless chunks", endless(CHUNKED, "3\r\nabc\r\n".repeat(1_000)), tooLarge],
    [
      "a content-length that lies low",
      (socket: Socket) => void socket.end(`${OK}content-length: 3\r\n\r\nabcdef`),
      undefined,
    ],
    ["stops", (socket: Socket) => void socket.write(`${OK}content-length: 10\r\n\r\nabc`), stalled],
    ["never starts", (socket: Socket) => void socket.write(`${OK}content-length: 10\r\n\r\n`), stalled],
    ["endless chunk extension", endless(`${CHUNKED}3;a=`, "b".repeat(10_000)), stalled],
    ["endless trailers", endless(`${CHUNKED}1\r\nx\r\n0\r\n`, `x-a: ${"y".repeat(50)}\r\n`.repeat(100)), trailers],
    ["one endless trailer", endless(`${CHUNKED}1\r\nx\r\n0\r\nx-a: `, "y".repeat(10_000)), trailers],
    ["trailers that stop", (socket: Socket) => void socket.write(`${CHUNKED}1\r\nx\r\n0\r\nx-a: y`), stalled],
  ] as const) {
    const port = await serveRaw(answer);
    const guest = at(port, { limits: { httpTimeoutMs: 400, maxResponseBodyBytes: 100_000 } });
    const result = await guest.fetch({ authority: `127.0.0.1:${port}` });
    assert.equal(result.tag, "ok", name);
    assert.deepEqual(result.val.failure, code, name);
    assert.ok(result.val.body.length <= 100_000, name);
    assert.equal(guest.context.meters.connections.held, 0, name);
    assert.equal(heldBytes(guest.context).held, 0, name);
  }
});

test("a guest's own timeouts hold beside the limit", async () => {
  const silent = await serveRaw(() => undefined);
  const stops = await serveRaw((socket) => void socket.write(`${OK}content-length: 10\r\n\r\nabc`));
  const ms = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000_000n;
  const first = await at(silent).fetch({
    authority: `127.0.0.1:${silent}`,
    options: { "first-byte-timeout": ms(50), "between-bytes-timeout": ms(100_000) },
  });
  assert.deepEqual(first, { tag: "err", val: { tag: "connection-read-timeout" } });
  const between = await at(stops).fetch({
    authority: `127.0.0.1:${stops}`,
    options: { "between-bytes-timeout": ms(50) },
  });
  assert.deepEqual(between.tag === "ok" && between.val.failure, { tag: "connection-read-timeout" });
  const stuck = new Guest({
    network: { hosts: ["stuck.example"] },
    limits: { httpTimeoutMs: 50 },
    resolve: () => new Promise(() => undefined),
  });
  assert.deepEqual(
    await codeOf(stuck, { authority: "stuck.example", options: { "connect-timeout": 2n ** 64n - 1n } }),
    {
      tag: "DNS-timeout",
    },
  );
});

test("a body larger than the limit is not sent on", async () => {
  let received = 0;
  const port = await serve((request) => void request.on("data", (chunk: Buffer) => (received += chunk.length)));
  const guest = at(port, { limits: { maxRequestBodyBytes: 100_000 } });
  const result = await codeOf(guest, {
    authority: `127.0.0.1:${port}`,
    method: { tag: "post" },
    body: new Uint8Array(1_000_000),
  });
  assert.deepEqual(result, { tag: "HTTP-request-body-size", val: 100_000n });
  assert.ok(received <= 100_000);
  assert.ok(guest.context.observations.some(({ eventType }) => eventType === "PolicyViolation"));
});

test("what may be read and written in all holds for bodies", async () => {
  const port = await serve((request, response) => {
    if (request.method === "GET") response.end("x".repeat(100_000));
    else request.pipe(response);
  });
  const reader = at(port, { limits: { maxReadBytes: 10_000 } });
  const read = await reader.fetch({ authority: `127.0.0.1:${port}` });
  assert.equal(read.tag, "ok");
  assert.ok(read.val.body.length < 10_000);
  assert.deepEqual(read.val.failure?.tag, "internal-error");
  assert.equal(reader.context.meters.read.used, 10_000);

  const writer = at(port, { limits: { maxWriteBytes: 10_000 } });
  const written = await writer.fetch({
    authority: `127.0.0.1:${port}`,
    method: { tag: "post" },
    body: new Uint8Array(20_000),
  });
  assert.equal(written.tag, "err");
  assert.equal(written.val.tag, "internal-error");
});

test("connections are bounded, and given back", async () => {
  const port = await serve((request, response) => {
    if (request.url === "/end") response.end();
  });
  const guest = at(port, { limits: { maxConnections: 3 } });
  const start = () => guest.handle(guest.request({ authority: `127.0.0.1:${port}` }));
  const open = [start(), start(), start()];
  assert.ok(open.every(({ tag }) => tag === "ok"));
  assert.deepEqual(start(), { tag: "err", val: { tag: "connection-limit-reached" } });
  for (const handled of open) if (handled.tag === "ok") handled.val[Symbol.dispose]();
  for (let count = 0; count < 10; count++) {
    assert.equal(await codeOf(guest, { authority: `127.0.0.1:${port}`, path: "/end" }), "HTTP 200");
  }
});

test("bodies that are written and never sent do not fill the host's memory", () => {
  const guest = new Guest();
  const held: unknown[] = [];
  let refused = false;
  for (let count = 0; count < 2_000 && !refused; count++) {
    const request = guest.must("[constructor]outgoing-request", guest.fields());
    const body = guest.must("[method]outgoing-request.body", request);
    const stream = guest.must("[method]outgoing-body.write", body);
    held.push(request, body, stream);
    const room = guest.stream("[method]output-stream.check-write", stream) as { readonly val: bigint };
    const written = guest.stream("[method]output-stream.write", stream, new Uint8Array(Number(room.val)));
    refused = "tag" in written && written.tag === "err";
  }
  assert.ok(refused);
  assert.ok(heldBytes(guest.context).held <= 16 * 1024 * 1024);
});

test("lookups that nobody waits for any more still count", async () => {
  let lookups = 0;
  const answers: PromiseWithResolvers<readonly string[]>[] = [];
  const guest = new Guest({
    network: { public: true },
    limits: { maxConnections: 3 },
    resolve: () => {
      lookups += 1;
      const answer = Promise.withResolvers<readonly string[]>();
      answers.push(answer);
      return answer.promise;
    },
  });
  for (let count = 0; count < 20; count++) {
    const handled = guest.handle(guest.request({ authority: `n${count}.example` }));
    if (handled.tag === "ok") handled.val[Symbol.dispose]();
  }
  assert.equal(lookups, 3);
  for (const { reject } of answers) reject(new Error("ENOTFOUND"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(guest.context.meters.connections.held, 0);
});
