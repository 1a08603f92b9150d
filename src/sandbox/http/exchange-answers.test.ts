import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { HttpRequestHead, HttpResponsePart } from "../../shared/http-message.ts";
import { ODD } from "../../../test/support/odd-values.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits/limits.ts";
import { ExchangeAnswers } from "./exchange-answers.ts";
import type { HttpExchange } from "./http-exchange.ts";

// What a guest's side that hostile code has taken over may ask of an exchange: anything, in any form and order.

function exchanging(head: Partial<HttpRequestHead> = {}, body: readonly number[] = [], limits: Partial<Limits> = {}) {
  const parts: HttpResponsePart[] = [];
  const failures: string[] = [];
  const left = [...body];
  let taken = Promise.resolve();
  const exchange: HttpExchange = {
    head: {
      method: "POST",
      scheme: "http",
      authority: "a",
      pathWithQuery: "/",
      headers: [],
      hasBody: body.length > 0,
      ...head,
    },
    read: async () => {
      const length = left.shift() ?? 0;
      return { bytes: new Uint8Array(length), trailers: left.length === 0 ? [] : undefined };
    },
    send: (part) => {
      parts.push(part);
      return taken;
    },
    failed: (reason) => void failures.push(reason),
  };
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    taken = promise;
    return resolve;
  };
  const all = { ...DEFAULT_LIMITS, ...limits };
  const answers = new ExchangeAnswers(exchange, all);
  const ask = async (service: string, payload: unknown): Promise<unknown> => {
    const answer = answers.answer(service, payload);
    assert.ok(answer !== undefined);
    return answer;
  };
  return { answers, ask, parts, failures, hold };
}

function fields(headers: unknown): object {
  return { head: { status: 200, headers } };
}

function declared(bytes: number): object {
  return fields([["Content-Length", String(bytes)]]);
}

const HEAD = { status: 200, headers: [["x", "y"]] } as const;

// Seen to fail with each of the checks left out.
test("the body of a request is read in parts, once, and to its limit", async () => {
  const none = exchanging();
  await assert.rejects(none.ask("http-request-body", 10), /there is no more of it/);
  const { ask } = exchanging({}, [10, 10], { maxRequestBodyBytes: 20 });
  for (const length of [...ODD, 0, 65_537]) {
    await assert.rejects(ask("http-request-body", length), /is no number of bytes to read/);
  }
  const first = ask("http-request-body", 10);
  await assert.rejects(ask("http-request-body", 10), /it is being read/);
  await first;
  await ask("http-request-body", 65_536);
  await assert.rejects(ask("http-request-body", 10), /there is no more of it/);
  const large = exchanging({}, [10, 11, 10], { maxRequestBodyBytes: 20 });
  await large.ask("http-request-body", 10);
  await large.ask("http-request-body", 10);
  await assert.rejects(large.ask("http-request-body", 10), /larger than 20 bytes/);
});

// Seen to fail with each of the checks left out.
test("a part of an answer has a part's form, and its fields may go on a connection", async () => {
  const { ask, parts } = exchanging({}, [], { maxHeaderBytes: 10_000 });
  const oddFields: readonly unknown[] = [
    ...ODD.filter((one) => !Array.isArray(one)),
    [["x"]],
    [["x", "y", "z"]],
    ["xy"],
    [["x", 1]],
    [[1, "y"]],
    [["x", new Uint8Array(1)]],
    [["", "y"]],
    [["x y", "z"]],
    [["x\r\ny", "z"]],
    [["x", "a\r\nb: c"]],
    [["x", "a\0b"]],
    [["x", "\u0141"]],
    [["x", "y".repeat(10_000)]],
    Array.from({ length: 1_025 }, () => ["x", ""]),
    ...["Host", "connection", "Transfer-Encoding", "upgrade", "keep-alive", "proxy-authenticate"].map((name) => [
      [name, "x"],
    ]),
    [["content-length", "+1"]],
    [["content-length", "1, 1"]],
    [
      ["content-length", "1"],
      ["Content-Length", "1"],
    ],
  ];
  const wrong: readonly unknown[] = [
    ...ODD,
    ...ODD.map((one) => ({ head: one })),
    ...ODD.filter((one) => one !== undefined).map((one) => ({ head: HEAD, body: one })),
    ...ODD.map((status) => ({ head: { status, headers: [] } })),
    ...[100, 103, 199, 600].map((status) => ({ head: { status, headers: [] } })),
    ...oddFields.map(fields),
    ...oddFields
      .slice(0, -3)
      .filter((one) => one !== undefined)
      .map((trailers) => ({ head: HEAD, trailers })),
    { head: HEAD, body: new Uint8Array(0) },
    { head: HEAD, body: new Uint16Array(1) },
  ];
  for (const payload of wrong) {
    await assert.rejects(ask("http-response", payload), /Cannot send a part of an HTTP answer/, inspect(payload));
  }
  assert.deepEqual(parts, []);
  const begun = exchanging();
  await begun.ask("http-response", { head: HEAD });
  for (const payload of ODD) await assert.rejects(begun.ask("http-response", payload), /part of an HTTP answer/);
  await ask("http-response", {
    head: { ...HEAD, other: 1 },
    body: new Uint8Array(1),
    trailers: [["z", "\u00e9"]],
    more: 1,
  });
  assert.deepEqual(parts, [{ head: HEAD, body: new Uint8Array(1), trailers: [["z", "\u00e9"]] }]);
});

