import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { listen, serve, serveRaw } from "../../exchange-harness.test.ts";
import { createServer } from "node:net";
import { Guest, text } from "../guest-harness.test.ts";
import { heldBytes } from "../held-bytes.ts";

const ALL_METHODS = ["get", "head", "post", "put", "delete", "options", "trace", "patch"];

test("a request sends what the guest asked for and nothing of the host", async () => {
  const seen: IncomingMessage[] = [];
  const port = await serve((request, response) => {
    seen.push(request);
    response.writeHead(203, { "X-Answer": ["one", "two"] }).end("héllo");
  });
  process.env["http_proxy"] = "http://127.0.0.1:1";
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const result = await guest.fetch({
    authority: `127.0.0.1:${port}`,
    path: "/x?y=1",
    headers: [
      ["X-Mine", "a"],
      ["x-mine", "b"],
      ["accept", "*/*"],
    ],
  });
  delete process.env["http_proxy"];
  assert.equal(result.tag, "ok");
  const { status, headers, body, failure } = result.val;
  assert.deepEqual([status, body, failure], [203, Buffer.from("héllo").toString("latin1"), undefined]);
  assert.deepEqual(
    headers.filter(([name]) => name === "X-Answer"),
    [
      ["X-Answer", "one"],
      ["X-Answer", "two"],
    ],
  );
  assert.ok(!headers.some(([name]) => /^(?:connection|transfer-encoding|keep-alive)$/iu.test(name)));
  assert.equal(seen[0]?.url, "/x?y=1");
  // prettier-ignore
  assert.deepEqual(seen[0]?.rawHeaders, [
    "host", `127.0.0.1:${port}`, "connection", "close", "X-Mine", "a", "x-mine", "b", "accept", "*/*",
  ]);
  assert.deepEqual(guest.events, [`Allowed GET http://127.0.0.1:${port}/x?y=1`]);
  assert.equal(guest.context.meters.connections.held, 0);
  assert.equal(heldBytes(guest.context).held, 0, "everything that was held has been given back");
  assert.ok(guest.context.meters.read.used > 6);
});

test("every method but CONNECT is sent as it is", async () => {
  const port = await serve((request, response) => void response.setHeader("x-method", request.method ?? "").end());
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const send = (method: { tag: string; val?: string }) => guest.fetch({ authority: `127.0.0.1:${port}`, method });
  for (const name of ALL_METHODS) {
    const result = await send({ tag: name });
    assert.equal(result.tag, "ok", name);
    assert.ok(result.val.headers.some(([key, value]) => key === "x-method" && value === name.toUpperCase()));
  }
  assert.equal((await send({ tag: "other", val: "PROPFIND" })).tag, "ok");
  for (const method of [{ tag: "connect" }, { tag: "other", val: "CONNECT" }, { tag: "other", val: "connect" }]) {
    assert.deepEqual(await send(method), { tag: "err", val: { tag: "HTTP-request-method-invalid" } });
  }
});

test("bodies: none, a short one of known length, and one that is streamed", async () => {
  const port = await serve((request, response) => {
    const { "content-length": length, "transfer-encoding": coding } = request.headers;
    response.setHeader("x-framing", `${length ?? "-"} ${coding ?? "-"}`);
    request.pipe(response);
  });
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const post = async (body?: Uint8Array, headers: [string, string][] = [], tag = "post") => {
    const result = await guest.fetch({
      authority: `127.0.0.1:${port}`,
      method: { tag },
      headers,
      ...(body === undefined ? {} : { body }),
    });
    assert.equal(result.tag, "ok");
    assert.equal(result.val.failure, undefined);
    return [result.val.headers.find(([name]) => name === "x-framing")?.[1], result.val.body.length];
  };
  assert.deepEqual(await post(), ["0 -", 0]);
  assert.deepEqual(await post(text("")), ["0 -", 0]);
  assert.deepEqual(await post(text(""), [], "get"), ["- -", 0]);
  assert.deepEqual(await post(text("abc")), ["3 -", 3]);
  assert.deepEqual(await post(text("abc"), [["content-length", "3"]]), ["3 -", 3]);
  const large = new Uint8Array(1_000_000).fill(65);
  assert.deepEqual(await post(large), ["- chunked", 1_000_000]);
  assert.deepEqual(await post(large, [["Content-Length", "1000000"]]), ["1000000 -", 1_000_000]);
  assert.equal(heldBytes(guest.context).held, 0);
});

test("a guest can read the response while it still writes the request", async () => {
  const port = await serve((request, response) => void request.pipe(response));
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const request = guest.request({ authority: `127.0.0.1:${port}`, method: { tag: "post" } });
  const body = guest.must("[method]outgoing-request.body", request);
  const out = guest.must("[method]outgoing-body.write", body);
  const handled = guest.handle(request);
  assert.equal(handled.tag, "ok");
  await guest.stream("[method]output-stream.blocking-write-and-flush", out, text("ping"));
  const response = await guest.response(handled.val);
  assert.equal(response.tag, "ok");
  const incoming = guest.must("[method]incoming-response.consume", response.val);
  const stream = guest.must("[method]incoming-body.stream", incoming);
  const read = () => guest.stream("[method]input-stream.blocking-read", stream, 100n);
  assert.deepEqual(Buffer.from((await read()).val as Uint8Array).toString(), "ping");
  await guest.stream("[method]output-stream.blocking-write-and-flush", out, text("pong"));
  assert.deepEqual(Buffer.from((await read()).val as Uint8Array).toString(), "pong");
  out[Symbol.dispose]();
  assert.equal(guest.types("[static]outgoing-body.finish", body, undefined).tag, "ok");
  assert.deepEqual(await read(), { tag: "err", val: { tag: "closed" } });
});

