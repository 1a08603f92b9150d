import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { test } from "node:test";
import { listen, serveRaw } from "../../src/host/http/exchange-harness.test.ts";
import type { CordonError, Limits } from "../../src/sandbox/index.ts";
import { type Probe, probe } from "../support/probe.ts";

/*
 * What a guest may try to put on the wire of `wasi:http`, and what a server may do to a guest, by the public API. Disposing of a
 * probe makes one more call that must work. Each case was seen to fail with the weakening that its comment names.
 */

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;
const EMPTY = `${OK}content-length: 0\r\n\r\n`;

function reaching(ports: readonly number[], limits: Partial<Limits> = {}): Promise<Probe> {
  return probe({ network: { allow: ports.map((port) => `http://127.0.0.1:${port}`) } }, limits);
}

/** The limit in a case that ends with this code, in milliseconds: short where it is what ends it, and else out of the way. */
function timeoutFor(code: string | null): number {
  return code?.endsWith("-timeout") === true ? 750 : 20_000;
}

/** Writes a head, and then the same part for as long as somebody reads. */
const endless = (head: string, part: string) => (socket: Socket) => {
  socket.write(head);
  const more = (error?: Error | null): void => {
    if (!error) socket.write(part, more);
  };
  more();
};

// Weakening, each alone: `isPathWithQuery`, `methodName`, `isFieldValue` let everything pass; `parseAuthority` reads a beginning;
// `isForbiddenField` forbids nothing; `declaredLength` takes the first of several; CONNECT is not told apart.
test("nothing but one request line and one set of headers reaches the wire", async () => {
  const seen: string[] = [];
  const port = await listen(
    createServer((socket) => {
      socket.on("data", (chunk) => {
        seen.push(chunk.toString("latin1"));
        socket.end(EMPTY);
      });
    }),
  );
  const authority = `127.0.0.1:${port}`;
  await using guest = await reaching([port]);
  const refusals = await guest.run(
    ({ outcome }, given) => {
      const base = { authority: given.authority };
      return {
        paths: given.paths.map((path) => outcome({ ...base, path })),
        methods: given.methods.map((val) => outcome({ ...base, method: { tag: "other", val } })),
        authorities: given.authorities.map((one) => outcome({ authority: one })),
        schemes: given.schemes.map((val) => outcome({ ...base, scheme: { tag: "other", val } })),
        invalid: given.invalid.map((header) => outcome({ ...base, headers: [header] })),
        forbidden: given.forbidden.map((name) => outcome({ ...base, headers: [[name, "x"]] })),
        connect: ["CONNECT", "connect"].map((val) => outcome({ ...base, method: { tag: "other", val } })),
        foreign: ["file", "ftp", "unix"].map((val) => outcome({ ...base, scheme: { tag: "other", val } })),
      };
    },
    {
      authority,
      paths: [`http://${authority}/`, "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /", "/a\nb", "/a b", "/\0", "/\t", "*"],
      methods: ["GET / HTTP/1.1\r\nHost: evil\r\n\r\nGET", "GET\n", "G\0T", "GET ", ""],
      authorities: [`${authority}\r\nx: y`, `${authority}/x`, ` ${authority}`, "", "127.0.0.1:", "127.0.0.1:99999"],
      schemes: ["http\r\n", "ht tp", ""],
      invalid: [
        ["x", "a\r\nHost: evil"],
        ["x", "a\nb"],
        ["x", "a\0b"],
        ["x\r\ny", "a"],
        ["x:y", "a"],
        ["", "a"],
        [":authority", "evil"],
      ] as const,
      forbidden: ["host", "transfer-encoding", "connection", "upgrade", "keep-alive", "proxy-authorization", "EXPECT"],
    },
  );
  assert.deepEqual(
    Object.entries(refusals).map(([kind, answers]) => [kind, ...new Set(answers)]),
    [
      ["paths", "setPathWithQuery!error"],
      ["methods", "setMethod!error"],
      ["authorities", "setAuthority!error"],
      ["schemes", "setScheme!error"],
      ["invalid", "fields!invalid-syntax"],
      ["forbidden", "fields!forbidden"],
      ["connect", "!HTTP-request-method-invalid"],
      ["foreign", "!HTTP-protocol-error"],
    ],
  );
  const lengths = await guest.run(
    ({ outcome }, given) =>
      given.lengths.map((all) =>
        outcome({
          authority: given.authority,
          method: { tag: "post" },
          body: "abcd",
          headers: all.map((length) => ["content-length", length] as const),
        }),
      ),
    { authority, lengths: [["4", "40"], ["4", "4"], ["+4"], ["4, 40"], ["4 "], ["40"], ["3"]] },
  );
  for (const answer of lengths.slice(0, 5)) assert.equal(answer, "!HTTP-protocol-error");
  for (const answer of lengths.slice(5)) assert.equal(answer, "!HTTP-request-body-size");
  assert.equal(seen.filter((one) => !one.startsWith("POST / ")).length, 0);
  seen.length = 0;
  const sent = await guest.run(({ fetch }, given) => fetch({ authority: given, path: "/mine" }), authority);
  assert.deepEqual(sent, { status: 200, location: null, body: "", failure: null });
  assert.deepEqual(seen, [`GET /mine HTTP/1.1\r\nhost: ${authority}\r\nconnection: close\r\n\r\n`]);
});

