import assert from "node:assert/strict";
import { test } from "node:test";
import { camelCase, upperCamelCase } from "./naming.ts";

// What jco made of these names, read from its output.
const NAMES: readonly (readonly [wit: string, camel: string, upper: string])[] = [
  ["x", "x", "X"],
  ["http-get", "httpGet", "HttpGet"],
  ["URL-get", "urlGet", "UrlGet"],
  ["get-URL2", "getUrl2", "GetUrl2"],
  ["a-b-c1", "aBC1", "ABC1"],
  ["a-1b", "a1b", "A1b"],
  ["HTTP3-get-x1y2-Z", "http3GetX1y2Z", "Http3GetX1y2Z"],
  ["my-URL-thing", "myUrlThing", "MyUrlThing"],
  ["l-f64", "lF64", "LF64"],
  ["delete", "delete", "Delete"],
  ["to-string", "toString", "ToString"],
];

for (const [wit, camel, upper] of NAMES) {
  test(`${wit} is ${camel} or ${upper}`, () => {
    assert.equal(camelCase(wit), camel);
    assert.equal(upperCamelCase(wit), upper);
  });
}

test("names that no valid component has still have keys without separators", () => {
  assert.equal(camelCase("__proto__"), "proto");
  assert.equal(camelCase("fooBar-XMLHttp"), "fooBarXmlHttp");
  assert.equal(camelCase("--"), "");
});
