import assert from "node:assert/strict";
import { test } from "node:test";
import { Guest } from "../guest-harness.test.ts";
import { timeoutMs } from "./request-options.ts";

const guest = new Guest();
const set = (part: string, value: unknown): string =>
  guest.types(
    `[method]outgoing-request.set-${part}`,
    guest.must("[constructor]outgoing-request", guest.fields()),
    value,
  ).tag;

test("methods are tokens", () => {
  for (const val of ["", "GET ", "G T", "GET\r\nX: 1", "GÉT", "G:T", "A".repeat(65)]) {
    assert.equal(set("method", { tag: "other", val }), "err", JSON.stringify(val));
  }
  const request = guest.must("[constructor]outgoing-request", guest.fields());
  assert.deepEqual(guest.value("[method]outgoing-request.method", request), { tag: "get" });
  guest.must("[method]outgoing-request.set-method", request, { tag: "other", val: "PUT" });
  assert.deepEqual(guest.value("[method]outgoing-request.method", request), { tag: "put" });
  guest.must("[method]outgoing-request.set-method", request, { tag: "other", val: "put" });
  assert.deepEqual(guest.value("[method]outgoing-request.method", request), { tag: "other", val: "put" });
});

test("a path with query is in origin form", () => {
  for (const path of ["", "/", "/a/b?c=d&e", "?a", "//a", "/a//b/../c", "/%00", "/?q=a:b@c"]) {
    assert.equal(set("path-with-query", path), "ok", path);
  }
  assert.equal(set("path-with-query", undefined), "ok");
  // prettier-ignore
  for (const path of [
    "a", "*", "http://a.example/", "HTTP://a.example/", "a.example:80", "/a b", "/a\r\nHost: b", "/\0", "/a#b", "#", " /",
    "/\u007f", "/é", "\\a", `/${"a".repeat(8_192)}`,
  ]) {
    assert.equal(set("path-with-query", path), "err", JSON.stringify(path));
  }
});

test("an authority is a host with an optional port", () => {
  for (const authority of ["a.example", "A.EXAMPLE:1", "127.0.0.1:65535", "[::1]", "[::1]:80", "localhost.", "127.1"]) {
    assert.equal(set("authority", authority), "ok", authority);
  }
  assert.equal(set("authority", undefined), "ok");
  // prettier-ignore
  for (const authority of [
    "", "user@a.example", "user:pass@a.example", "@a.example", "a.example@", "a.example:", "a.example:0", "a.example:65536",
    "a.example:80:80", "a.example:+1", "a.example/", "a.example?x", "a.example#x", "a b", "a\r\nb", "a\0", "::1", "[::1", "[::1%lo]",
    "[1.2.3.4]", "a%2eexample", "é.example", "a\\b", "a..b", ":80", "x".repeat(1_001),
  ]) {
    assert.equal(set("authority", authority), "err", JSON.stringify(authority));
  }
});

test("a scheme is a scheme, whether or not it is served", () => {
  for (const val of ["ftp", "HTTP", "a+b-c.1"]) assert.equal(set("scheme", { tag: "other", val }), "ok", val);
  for (const val of ["", "1a", "http:", "a b", "a/b", "\r\n", "a".repeat(65)]) {
    assert.equal(set("scheme", { tag: "other", val }), "err", JSON.stringify(val));
  }
  const request = guest.must("[constructor]outgoing-request", guest.fields());
  assert.equal(guest.value("[method]outgoing-request.scheme", request), undefined);
  guest.must("[method]outgoing-request.set-scheme", request, { tag: "other", val: "HTTPs" });
  assert.deepEqual(guest.value("[method]outgoing-request.scheme", request), { tag: "HTTPS" });
});

test("timeouts are rounded up to a millisecond and cut to the limit", () => {
  assert.deepEqual(
    [undefined, 0n, 1n, 1_000_000n, 1_000_001n, 99_000_000n, 2n ** 64n - 1n].map((asked) => timeoutMs(asked, 50)),
    [50, 1, 1, 1, 2, 50, 50],
  );
  const options = guest.options({ "connect-timeout": 5n });
  assert.equal(guest.value("[method]request-options.connect-timeout", options), 5n);
  assert.equal(guest.value("[method]request-options.first-byte-timeout", options), undefined);
  assert.equal(guest.value("[method]request-options.between-bytes-timeout", options), undefined);
});