// Weakening: `FieldMap` counts neither its fields nor its bytes.
test("a guest's own flood of headers traps, or is refused", async () => {
  let contacts = 0;
  const port = await listen(createServer(() => void (contacts += 1)));
  await using guest = await reaching([port], { maxHeaderBytes: 10_000 });
  const authority = `127.0.0.1:${port}`;
  for (const [names, length] of [
    [3_000, 1],
    [1, 20_000],
    [100_000, 0],
  ] as const) {
    const flood = guest.run(
      ({ outcome }, given) => {
        const value = "y".repeat(given.length);
        return outcome({
          authority: given.authority,
          headers: Array.from({ length: given.names }, () => ["x", value]),
        });
      },
      { authority, names, length },
    );
    await assert.rejects(flood, ({ code }: CordonError) => code === "trap" || code === "limit", `${names}`);
  }
  const long = await guest.run(
    ({ outcome }, given) => outcome({ authority: given, path: `/${"y".repeat(1_000_000)}` }),
    authority,
  );
  assert.equal(long, "setPathWithQuery!error");
  assert.equal(contacts, 0);
});

// Weakening, each alone: undici's `maxHeaderSize` is 1 GiB; no timer covers the wait for a head; informational responses are not
// counted.
test("a head that never ends, or never comes, is cut off", { timeout: 60_000 }, async () => {
  for (const [name, answer, code] of [
    ["many headers", endless(OK, `x-a: ${"y".repeat(50)}\r\n`.repeat(100)), "!HTTP-response-header-section-size"],
    ["one long header", endless(`${OK}x-a: `, "y".repeat(10_000)), "!HTTP-response-header-section-size"],
    ["informational", endless("", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100)), "!HTTP-protocol-error"],
    ["nothing", () => undefined, "!HTTP-response-timeout"],
    ["half a head", (socket: Socket) => void socket.write("HTTP/1.1 200 O"), "!HTTP-response-timeout"],
  ] as const) {
    const port = await serveRaw(answer);
    await using guest = await reaching([port], { httpTimeoutMs: timeoutFor(code) });
    const authority = `127.0.0.1:${port}`;
    assert.equal(await guest.run(({ outcome }, given) => outcome({ authority: given }), authority), code, name);
  }
});

