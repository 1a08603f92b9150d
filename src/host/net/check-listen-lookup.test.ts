import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import { checkListen, checkLookup } from "./check.ts";

/** Rules, protocol, address, port, whether it is allowed. */
const LISTENING: readonly (readonly [readonly string[], "tcp" | "udp", string, number, boolean])[] = [
  [[], "tcp", "127.0.0.1", 8080, false],
  [["tcp://127.0.0.1:8080"], "tcp", "127.0.0.1", 8080, true],
  [["tcp://127.0.0.1:8080"], "udp", "127.0.0.1", 8080, false],
  [["tcp://127.0.0.1:8080"], "tcp", "127.0.0.2", 8080, false],
  [["tcp://127.0.0.1:8080"], "tcp", "0.0.0.0", 8080, false],
  [["tcp://127.0.0.1:8080"], "tcp", "::", 8080, false],
  [["tcp://127.0.0.1:8080"], "tcp", "127.0.0.1", 0, false],
  [["127.0.0.1:8080"], "udp", "127.0.0.1", 8080, true],
  [["127.0.0.1:0"], "tcp", "127.0.0.1", 0, true],
  [["127.0.0.1:0"], "tcp", "127.0.0.1", 8080, false],
  [["127.0.0.1:8000-8010"], "tcp", "127.0.0.1", 8010, true],
  [["127.0.0.1:8000-8010"], "tcp", "127.0.0.1", 8011, false],
  [["127.0.0.1:*"], "tcp", "127.0.0.1", 0, true],
  [["localhost:1-9"], "tcp", "::1", 9, true],
  [["localhost:1-9"], "tcp", "127.9.9.9", 9, true],
  [["localhost:1-9"], "tcp", "0.0.0.0", 9, false],
  [["0.0.0.0:80"], "tcp", "0.0.0.0", 80, true],
  [["0.0.0.0:80"], "tcp", "10.0.0.1", 80, true],
  [["0.0.0.0:80"], "tcp", "::", 80, false],
  [["0.0.0.0/8:80"], "tcp", "10.0.0.1", 80, false],
  [["[::]:80"], "tcp", "::", 80, true],
  [["[::]:80"], "tcp", "0.0.0.0", 80, false],
  [["[::]:80"], "tcp", "::ffff:0.0.0.0", 80, false],
  [["10.0.0.0/8:80"], "tcp", "10.1.1.1", 80, true],
  [["*:80"], "tcp", "0.0.0.0", 80, true],
  [["*:80"], "tcp", "::1", 80, true],
  [["*:80"], "tcp", "127.1", 80, false],
];

for (const [listen, scheme, address, port, allowed] of LISTENING) {
  test(`listening on ${scheme}://${address}:${port} under [${listen.join(" ")}] is ${allowed ? "allowed" : "refused"}`, () => {
    const { listen: rules } = parseGrants({ listen }, { cwd: "/" });
    assert.equal(checkListen(rules, { scheme, address, port }).allowed, allowed);
  });
}

/** Rules, name, whether it is allowed. */
const LOOKUPS: readonly (readonly [readonly string[], string, boolean])[] = [
  [[], "example.com", false],
  [[], "localhost", false],
  [["example.com"], "example.com", true],
  [["example.com"], "EXAMPLE.com.", true],
  [["example.com"], "a.example.com", false],
  [["example.com"], "exfiltrated-data.example.org", false],
  [["*.example.com"], "a.b.example.com", true],
  [["*.example.com"], "example.com", false],
  [["*.example.com"], "evil-example.com", false],
  [["*"], "anything.example", true],
  [["*"], "localhost", true],
  [["localhost"], "localhost", true],
  [["localhost"], "example.com", false],
  [["*"], "", false],
  [["*"], "a..b", false],
  [["*"], "a b", false],
  [["*"], "a@b", false],
  [["*"], "a\0.example", false],
  // An address asks nobody anything.
  [[], "127.0.0.1", true],
  [[], "::1", true],
];

for (const [lookup, name, allowed] of LOOKUPS) {
  test(`looking up ${JSON.stringify(name)} under [${lookup.join(" ")}] is ${allowed ? "allowed" : "refused"}`, () => {
    assert.equal(checkLookup(parseGrants({ lookup }, { cwd: "/" }).lookup, name).allowed, allowed);
  });
}

test("names that raw sockets may reach can be looked up, others not", () => {
  const { lookup } = parseGrants(
    { network: { allow: ["tcp://db.example.com:5432", "https://api.example.com", "web.example.com", "*:443"] } },
    { cwd: "/" },
  );
  assert.equal(checkLookup(lookup, "db.example.com").allowed, true);
  for (const name of ["api.example.com", "web.example.com", "other.example.com"]) {
    assert.equal(checkLookup(lookup, name).allowed, false, name);
  }
  assert.equal(checkLookup(parseGrants({ network: "full" }, { cwd: "/" }).lookup, "x.example").allowed, true);
});

test("a refusal says what would allow it", () => {
  const listen = checkListen([], { scheme: "udp", address: "0.0.0.0", port: 53 });
  assert.deepEqual(listen.allowed ? undefined : listen.remedies, [
    { setting: "grants.listen", value: "udp://0.0.0.0:53" },
  ]);
  const lookup = checkLookup([], "Example.com.");
  assert.deepEqual(lookup.allowed ? undefined : lookup.remedies, [{ setting: "grants.lookup", value: "example.com" }]);
});
