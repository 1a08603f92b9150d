import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_LIMITS } from "../../shared/limits/limits.ts";
import { refusalOf } from "./refused-request.ts";

function refused(url: string, fields: readonly (readonly [string, string])[]): number | undefined {
  const headers = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
  return refusalOf({ url, headers, rawHeaders: fields.flat() }, DEFAULT_LIMITS);
}

test("a request is refused for too many fields, two hosts, a target that is no path, and a body that is too large", () => {
  const many = Array.from({ length: 1_025 }, (): readonly [string, string] => ["x", ""]);
  assert.equal(refused("/", many), 431);
  assert.equal(refused("/", many.slice(1)), undefined);
  assert.equal(
    refused("/", [
      ["Host", "a"],
      ["HOST", "a"],
    ]),
    400,
  );
  for (const target of [
    "",
    "a",
    "https://a/",
    "http://",
    "http://a@b/",
    "http://a/ b",
    "/ ",
    "/\u007f",
    "/\u0080",
    "/\n",
    "**",
  ])
    assert.equal(refused(target, []), 400);
  for (const target of ["/", "//a", "/a?b#c", "*", "http://a", "HTTP://a:1/b?c", "http://[::1]?x"])
    assert.equal(refused(target, []), undefined);
  const { maxRequestBodyBytes } = DEFAULT_LIMITS;
  assert.equal(refused("/", [["content-length", String(maxRequestBodyBytes)]]), undefined);
  assert.equal(refused("/", [["content-length", String(maxRequestBodyBytes + 1)]]), 413);
});
