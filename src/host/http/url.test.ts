import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHttpUrl, rawUrlResource, urlResource } from "./url.ts";

test("spaces and control characters are refused instead of dropped", () => {
  for (const text of [
    "http://a/\r\nHost: b",
    "http://a/ x",
    "ht\ttp://a/",
    "http://a\n.b/",
    " http://a/",
    "http://a/\0",
    "http://a/\u0085",
  ]) {
    assert.equal(parseHttpUrl(text).ok, false, JSON.stringify(text));
  }
});

test("what is no URL, and what is too long", () => {
  for (const text of [
    "",
    "a",
    "//a/",
    "http://",
    "http://[::1",
    "http://a:99999/",
    "http://1.2.3.256/",
    `http://a/${"x".repeat(8_192)}`,
  ]) {
    assert.equal(parseHttpUrl(text).ok, false, text.slice(0, 30));
  }
});

test("one trailing dot of the host is dropped", () => {
  const parsed = parseHttpUrl("http://example.com.:8080/x.?y#z");
  assert.equal(parsed.ok && parsed.url.href, "http://example.com:8080/x.?y#z");
});

test("no resource carries a user name or a password", () => {
  assert.equal(urlResource(new URL("http://user:hunter2@a/x@y")), "http://a/x@y");
  assert.equal(urlResource(new URL(`http://a/${"x".repeat(5_000)}`)).length, 4_096);
  for (const text of [
    "http://user:hunter2@[::1",
    "//user:hunter2@a b",
    "user:hunter2@a b",
    "http:\\\\user:hunter2@a b",
  ]) {
    assert.ok(!rawUrlResource(text).includes("hunter2"), text);
  }
  assert.equal(rawUrlResource("x".repeat(1_000_000)).length, 4_096);
});