// Weakening: `filterHead` of connect.ts does nothing.
test("interim responses that nobody asked for, and a length that is told twice, fail no request", async () => {
  for (const head of [
    `HTTP/1.1 100 Continue\r\n\r\n${OK}content-length: 4\r\n\r\n`,
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n${OK}content-length: 4, 4\r\n\r\n`,
    `${OK}content-length: 4\r\nContent-Length: 4\r\n\r\n`,
  ]) {
    const port = await serveRaw((socket: Socket) => void socket.end(`${head}body`));
    await using guest = await reaching([port]);
    const result = await guest.run(({ fetch }, authority) => {
      const fetched = fetch({ authority });
      return typeof fetched === "string" ? fetched : fetched.body.length;
    }, `127.0.0.1:${port}`);
    assert.equal(result, 4, head);
  }
});

// Weakening, each alone: `maxBodyBytes` is 1 TiB; `#onIdle` waits on; undici's `maxHeaderSize`, for trailers, is 1 GiB.
test("a body that never ends, stops or ends in endless trailers is ended by a limit", { timeout: 60_000 }, async () => {
  const [tooLarge, stalled] = ["!HTTP-response-body-size", "!connection-read-timeout"];
  const trailers = "!HTTP-response-trailer-section-size";
  for (const [name, answer, code] of [
    ["endless", endless(`${OK}\r\n`, "x".repeat(65_536)), tooLarge],
    ["endless chunks", endless(CHUNKED, "3\r\nabc\r\n".repeat(1_000)), tooLarge],
    ["too short a length", (socket: Socket) => void socket.end(`${OK}content-length: 3\r\n\r\nabcdef`), null],
    ["stops", (socket: Socket) => void socket.write(`${OK}content-length: 10\r\n\r\nabc`), stalled],
    ["never starts", (socket: Socket) => void socket.write(`${OK}content-length: 10\r\n\r\n`), stalled],
    ["endless chunk extension", endless(`${CHUNKED}3;a=`, "b".repeat(10_000)), stalled],
    ["endless trailers", endless(`${CHUNKED}1\r\nx\r\n0\r\n`, `x-a: ${"y".repeat(50)}\r\n`.repeat(100)), trailers],
    ["trailers that stop", (socket: Socket) => void socket.write(`${CHUNKED}1\r\nx\r\n0\r\nx-a: y`), stalled],
  ] as const) {
    const port = await serveRaw(answer);
    await using guest = await reaching([port], { httpTimeoutMs: timeoutFor(code), maxResponseBodyBytes: 100_000 });
    const result = await guest.run(({ fetch }, authority) => {
      const fetched = fetch({ authority });
      return typeof fetched === "string" ? fetched : { failure: fetched.failure, length: fetched.body.length };
    }, `127.0.0.1:${port}`);
    assert.ok(typeof result === "object", `${name}: ${JSON.stringify(result)}`);
    assert.equal(result.failure, code, name);
    assert.ok(result.length <= 100_000, name);
    assert.ok((guest.usage?.readBytes ?? 0) <= 400_000, `${name}: ${guest.usage?.readBytes}`);
  }
});

// Weakening: `OutgoingExchange` does not destroy its client.
test("a body in crumbs ends with the invocation, and nothing is left behind", { timeout: 60_000 }, async () => {
  const closed = Promise.withResolvers<void>();
  const connected: Socket[] = [];
  const port = await serveRaw((socket) => {
    connected.push(socket);
    socket.write(`${OK}content-length: 1000000\r\n\r\n`);
    const timer = setInterval(() => socket.write("x"), 20);
    socket.once("close", () => {
      clearInterval(timer);
      closed.resolve();
    });
  });
  await using guest = await reaching([port], { httpTimeoutMs: 500 });
  // On a busy machine the deadline may come before the guest has connected at all.
  for (let timeoutMs = 1_000; connected.length === 0; timeoutMs *= 2) {
    const slow = guest.run(({ outcome }, authority) => outcome({ authority }), `127.0.0.1:${port}`, {
      limits: { timeoutMs },
    });
    await assert.rejects(slow, { code: "limit" });
  }
  await closed.promise;
});

// Weakening, each alone: `maxBodyBytes` is 1 TiB; the handler takes nothing from the meter of connections.
test("a body larger than the limit is not sent on, and connections are bounded", async () => {
  let received = 0;
  const port = await listen(createServer((socket) => void socket.on("data", ({ length }) => (received += length))));
  await using guest = await reaching([port], {
    maxRequestBodyBytes: 100_000,
    maxConnections: 3,
    httpTimeoutMs: 2_000,
  });
  const authority = `127.0.0.1:${port}`;
  const flood = await guest.run(
    ({ outcome }, given) => outcome({ authority: given, method: { tag: "post" }, body: "x".repeat(1_000_000) }),
    authority,
  );
  assert.equal(flood, "!HTTP-request-body-size");
  assert.ok(received <= 101_000, `${received} bytes were sent`);
  const open = await guest.run(({ wasi, call, resource, make }, given) => {
    const one = (): unknown => {
      const request = make("http", "OutgoingRequest", call(resource("http", "Fields"), "fromList", []));
      call(request, "setScheme", { tag: "HTTP" });
      call(request, "setAuthority", given);
      const future = call(wasi["outgoing"], "handle", request, undefined);
      return typeof future === "string" ? future : "open";
    };
    return [one(), one(), one(), one(), one()];
  }, authority);
  const full = "!connection-limit-reached";
  assert.deepEqual(open, ["open", "open", "open", full, full]);
});
