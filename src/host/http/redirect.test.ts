import assert from "node:assert/strict";
import { test } from "node:test";
import { redirectOf } from "./redirect.ts";

const url = new URL("https://a.example/x/y");

for (const [method, status, location, expected] of [
  ["GET", 200, "/z", "final"],
  ["GET", 300, "/z", "final"],
  ["GET", 304, "/z", "final"],
  ["GET", 302, undefined, "final"],
  ["GET", 301, "/z", "GET https://a.example/z"],
  ["GET", 302, "z", "GET https://a.example/x/z"],
  ["GET", 303, "//b.example", "GET https://b.example/"],
  ["GET", 307, "http://b.example/", "GET http://b.example/"],
  ["GET", 308, "?q", "GET https://a.example/x/y?q"],
  ["POST", 301, "/z", "GET https://a.example/z"],
  ["POST", 302, "https://b.example/", "GET https://b.example/"],
  ["POST", 303, "/z", "GET https://a.example/z"],
  ["POST", 307, "/z", "POST https://a.example/z body"],
  ["POST", 308, "/z", "POST https://a.example/z body"],
  ["POST", 307, "https://b.example/", "refused"],
  ["POST", 308, "http://a.example/z", "refused"],
  ["POST", 308, "https://a.example:8443/z", "refused"],
  ["GET", 302, "http://", "refused"],
  ["GET", 302, "/a b", "refused"],
] as const) {
  test(`${method}, ${status} to ${location ?? "nowhere"}: ${expected}`, () => {
    const redirect = redirectOf(method === "GET" ? { method, url } : { method, url, body: "body" }, status, location);
    if (redirect.kind !== "follow") return assert.equal(redirect.kind, expected);
    const { request } = redirect;
    const text = [request.method, request.url.href, ...(request.body === undefined ? [] : [request.body])].join(" ");
    assert.equal(text, expected);
  });
}