test("a guest that does not read holds the server back", async () => {
  let taken = 0;
  const port = await serve((_request, response) => {
    const more = (error?: Error | null): void => {
      if (error) return;
      taken += 65_536;
      response.write(Buffer.alloc(65_536), more);
    };
    more();
  });
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] }, limits: { maxResponseBodyBytes: 1e9 } });
  const handled = guest.handle(guest.request({ authority: `127.0.0.1:${port}` }));
  assert.equal(handled.tag, "ok");
  const response = await guest.response(handled.val);
  assert.equal(response.tag, "ok");
  // Until the server has filled what the sockets take; the guest's side holds a buffer and no more.
  for (let before = -1; before !== taken;) {
    before = taken;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(taken < 32 * 1024 * 1024, `the server has sent ${taken} bytes`);
  assert.ok(heldBytes(guest.context).held < 256 * 1024, `${heldBytes(guest.context).held} bytes are held`);
  response.val[Symbol.dispose]();
  assert.equal(guest.context.meters.connections.held, 0, "dropping the response ends the exchange");
  assert.ok(heldBytes(guest.context).held < 2_000);
});

test("trailers of a response arrive, and can be waited for without reading the body", async () => {
  const port = await serve((_request, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("a".repeat(200_000));
    response.addTrailers({ "x-sum": "42" });
    response.end();
  });
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const handled = guest.handle(guest.request({ authority: `127.0.0.1:${port}` }));
  assert.equal(handled.tag, "ok");
  const response = await guest.response(handled.val);
  assert.equal(response.tag, "ok");
  const body = guest.must("[method]incoming-response.consume", response.val);
  assert.equal(guest.types("[method]incoming-response.consume", response.val).tag, "err");
  const stream = guest.must("[method]incoming-body.stream", body);
  assert.equal(guest.types("[method]incoming-body.stream", body).tag, "err");
  assert.throws(() => guest.types("[static]incoming-body.finish", body), /its stream is still there/);
  stream[Symbol.dispose]();
  const future = guest.must("[static]incoming-body.finish", body);
  const trailers = await guest.settled("future-trailers", future);
  assert.equal(trailers.tag, "ok");
  const fields = trailers.val as Disposable;
  assert.deepEqual(guest.entries(fields), [["x-sum", "42"]]);
  assert.deepEqual(guest.types("[method]fields.append", fields, "a", text("b")), {
    tag: "err",
    val: { tag: "immutable" },
  });
});

test("a response without trailers says so", async () => {
  const port = await serve((_request, response) => void response.end("abc"));
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const handled = guest.handle(guest.request({ authority: `127.0.0.1:${port}` }));
  assert.equal(handled.tag, "ok");
  const response = await guest.response(handled.val);
  assert.equal(response.tag, "ok");
  const body = guest.must("[method]incoming-response.consume", response.val);
  const future = guest.must("[static]incoming-body.finish", body);
  assert.deepEqual(await guest.settled("future-trailers", future), { tag: "ok", val: undefined });
});

test("redirects are the guest's to follow", async () => {
  let requests = 0;
  const port = await serve((_request, response) => {
    requests += 1;
    response.writeHead(302, { location: "/next" }).end();
  });
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const result = await guest.fetch({ authority: `127.0.0.1:${port}` });
  assert.equal(result.tag === "ok" && result.val.status, 302);
  assert.equal(requests, 1);
});

test("bodies are not decoded", async () => {
  const port = await serve((_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end("not gzip at all");
  });
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const result = await guest.fetch({ authority: `127.0.0.1:${port}` });
  assert.equal(result.tag === "ok" && result.val.body, "not gzip at all");
});

