import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Guest, text } from "../guest-harness.test.ts";
import { heldBytes } from "../held-bytes.ts";
import { anyText } from "../../../../../test/support/any-text.ts";

const FORBIDDEN = [
  "connection", "Keep-Alive", "proxy-connection", "Proxy-Authorization", "proxy-anything", "TRANSFER-ENCODING", "upgrade", "Host",
  "http2-settings", "expect",
]; // oxfmt-ignore
const INVALID_NAMES = [
  "",
  " ",
  "a b",
  "a:",
  ":path",
  "a\r",
  "a\nb",
  "a\0",
  "é",
  "a(b)",
  "a\t",
  "a,b",
  '"',
  "a;b",
  "\u{1F600}",
];
const INVALID_VALUES = ["\r", "\n", "a\r\nx-injected: 1", "a\0b", "\u0001", "\u007f"];

test("fields keep their order and case, and are found whatever the case", () => {
  const guest = new Guest();
  const fields = guest.fields([
    ["X-A", "1"],
    ["b", "2"],
    ["x-a", "3"],
  ]);
  assert.deepEqual(guest.entries(fields), [
    ["X-A", "1"],
    ["b", "2"],
    ["x-a", "3"],
  ]);
  assert.deepEqual(guest.value("[method]fields.get", fields, "x-A"), [text("1"), text("3")]);
  assert.deepEqual(guest.value("[method]fields.get", fields, "c"), []);
  assert.deepEqual(guest.value("[method]fields.get", fields, "not a name"), []);
  assert.equal(guest.value("[method]fields.has", fields, "B"), true);
  assert.equal(guest.value("[method]fields.has", fields, "\r\n"), false);
  guest.value("[method]fields.set", fields, "X-a", [text("4"), text("5")]);
  guest.value("[method]fields.append", fields, "b", text("6"));
  const copy = guest.must("[method]fields.clone", fields);
  guest.value("[method]fields.delete", fields, "B");
  assert.deepEqual(guest.entries(fields), [
    ["X-a", "4"],
    ["X-a", "5"],
  ]);
  assert.deepEqual(guest.entries(copy), [
    ["b", "2"],
    ["X-a", "4"],
    ["X-a", "5"],
    ["b", "6"],
  ]);
  for (const handle of [fields, copy, copy]) handle[Symbol.dispose]();
  assert.equal(heldBytes(guest.context).held, 0);
});

test("names and values that are not those of RFC 9110 are refused, and nothing changes", () => {
  const guest = new Guest();
  const fields = guest.fields([["a", "1"]]);
  const refusals = (name: string, value: Uint8Array) => [
    guest.types("[method]fields.append", fields, name, value),
    guest.types("[method]fields.set", fields, name, [value]),
    guest.types("[static]fields.from-list", [[name, value]]),
  ];
  for (const name of INVALID_NAMES) {
    for (const result of [...refusals(name, text("")), guest.types("[method]fields.delete", fields, name)]) {
      assert.deepEqual(result, { tag: "err", val: { tag: "invalid-syntax" } }, JSON.stringify(name));
    }
  }
  for (const value of INVALID_VALUES) {
    for (const result of refusals("a", text(value))) {
      assert.deepEqual(result, { tag: "err", val: { tag: "invalid-syntax" } }, JSON.stringify(value));
    }
  }
  for (const name of FORBIDDEN) {
    for (const result of refusals(name, text("x"))) {
      assert.deepEqual(result, { tag: "err", val: { tag: "forbidden" } }, name);
    }
  }
  assert.deepEqual(guest.entries(fields), [["a", "1"]]);
});

test("whatever is accepted is one line of a message", () => {
  const guest = new Guest();
  fc.assert(
    fc.property(anyText({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (name, value) => {
      const result = guest.types("[static]fields.from-list", [[name, value]]);
      const isValid =
        /^[\w!#$%&'*+\-.^`|~]+$/u.test(name) &&
        /^[\t\x20-\x7e\x80-\xff]*$/u.test(Buffer.from(value).toString("latin1"));
      assert.equal(result.tag, isValid && !/^(?:host|expect|upgrade)$/iu.test(name) ? "ok" : "err");
      if (result.tag === "ok") (result.val as Disposable)[Symbol.dispose]();
    }),
    { numRuns: 500 },
  );
  assert.equal(heldBytes(guest.context).held, 0);
});

test("one set of fields is bounded in bytes and number; over it the guest traps", () => {
  const guest = new Guest({ limits: { maxHeaderBytes: 100 } });
  const fields = guest.fields();
  assert.equal(guest.types("[method]fields.append", fields, "a", new Uint8Array(99).fill(65)).tag, "ok");
  assert.throws(
    () => guest.types("[method]fields.append", fields, "b", text("")),
    /at most 1024 of them and 100 bytes/,
  );
  const many = new Guest().fields(Array.from({ length: 1_024 }, () => ["a", ""] as const));
  assert.throws(() => new Guest().types("[method]fields.append", many, "a", text("")), /at most 1024/);
  const list = Array.from({ length: 100_000 }, () => ["a", text("")] as const);
  assert.throws(() => new Guest().types("[static]fields.from-list", list), /at most 1024/);
});

test("all the fields of an invocation together are bounded", () => {
  const guest = new Guest();
  const full = guest.fields(
    [["a", new Uint8Array(60_000)]].map(([name]) => [String(name), new Uint8Array(60_000).fill(65)]),
  );
  const copies: Disposable[] = [];
  assert.throws(() => {
    for (let count = 0; count < 8_192; count++) copies.push(guest.must("[method]fields.clone", full));
  }, /too much of the host's memory/);
  assert.ok(copies.length < 300, `${copies.length} copies were made`);
});

test("headers that a request was made from can be read and copied, not changed", () => {
  const guest = new Guest();
  const request = guest.must("[constructor]outgoing-request", guest.fields([["a", "1"]]));
  const headers = guest.must("[method]outgoing-request.headers", request);
  for (const [name, ...parameters] of [
    ["set", "a", []],
    ["delete", "a"],
    ["append", "b", text("")],
  ] as const) {
    assert.deepEqual(guest.types(`[method]fields.${name}`, headers, ...parameters), {
      tag: "err",
      val: { tag: "immutable" },
    });
  }
  const copy = guest.must("[method]fields.clone", headers);
  assert.equal(guest.types("[method]fields.append", copy, "b", text("2")).tag, "ok");
  for (const handle of [request, headers, copy]) handle[Symbol.dispose]();
  assert.equal(heldBytes(guest.context).held, 0);
});
