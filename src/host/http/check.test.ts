import assert from "node:assert/strict";
import { reasonWith } from "../../shared/text/remedy.ts";
import { test } from "node:test";
import type { NetworkGrant } from "../../policy/grants.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import { checkAddress } from "../net/check.ts";
import { checkUrl } from "./check.ts";

function granted(hosts: readonly string[], everyPublic = false): NetworkGrant {
  return parseGrants({ network: { public: everyPublic, hosts } }, { cwd: "/" }).network;
}

/** Grant, URL, and the rule that allows it, if any. */
const URLS: readonly (readonly [NetworkGrant, string, string | undefined])[] = [
  [granted([]), "http://example.com/", undefined],
  [granted(["example.com"]), "http://example.com/", "example.com"],
  [granted(["example.com"]), "https://EXAMPLE.com./x", "example.com"],
  [granted(["example.com"]), "https://example.com:443/", "example.com"],
  [granted(["example.com"]), "https://example.com:80/", undefined],
  [granted(["example.com"]), "http://example.com:443/", undefined],
  [granted(["example.com"]), "http://example.com:8080/", undefined],
  [granted(["example.com:8080"]), "http://example.com:8080/", "example.com:8080"],
  [granted(["example.com:8080"]), "http://example.com/", undefined],
  [granted(["example.com:443"]), "https://example.com/", "example.com:443"],
  [granted(["example.com"]), "http://a.example.com/", undefined],
  [granted(["example.com"]), "http://evil-example.com/", undefined],
  [granted(["example.com"]), "http://example.com.evil.com/", undefined],
  [granted(["example.com"]), "http://com/", undefined],
  [granted(["example.com"]), "http://example.com../", undefined],
  [granted(["bücher.example"]), "http://xn--bcher-kva.example/", "bücher.example"],
  [granted(["example.com"]), "ftp://example.com/", undefined],
  [granted(["example.com:8080"]), "ftp://example.com:8080/", undefined],
  [granted([], true), "ftp://example.com/", undefined],
  [granted(["example.com"]), "file:///etc/passwd", undefined],
  [granted(["example.com"], true), "data:text/plain,x", undefined],
  [granted(["example.com"]), "http://user@example.com/", undefined],
  [granted(["example.com"]), "http://:password@example.com/", undefined],
  [granted(["example.com"]), "http://example.com@evil.com/", undefined],
  [granted(["example.com"]), "http://evil.com#@example.com/", undefined],
  [granted(["example.com"]), "http://evil.com\\@example.com/", undefined],
  [granted(["localhost:8080"]), "http://localhost:8080/", "localhost:8080"],
  [granted(["localhost:8080"]), "http://LOCALHOST.:8080/", "localhost:8080"],
  [granted(["localhost:8080"]), "http://localhost/", undefined],
  [granted(["localhost"]), "http://127.0.0.1/", undefined],
  [granted(["localhost"]), "http://a.localhost/", undefined],
  [granted(["127.0.0.1"]), "http://127.1/", "127.0.0.1"],
  [granted(["127.0.0.1"]), "http://0x7f.1/", "127.0.0.1"],
  [granted(["127.0.0.1"]), "http://[::ffff:127.0.0.1]/", undefined],
  [granted(["127.0.0.1"]), "http://localhost/", undefined],
  [granted(["127.0.0.1"]), "http://127.0.0.2/", undefined],
  [granted(["[::1]:80"]), "http://[0:0::1]/", "[::1]:80"],
  [granted(["[::ffff:127.0.0.1]"]), "http://[::ffff:7f00:1]/", "[::ffff:127.0.0.1]"],
  [granted([], true), "http://example.com:12345/", "public"],
  [granted([], true), "http://8.8.8.8/", "public"],
  [granted([], true), "http://[2606:4700::1111]/", "public"],
  ...[
    "localhost",
    "localhost.",
    "LocalHost",
    "a.localhost",
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "01200034567",
    "0",
    "10.0.0.1",
    "169.254.169.254",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:8.8.8.8]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::808:808]",
    "[2002:7f00:1::]",
    "[fd00:ec2::254]",
    "１２７.0.0.1",
    "127。0。0。1",
    "$(id)",
    "-a",
  ].map((host) => [granted(["example.com", "10.9.9.9"], true), `http://${host}/`, undefined] as const),
];