// Seen to fail with each of the checks left out.
test("parts of an answer come in their order, and make one answer", async () => {
  const head = { head: HEAD };
  const body = { body: new Uint8Array(10) };
  const end = { trailers: [] };
  const refused: readonly (readonly [readonly object[], RegExp])[] = [
    [[body], /head comes first/],
    [[end], /head comes first/],
    [[head, head], /and once/],
    [[head, body, { ...head, ...end }], /and once/],
    [[{ ...head, ...end }, body], /is over/],
    [[head, end, end], /is over/],
    [[head, body, body, body], /more than 25 bytes/],
    [[declared(5), body], /not as long/],
    [[declared(15), body, body], /not as long/],
    [[declared(15), body, end], /not as long/],
    [[{ ...declared(15), ...end }], /not as long/],
  ];
  for (const [sent, reason] of refused) {
    const { ask, parts } = exchanging({}, [], { maxResponseBodyBytes: 25 });
    for (const part of sent.slice(0, -1)) await ask("http-response", part);
    await assert.rejects(ask("http-response", sent.at(-1)), reason);
    assert.equal(parts.length, sent.length - 1);
  }
  for (const [method, status] of [
    ["HEAD", 200],
    ["GET", 304],
  ] as const) {
    const { ask, parts } = exchanging({ method });
    await ask("http-response", { head: { status, headers: [["content-length", "15"]] }, ...end });
    assert.equal(parts.length, 1, "an answer without a body may say how long it would be");
  }
});

// Seen to fail with the check left out.
test("no more of an answer is under way than a window and one part", async () => {
  const { ask, hold } = exchanging();
  const release = hold();
  const body = new Uint8Array(40_000);
  const sent = [ask("http-response", { head: HEAD, body }), ask("http-response", { body })];
  await assert.rejects(ask("http-response", { body }), /under way/);
  release();
  await Promise.all(sent);
  await ask("http-response", { body });
});

// Seen to fail with each of the checks left out.
test("that an answer failed is said once, by a code", async () => {
  const { ask, failures } = exchanging();
  for (const reason of [...ODD.filter((one) => one !== "text"), "a b", "x\n", "-", "x".repeat(65)]) {
    await assert.rejects(ask("http-failure", reason), /is no error code/);
  }
  await ask("http-failure", "HTTP-protocol-error");
  await assert.rejects(ask("http-failure", "HTTP-protocol-error"), /it is over/);
  await assert.rejects(ask("http-response", { head: HEAD }), /is over/);
  assert.deepEqual(failures, ["HTTP-protocol-error"]);
  const whole = exchanging();
  await whole.ask("http-response", { head: HEAD, trailers: [] });
  await assert.rejects(whole.ask("http-failure", "internal-error"), /it is over/);
  assert.deepEqual(whole.failures, []);
});

test("nothing else is its to answer", () => {
  const { answers } = exchanging();
  for (const service of ["", "stdin", "http", "constructor", "__proto__"]) {
    assert.equal(answers.answer(service, 1), undefined);
  }
});
