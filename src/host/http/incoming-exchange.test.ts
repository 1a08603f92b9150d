import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExchangeBodyPart, incomingCall, type IncomingCall, type IncomingExchange } from "./incoming-exchange.ts";
import type { ErrorCode } from "./wasi/error-code.ts";
import { Guest, type GuestOptions, type Handle, text } from "./wasi/guest-harness.test.ts";
import { heldBytes } from "./wasi/held-bytes.ts";

interface MemoryExchangeOptions {
  readonly request?: Partial<IncomingExchange["request"]>;
  readonly body?: readonly ExchangeBodyPart[];
  /** What each part of the response waits for. */
  readonly slow?: Promise<void>;
  /** The client goes away when it gets a part of the body. */
  readonly gone?: boolean;
}

/** An exchange without a server: what a guest does to it is written to a log. */
class MemoryExchange implements IncomingExchange {
  readonly request: IncomingExchange["request"];
  readonly log: string[] = [];
  readonly #parts: ExchangeBodyPart[];
  readonly #options: MemoryExchangeOptions;
  received = 0;
  pulls = 0;
  failure: ErrorCode | undefined;

  constructor(options: MemoryExchangeOptions = {}) {
    this.#options = options;
    this.#parts = [...(options.body ?? [])];
    this.request = {
      method: "GET",
      scheme: "http",
      authority: "a.example",
      pathWithQuery: "/",
      headers: [],
      ...options.request,
    };
  }

  async pullBody(): Promise<ExchangeBodyPart> {
    this.pulls += 1;
    return this.#parts.shift() ?? { kind: "end", trailers: [] };
  }

  cancelBody(): void {
    this.log.push("cancel-body");
  }

  async sendHead({ status, headers }: Parameters<IncomingExchange["sendHead"]>[0]): Promise<void> {
    this.log.push(
      `head ${status} ${headers.map(([name, value]) => `${name}=${String.fromCharCode(...value)}`).join()}`,
    );
    await this.#options.slow;
  }