for (const [network, url, rule] of URLS) {
  const written = network.allow.map((rule) => rule.written).join(", ");
  test(`${url} under [${written}] is ${rule === undefined ? "denied" : "allowed"}`, () => {
    const decision = checkUrl(network, new URL(url));
    if (rule === undefined) {
      assert.equal(decision.allowed, false);
      assert.ok(!decision.allowed && /^\P{Cc}+$/u.test(decision.reason));
    } else {
      assert.deepEqual(decision, { allowed: true, rule });
    }
  });
}

const reason = (network: NetworkGrant, url: string): string => {
  const decision = checkUrl(network, new URL(url));
  return decision.allowed ? assert.fail() : reasonWith(decision.reason, decision.remedies);
};

test("a denial names the grant that would allow it", () => {
  assert.equal(
    reason(granted(["a.b"]), "https://example.com/x"),
    'example.com:443 is not granted; allow it with grants.network.hosts: ["example.com:443"]',
  );
  assert.equal(
    reason(granted([], true), "http://[::1]/"),
    '[::1]:80 is not public; allow it with grants.network.hosts: ["[::1]:80"]',
  );
  assert.ok(!reason(granted([], true), "http://u:hunter2@example.com/").includes("hunter2"));
});

/** Grant, host, port, address, allowed. */
const ADDRESSES: readonly (readonly [NetworkGrant, string, number, string, boolean])[] = [
  [granted(["example.com"]), "example.com", 80, "8.8.8.8", true],
  [granted(["example.com"]), "example.com", 443, "2606:4700::1111", true],
  [granted(["example.com"]), "example.com", 8080, "8.8.8.8", false],
  [granted(["example.com"]), "other.com", 80, "8.8.8.8", false],
  [granted(["example.com"]), "example.com", 80, "127.0.0.1", false],
  [granted(["example.com"]), "example.com", 80, "::1", false],
  [granted(["example.com"]), "example.com", 80, "169.254.169.254", false],
  [granted(["example.com"]), "example.com", 80, "::ffff:8.8.8.8", false],
  [granted(["example.com"]), "example.com", 80, "not an address", false],
  [granted(["example.com", "10.0.0.1"]), "example.com", 80, "10.0.0.1", false],
  [granted(["localhost:81"]), "localhost", 81, "127.0.0.1", true],
  [granted(["localhost:81"]), "localhost", 81, "127.9.9.9", true],
  [granted(["localhost:81"]), "localhost", 81, "::1", true],
  [granted(["localhost:81"]), "localhost", 82, "127.0.0.1", false],
  [granted(["localhost:81"]), "localhost", 81, "8.8.8.8", false],
  [granted(["localhost:81"]), "localhost", 81, "::ffff:127.0.0.1", false],
  [granted([], true), "localhost", 80, "8.8.8.8", false],
  [granted([], true), "example.com", 1, "8.8.8.8", true],
  [granted([], true), "example.com", 1, "10.0.0.1", false],
  [granted(["10.0.0.1"]), "10.0.0.1", 80, "10.0.0.1", true],
  [granted(["10.0.0.1"]), "10.0.0.1", 80, "10.0.0.2", false],
  [granted(["[::ffff:127.0.0.1]"]), "::ffff:7f00:1", 80, "::ffff:127.0.0.1", true],
  [granted([]), "example.com", 80, "8.8.8.8", false],
];

for (const [network, host, port, address, allowed] of ADDRESSES) {
  const written = network.allow.map((rule) => rule.written).join(", ");
  test(`${host}:${port} at ${address} under [${written}] is ${allowed ? "allowed" : "denied"}`, () => {
    const scheme = port === 443 ? "https" : "http";
    assert.equal(checkAddress(network, { scheme, host, port, address }).allowed, allowed);
  });
}