test("a connection is refused, cut or not HTTP, and the guest learns which", async () => {
  const closed = createServer();
  const nobody = await listen(closed);
  closed.close();
  const ok = "HTTP/1.1 200 OK\r\n";
  const cases = [
    [nobody, { tag: "connection-refused" }],
    [await serveRaw((socket) => void socket.end()), { tag: "HTTP-response-incomplete" }],
    [await serveRaw((socket) => void socket.end("SSH-2.0-OpenSSH_9.9\r\n")), { tag: "HTTP-protocol-error" }],
    [
      await serveRaw((socket) => void socket.end(`HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n`)),
      undefined,
    ],
  ] as const;
  for (const [port, code] of cases) {
    const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
    const result = await guest.fetch({ authority: `127.0.0.1:${port}` });
    assert.equal(result.tag, "err");
    if (code !== undefined) assert.deepEqual(result.val, code);
    assert.equal(guest.context.meters.connections.held, 0);
  }
  const cut = await serveRaw((socket) => void socket.end(`${ok}content-length: 10\r\n\r\nabc`));
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${cut}`] } });
  const result = await guest.fetch({ authority: `127.0.0.1:${cut}` });
  assert.equal(result.tag, "ok");
  assert.deepEqual([result.val.body, result.val.failure], ["abc", { tag: "HTTP-response-incomplete" }]);
});

test("a body of another size than its content-length is an error, and is not sent as whole", async () => {
  const bodies: string[] = [];
  const port = await serve((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => void (bodies.push(body), response.end()));
  });
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const wanted = {
    authority: `127.0.0.1:${port}`,
    method: { tag: "post" },
    headers: [["content-length", "3"]],
  } as const;
  for (const content of ["ab", "abcd"]) {
    const request = guest.request(wanted);
    const body = guest.must("[method]outgoing-request.body", request);
    const handled = guest.handle(request);
    assert.equal(handled.tag, "ok");
    const written = await guest.write(body, text(content));
    assert.equal(written.tag, "err", content);
    const response = await guest.response(handled.val);
    assert.deepEqual(response, {
      tag: "err",
      val: { tag: "HTTP-request-body-size", val: BigInt(content.length) },
    });
  }
  const without = guest.handle(guest.request(wanted));
  assert.deepEqual(without, { tag: "err", val: { tag: "HTTP-request-body-size", val: 0n } });
  assert.deepEqual(bodies, []);
});

test("a body that is dropped unfinished fails the request", async () => {
  const port = await serve((request, response) => void request.pipe(response));
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  const request = guest.request({ authority: `127.0.0.1:${port}`, method: { tag: "post" } });
  const body = guest.must("[method]outgoing-request.body", request);
  assert.equal(guest.types("[method]outgoing-request.body", request).tag, "err");
  const stream = guest.must("[method]outgoing-body.write", body);
  assert.equal(guest.types("[method]outgoing-body.write", body).tag, "err");
  assert.throws(() => guest.types("[static]outgoing-body.finish", body, undefined), /its stream is still there/);
  const handled = guest.handle(request);
  assert.equal(handled.tag, "ok");
  stream[Symbol.dispose]();
  body[Symbol.dispose]();
  assert.deepEqual(await guest.response(handled.val), { tag: "err", val: { tag: "HTTP-protocol-error" } });
});

test("trailers of a request cannot be sent, and empty ones are none", async () => {
  const port = await serve((request, response) => void request.pipe(response));
  const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
  for (const [trailers, tag] of [
    [[], "ok"],
    [[["x-sum", "1"]], "err"],
  ] as const) {
    const request = guest.request({ authority: `127.0.0.1:${port}`, method: { tag: "post" } });
    const body = guest.must("[method]outgoing-request.body", request);
    const handled = guest.handle(request);
    assert.equal(handled.tag, "ok");
    assert.equal(guest.types("[static]outgoing-body.finish", body, guest.fields(trailers)).tag, tag);
    assert.equal((await guest.response(handled.val)).tag, tag);
  }
});

test("what is not well-formed is refused before anything is looked up", () => {
  const guest = new Guest({ network: { public: true } });
  const code = (wanted: Parameters<Guest["request"]>[0]) => guest.handle(guest.request(wanted)).val;
  assert.deepEqual(code({}), { tag: "HTTP-request-URI-invalid" });
  assert.deepEqual(code({ scheme: { tag: "other", val: "ftp" }, authority: "a.example" }), {
    tag: "HTTP-protocol-error",
  });
  for (const lengths of [["1", "2"], ["1", "1"], ["-1"], ["1, 2"], [""], ["0x10"], ["9".repeat(30)]]) {
    const headers = lengths.map((length) => ["content-length", length] as const);
    assert.deepEqual(code({ authority: "a.example", headers }), { tag: "HTTP-protocol-error" }, lengths.join("|"));
  }
  assert.deepEqual(code({ authority: "a.example", headers: [["content-length", "9000000"]] }), {
    tag: "HTTP-request-body-size",
    val: 8_388_608n,
  });
  assert.ok(guest.events.every((event) => event.startsWith("Denied ")));
});

for (const [what, end] of [
  ["the end of the invocation", (guest: Guest): void => guest.context.abort()],
  [
    "dropping the future",
    (_guest: Guest, future: Disposable): void => {
      future[Symbol.dispose]();
      future[Symbol.dispose]();
    },
  ],
] as const) {
  test(`${what} ends what is under way`, async () => {
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const port = await serve((request) => {
      request.on("close", () => gone.resolve());
      arrived.resolve();
    });
    const guest = new Guest({ network: { hosts: [`127.0.0.1:${port}`] } });
    const handled = guest.handle(guest.request({ authority: `127.0.0.1:${port}` }));
    assert.ok(handled.tag === "ok");
    await arrived.promise;
    end(guest, handled.val);
    await gone.promise;
    assert.equal(guest.context.meters.connections.held, 0);
  });
}