  async sendBody(bytes: Uint8Array): Promise<void> {
    if (this.#options.gone === true) throw new Error("gone");
    assert.equal(bytes.length, bytes.buffer.byteLength, "what is sent is nothing but its bytes");
    this.received += bytes.length;
    await this.#options.slow;
  }

  async sendEnd(trailers: Parameters<IncomingExchange["sendEnd"]>[0]): Promise<void> {
    this.log.push(`end ${trailers.map(([name]) => name).join()}`);
  }

  fail(code: ErrorCode): void {
    assert.equal(this.failure, undefined, "fails once");
    this.failure = code;
    this.log.push(`fail ${code.tag}`);
  }
}

function zeroes(size: number): ExchangeBodyPart {
  return { kind: "bytes", bytes: new Uint8Array(size) };
}

function start(options: MemoryExchangeOptions = {}, guestOptions: GuestOptions = {}) {
  const guest = new Guest(guestOptions);
  const exchange = new MemoryExchange(options);
  const call = incomingCall(guest.context, exchange);
  assert.ok("request" in call);
  return { guest, exchange, call };
}

function answer(guest: Guest, { responseOut }: IncomingCall, response: unknown): void {
  assert.equal(guest.types("[static]response-outparam.set", responseOut, response).tag, "ok");
}

function okResponse(guest: Guest, status = 200, headers: [string, string][] = []): Handle {
  const response = guest.must("[constructor]outgoing-response", guest.fields(headers));
  guest.must("[method]outgoing-response.set-status-code", response, status);
  return response;
}

test("a handler sees the request without what belongs to the connection", async () => {
  const { guest, exchange, call } = start({
    request: {
      method: "POST",
      pathWithQuery: "/a?b",
      headers: [
        ["Host", text("a.example")],
        ["Connection", text("close")],
        ["X-A", text("1")],
        ["transfer-encoding", text("chunked")],
      ],
    },
    body: [
      { kind: "bytes", bytes: text("hello ") },
      { kind: "bytes", bytes: text("world") },
    ],
  });
  const { request } = call;
  assert.deepEqual(guest.value("[method]incoming-request.method", request), { tag: "post" });
  assert.deepEqual(guest.value("[method]incoming-request.scheme", request), { tag: "HTTP" });
  assert.equal(guest.value("[method]incoming-request.authority", request), "a.example");
  assert.equal(guest.value("[method]incoming-request.path-with-query", request), "/a?b");
  const headers = guest.must("[method]incoming-request.headers", request);
  assert.deepEqual(guest.entries(headers), [["X-A", "1"]]);
  assert.deepEqual(guest.types("[method]fields.delete", headers, "x-a"), { tag: "err", val: { tag: "immutable" } });
  assert.equal(exchange.pulls, 0, "nothing is read before the guest asks");
  const body = guest.must("[method]incoming-request.consume", request);
  assert.equal(guest.types("[method]incoming-request.consume", request).tag, "err");
  assert.deepEqual(await guest.read(body), { body: "hello world", failure: undefined });

  answer(guest, call, { tag: "ok", val: okResponse(guest, 204) });
  await call.answered;
  assert.deepEqual(exchange.log, ["head 204 ", "end "]);
});

test("a response with a body and trailers is handed over as it is written", async () => {
  const { guest, exchange, call } = start();
  const response = okResponse(guest, 200, [["x-a", "1"]]);
  const body = guest.must("[method]outgoing-response.body", response);
  assert.equal(guest.types("[method]outgoing-response.body", response).tag, "err");
  answer(guest, call, { tag: "ok", val: response });
  const stream = guest.must("[method]outgoing-body.write", body);
  await guest.stream("[method]output-stream.blocking-write-and-flush", stream, text("abc"));
  stream[Symbol.dispose]();
  guest.must("[static]outgoing-body.finish", body, guest.fields([["x-sum", "3"]]));
  await call.answered;
  assert.deepEqual(exchange.log, ["head 200 x-a=1", "end x-sum"]);
  assert.equal(exchange.received, 3);
});

test("a client that does not read holds the guest back", async () => {
  const slow = Promise.withResolvers<void>();
  const { guest, exchange, call } = start({ slow: slow.promise });
  const response = okResponse(guest);
  const body = guest.must("[method]outgoing-response.body", response);
  answer(guest, call, { tag: "ok", val: response });
  const stream = guest.must("[method]outgoing-body.write", body);
  let written = 0;
  for (;;) {
    const room = (guest.stream("[method]output-stream.check-write", stream) as { val: bigint }).val;
    if (room === 0n) break;
    void guest.stream("[method]output-stream.write", stream, new Uint8Array(Number(room)));
    written += Number(room);
    assert.ok(written <= 128 * 1024, "the buffer has an end");
  }
  slow.resolve();
  await guest.stream("[method]output-stream.blocking-write-and-flush", stream, text("abc"));
  stream[Symbol.dispose]();
  guest.must("[static]outgoing-body.finish", body, undefined);
  await call.answered;
  assert.equal(exchange.received, written + 3);
  assert.deepEqual(exchange.log, ["head 200 ", "end "]);
});

test("what is no whole response is a failure, reported once", async () => {
  const internal = { tag: "internal-error", val: "why" };
  const cases: [string, (guest: Guest, call: IncomingCall) => void, string[]][] = [
    ["no answer", (_guest, call) => call.responseOut[Symbol.dispose](), ["fail internal-error"]],
    ["an error", (guest, call) => answer(guest, call, { tag: "err", val: internal }), ["fail internal-error"]],
    [
      "a body that is dropped",
      (guest, call) => {
        const response = okResponse(guest);
        const body = guest.must("[method]outgoing-response.body", response);
        answer(guest, call, { tag: "ok", val: response });
        body[Symbol.dispose]();
      },
      ["head 200 ", "fail HTTP-protocol-error"],
    ],
    [
      "two lengths",
      (guest, call) =>
        answer(guest, call, {
          tag: "ok",
          val: okResponse(guest, 200, [
            ["content-length", "1"],
            ["content-length", "2"],
          ]),
        }),
      ["fail HTTP-protocol-error"],
    ],
    [
      "a length without a body",
      (guest, call) => answer(guest, call, { tag: "ok", val: okResponse(guest, 200, [["content-length", "1"]]) }),
      ["fail HTTP-response-body-size"],
    ],
    [
      "a body that is too short, known before the answer",
      (guest, call) => {
        const response = okResponse(guest, 200, [["content-length", "1"]]);
        const body = guest.must("[method]outgoing-response.body", response);
        assert.equal(guest.types("[static]outgoing-body.finish", body, undefined).tag, "err");
        answer(guest, call, { tag: "ok", val: response });
      },
      ["fail HTTP-response-body-size"],
    ],
  ];
  for (const [name, act, log] of cases) {
    const { guest, exchange, call } = start();
    act(guest, call);
    call.responseOut[Symbol.dispose]();
    await call.answered;
    assert.deepEqual(exchange.log, log, name);
  }
});

test("the answer to HEAD may have the length of what it does not send", async () => {
  const { guest, exchange, call } = start({ request: { method: "HEAD" } });
  answer(guest, call, { tag: "ok", val: okResponse(guest, 200, [["content-length", "5"]]) });
  await call.answered;
  assert.deepEqual(exchange.log, ["head 200 content-length=5", "end "]);
});

test("statuses that do not end an exchange are refused", () => {
  const { guest } = start();
  const response = guest.must("[constructor]outgoing-response", guest.fields());
  assert.equal(guest.value("[method]outgoing-response.status-code", response), 200);
  for (const status of [0, 100, 101, 103, 199, 600, 999, 65_535]) {
    assert.equal(guest.types("[method]outgoing-response.set-status-code", response, status).tag, "err", `${status}`);
  }
});

test("a client that goes away closes the guest's stream", async () => {
  const { guest, exchange, call } = start({ gone: true });
  const response = okResponse(guest);
  const body = guest.must("[method]outgoing-response.body", response);
  answer(guest, call, { tag: "ok", val: response });
  const stream = guest.must("[method]outgoing-body.write", body);
  await guest.stream("[method]output-stream.blocking-write-and-flush", stream, text("abc"));
  await call.answered;
  assert.deepEqual(await guest.stream("[method]output-stream.blocking-write-and-flush", stream, text("abc")), {
    tag: "err",
    val: { tag: "closed" },
  });
  assert.deepEqual(exchange.log, ["head 200 ", "fail HTTP-protocol-error"]);
});

test("an invocation that ends with its response unfinished fails it", async () => {
  const { guest, exchange, call } = start();
  const response = okResponse(guest);
  guest.must("[method]outgoing-response.body", response);
  answer(guest, call, { tag: "ok", val: response });
  guest.context.abort();
  await call.answered;
  assert.deepEqual(exchange.log, ["head 200 ", "fail connection-terminated"]);
});

test("bodies are bounded in both directions", async () => {
  const limits = { maxRequestBodyBytes: 5, maxResponseBodyBytes: 5 };
  const { guest, exchange, call } = start({ body: [zeroes(3), zeroes(3), zeroes(3)] }, { limits });
  const body = guest.must("[method]incoming-request.consume", call.request);
  const { failure } = await guest.read(body);
  assert.deepEqual(failure, { tag: "HTTP-request-body-size", val: 5n });
  assert.deepEqual(exchange.log, ["cancel-body"]);
  body[Symbol.dispose]();

  const response = okResponse(guest);
  const out = guest.must("[method]outgoing-response.body", response);
  answer(guest, call, { tag: "ok", val: response });
  assert.equal((await guest.write(out, text("123456"))).tag, "err");
  await call.answered;
  assert.deepEqual(exchange.failure, { tag: "HTTP-response-body-size", val: 5n });
  const violations = guest.context.observations.filter(({ eventType }) => eventType === "PolicyViolation");
  assert.deepEqual(
    violations.map(({ resource }) => resource),
    ["request-body", "response-body"],
  );
});

test("an endless request body is pulled only as far as the guest reads", async () => {
  const body = Array.from({ length: 1_000 }, () => ({ kind: "bytes", bytes: new Uint8Array(10_000) }) as const);
  const { guest, exchange, call } = start({ body });
  const incoming = guest.must("[method]incoming-request.consume", call.request);
  const stream = guest.must("[method]incoming-body.stream", incoming);
  await guest.stream("[method]input-stream.blocking-read", stream, 10n);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(exchange.pulls < 12, `${exchange.pulls} parts were pulled`);
  stream[Symbol.dispose]();
  incoming[Symbol.dispose]();
  assert.deepEqual(exchange.log, ["cancel-body"]);
  assert.ok(heldBytes(guest.context).held < 1_000);
});

test("a body that fails, and one whose server has gone, say so to the guest", async () => {
  const code: ErrorCode = { tag: "HTTP-protocol-error" };
  const { guest, call } = start({
    body: [
      { kind: "bytes", bytes: text("a") },
      { kind: "failed", code },
    ],
  });
  const read = await guest.read(guest.must("[method]incoming-request.consume", call.request));
  assert.deepEqual(read, { body: "a", failure: code });
});

test("heads and trailers over the limit are refused", async () => {
  const guest = new Guest({ limits: { maxHeaderBytes: 10 } });
  const long = [["x-long", text("12345")]] as const;
  assert.deepEqual(incomingCall(guest.context, new MemoryExchange({ request: { headers: long } })), {
    tag: "HTTP-request-header-section-size",
    val: undefined,
  });
  const { guest: other, call } = start({ body: [{ kind: "end", trailers: long }] }, { limits: { maxHeaderBytes: 10 } });
  const body = other.must("[method]incoming-request.consume", call.request);
  const trailers = await other.settled("future-trailers", other.must("[static]incoming-body.finish", body));
  assert.deepEqual(trailers, { tag: "err", val: { tag: "HTTP-request-trailer-section-size", val: undefined } });
});
