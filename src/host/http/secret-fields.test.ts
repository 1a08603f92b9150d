import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpSecret } from "../../policy/grants.ts";
import { parseSecrets } from "../../policy/parsing/parse-secrets.ts";
import type { Problems } from "../../policy/problems.ts";
import { secretFields, withSecretFields } from "./secret-fields.ts";
import type { Target } from "../net/check.ts";

function secretFor(host: string): readonly HttpSecret[] {
  const problems: Problems = [];
  const rules = parseSecrets([{ key: "TOKEN", host, header: "Authorization" }], problems);
  assert.deepEqual(problems, []);
  return rules.map((rule) => ({ ...rule, value: "s3cret" }));
}

function goesTo(host: string, target: Target, method: string = "GET"): boolean {
  return secretFields(secretFor(host), target, method).get("authorization") === "s3cret";
}

const https = (host: string, port = 443): Target => ({ scheme: "https", host, port });
const http = (host: string, port = 80): Target => ({ scheme: "http", host, port });

test("a secret goes to its host, port and scheme, and nowhere else", () => {
  for (const written of [
    "api.example.com",
    "https://api.example.com",
    "https://API.example.com/",
    "api.example.com.",
  ]) {
    assert.ok(goesTo(written, https("api.example.com")), written);
    assert.ok(goesTo(written, https("API.EXAMPLE.COM.")), written);
    for (const other of [
      http("api.example.com"),
      http("api.example.com", 443),
      https("api.example.com", 8443),
      https("example.com"),
      https("x.api.example.com"),
      https("api.example.com.evil.example"),
      https("api.example.com@evil.example"),
      https("evil.example"),
      https("203.0.113.7"),
      https(""),
    ]) {
      assert.ok(!goesTo(written, other), `${written} -> ${other.scheme}://${other.host}:${other.port}`);
    }
  }
  assert.ok(goesTo("api.example.com:8443", https("api.example.com", 8443)));
  assert.ok(!goesTo("api.example.com:8443", https("api.example.com")));
  // Plain HTTP only where it was asked for, or does not leave the machine.
  assert.ok(goesTo("http://api.example.com", http("api.example.com")));
  assert.ok(!goesTo("http://api.example.com", https("api.example.com")));
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    const bare = host.replaceAll(/[[\]]/g, "");
    assert.ok(goesTo(`${host}:8080`, http(bare, 8080)) && goesTo(`${host}:8080`, https(bare, 8080)), host);
  }
  assert.ok(goesTo("127.0.0.1", http("0x7f.1")), "the same address in another spelling");
  assert.ok(!goesTo("localhost", http("127.0.0.1")));
  assert.ok(!goesTo("10.0.0.1", http("10.0.0.1")));
});

test("no method whose answer repeats the request gets it", () => {
  const target: Target = { scheme: "https", host: "api.example.com", port: 443 };
  for (const method of ["TRACE", "trace", "TRACK"]) assert.ok(!goesTo("api.example.com", target, method), method);
});

test("a field of the guest's by the same name is left out, whatever its letter case", () => {
  const fields = new Map([["authorization", "s3cret"]]);
  assert.deepEqual(withSecretFields(["AUTHORIZATION", "mine", "x", "1", "authorization", "too"], fields), [
    "x",
    "1",
    "authorization",
    "s3cret",
  ]);
  assert.deepEqual(withSecretFields(["Authorization", "mine"], new Map()), ["Authorization", "mine"]);
});

test("what a secret is written as, and is not", () => {
  const rows: readonly (readonly [RegExp, object])[] = [
    [/wildcards are not supported/, { key: "K", host: "*.example.com", header: "a" }],
    [/it has a path/, { key: "K", host: "https://example.com/x", header: "a" }],
    [/it has a scheme/, { key: "K", host: "ftp://example.com", header: "a" }],
    [/it has a user name/, { key: "K", host: "u@example.com", header: "a" }],
    [/"Host" is for the host to set/, { key: "K", host: "example.com", header: "Host" }],
    [/"Content-Length" is for the host to set/, { key: "K", host: "example.com", header: "Content-Length" }],
    [/"proxy-authorization" is for the host to set/, { key: "K", host: "example.com", header: "proxy-authorization" }],
    [/"a: b" is no name of a header/, { key: "K", host: "example.com", header: "a: b" }],
    [/"a b" is no name of a secret/, { key: "a b", host: "example.com", header: "a" }],
    [/secrets\[0\].key: expected a string, found undefined/, { host: "example.com", header: "a" }],
    [/unknown key "value"; the keys are/, { key: "K", host: "example.com", header: "a", value: "x" }],
  ];
  for (const [message, secret] of rows) {
    const problems: Problems = [];
    assert.deepEqual(parseSecrets([secret], problems), []);
    assert.match(problems.join("; "), message);
  }
  const problems: Problems = [];
  const twice = { key: "K", host: "example.com", header: "Authorization" };
  parseSecrets([twice, { ...twice, key: "L", header: "authorization" }], problems);
  assert.match(problems.join(), /another secret goes into the same header for the same host/);
});
