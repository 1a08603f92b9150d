import assert from "node:assert/strict";
import { test } from "node:test";
import type { Grants } from "../../policy/grants.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import type { NetworkInput } from "../../policy/parsing/parse-network.ts";
import { checkAddress, checkSocketAddress, checkTarget, grantsHttp, namesHost } from "./check.ts";

function grants(network: NetworkInput): Grants["network"] {
  return parseGrants({ network }, { cwd: "/" }).network;
}

/** The rule that allows a URL-like `http://host[:port]`, or `undefined`. */
function ruleFor(network: NetworkInput, url: string): string | undefined {
  const [, scheme, host = "", port] = /^(https?):\/\/(.*?)(?::([0-9]+))?$/.exec(url) ?? [];
  assert.ok(scheme === "http" || scheme === "https", url);
  const decision = checkTarget(grants(network), { scheme, host, port: Number(port ?? (scheme === "http" ? 80 : 443)) });
  if (!decision.allowed) assert.ok(/^\P{Cc}+$/u.test(decision.reason) && decision.reason.length < 300, decision.reason);
  return decision.allowed ? decision.rule : undefined;
}

/** Rules, URL, the rule that allows it. */
const TARGETS: readonly (readonly [readonly string[], string, string | undefined])[] = [
  // Wildcards cover what is below the suffix, at any depth, and nothing beside it.
  [["https://*.example.com"], "https://a.example.com", "https://*.example.com"],
  [["https://*.example.com"], "https://a.b.example.com", "https://*.example.com"],
  [["https://*.example.com"], "https://A.EXAMPLE.COM.", "https://*.example.com"],
  [["https://*.example.com"], "https://example.com", undefined],
  [["https://*.example.com"], "https://evil-example.com", undefined],
  [["https://*.example.com"], "https://a.example.com.evil.com", undefined],
  [["https://*.example.com"], "https://.example.com", undefined],
  [["https://*.example.com"], "https://a.example.com..", undefined],
  [["https://*.example.com"], "http://a.example.com", undefined],
  [["https://*.example.com"], "https://a.example.com:8443", undefined],
  [["https://*.example.com"], "https://example.com@a.example.org", undefined],
  [["https://*.example.com"], "https://a.example.org#.example.com", undefined],
  [["https://*.example.com"], "https://a.example.org/.example.com", undefined],
  [["https://*.example.com"], "https://a.example.org\\.example.com", undefined],
  [["https://*.example.com"], "https://a.example.org?.example.com", undefined],
  [["https://*.example.com"], "https://a.example.org%2f.example.com", undefined],
  // Schemes and ports.
  [["http://example.com"], "http://example.com", "http://example.com"],
  [["http://example.com"], "http://example.com:443", undefined],
  [["http://example.com"], "https://example.com", undefined],
  [["example.com"], "https://example.com", "example.com"],
  [["example.com"], "https://example.com:80", undefined],
  [["tcp://example.com:443"], "https://example.com", undefined],
  [["example.com:8000-8010,9000"], "http://example.com:8000", "example.com:8000-8010,9000"],
  [["example.com:8000-8010,9000"], "http://example.com:8010", "example.com:8000-8010,9000"],
  [["example.com:8000-8010,9000"], "http://example.com:9000", "example.com:8000-8010,9000"],
  [["example.com:8000-8010,9000"], "http://example.com:7999", undefined],
  [["example.com:8000-8010,9000"], "http://example.com:8011", undefined],
  [["example.com:8000-8010,9000"], "http://example.com", undefined],
  // Blocks, and loopback.
  [["10.0.0.0/8:*"], "http://10.255.0.1:81", "10.0.0.0/8:*"],
  [["10.0.0.0/8:*"], "http://11.0.0.0:81", undefined],
  [["10.0.0.0/8:*"], "http://[::ffff:10.0.0.1]:81", undefined],
  [["10.0.0.0/8:*"], "http://internal.example:81", undefined],
  [["[2001:db8::]/32"], "http://[2001:db8:ffff::1]", "[2001:db8::]/32"],
  [["[2001:db8::]/32"], "http://[2001:db9::]", undefined],
  [["[::]/0"], "http://[::1]", "[::]/0"],
  [["[::]/0"], "http://[::ffff:127.0.0.1]", undefined],
  [["[::]/0"], "http://[64:ff9b::7f00:1]", undefined],
  [["[::]/0"], "http://[2002:7f00:1::]", undefined],
  [["[::ffff:0:0]/96"], "http://[::ffff:127.0.0.1]", "[::ffff:0:0]/96"],
  [["0.0.0.0/0"], "http://[::1]", undefined],
  [["localhost"], "http://localhost", "localhost"],
  [["localhost"], "http://127.0.0.1", "localhost"],
  [["localhost"], "http://[::1]", "localhost"],
  [["localhost"], "http://a.localhost", undefined],
  [["localhost"], "http://0.0.0.0", undefined],
  [["localhost"], "http://[::]", undefined],
  [["localhost"], "http://[::ffff:127.0.0.1]", undefined],
  [["any"], "http://10.0.0.1:22", "any"],
  [["any"], "http://localhost", "any"],
  // What no rule about names or public addresses covers, however it is written.
  ...[
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "01200034567",
    "017700000001",
    "2130706433",
    "１２７.0.0.1",
    "127。0。0。1",
    "127.0.0.1.",
    "0",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:8.8.8.8]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::5efe:7f00:1]",
    "[fe80::1%eth0]",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "a.localhost",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "user@example.com",
    "example.com:80@127.0.0.1",
    "example.com#",
    "",
    ".",
    "a..b",
    "a b",
    "[",
    "]",
    "[example.com]",
    "$(id)",
    "a".repeat(64),
    "a.".repeat(2_000),
  ].map((host) => [["*", "*.example.com", "example.com", "10.9.9.9"], `http://${host}`, undefined] as const),
  [["*"], "http://8.8.8.8:12345", "*"],
  [["*"], "http://8.8.8.8.", "*"],
  [["*"], "http://134744072", "*"],
  [["*"], "http://[2606:4700::1111]", "*"],
];

for (const [allow, url, rule] of TARGETS) {
  test(`${url.slice(0, 60)} under [${allow.join(" ")}] is ${rule === undefined ? "refused" : "allowed"}`, () => {
    assert.equal(ruleFor({ allow }, url), rule);
  });
}

test("the one-word forms", () => {
  assert.equal(ruleFor("none", "http://example.com"), undefined);
  assert.equal(ruleFor("loopback", "http://localhost:8080"), "loopback");
  assert.equal(ruleFor("loopback", "http://127.0.0.1:8080"), "loopback");
  assert.equal(ruleFor("loopback", "http://example.com"), undefined);
  assert.equal(ruleFor("full", "http://10.0.0.1:22"), "full");
  assert.equal(
    ruleFor({ hosts: [{ host: "a.b", ports: ["8000-8010"], secure: true }] }, "https://a.b:8001"),
    "https://a.b:8000-8010",
  );
  assert.equal(ruleFor({ hosts: [{ host: "a.b", ports: ["8000-8010"], secure: true }] }, "http://a.b:8001"), undefined);
  assert.equal(ruleFor({ hosts: [{ host: "a.b", secure: true }] }, "https://a.b"), "https://a.b");
  assert.equal(ruleFor({ hosts: [{ host: "a.b", secure: true }] }, "http://a.b"), undefined);
  assert.equal(ruleFor({ ports: [443, { start: 8000, end: 8010 }] }, "http://example.com:8005"), "*:443,8000-8010");
  assert.equal(ruleFor({ ports: [443] }, "http://example.com"), undefined);
  assert.equal(ruleFor({ ports: [80] }, "http://10.0.0.1"), undefined);
});

test("a denial wins over every permission", () => {
  const network = {
    allow: ["any", "example.com"],
    deny: ["*.evil.example", "https://example.com", "10.0.0.0/8", "localhost", "*:25"],
  };
  for (const [url, rule] of [
    ["http://example.com", "any"],
    ["https://example.com", undefined],
    ["https://example.com:8443", undefined],
    ["https://EXAMPLE.com.", undefined],
    ["http://a.evil.example", undefined],
    ["http://evil.example", "any"],
    ["http://10.1.2.3:8080", undefined],
    ["http://[::ffff:10.1.2.3]", undefined],
    ["http://[64:ff9b::a01:203]", undefined],
    ["http://[64:ff9b:1::a01:203]", undefined],
    ["http://[2002:a01:203::]", undefined],
    ["http://[2001:0:808:808::f5fe:fdfc]", undefined],
    ["http://[2606:4700::5efe:a01:203]", undefined],
    ["http://11.0.0.1", "any"],
    ["http://localhost", undefined],
    ["http://a.localhost", undefined],
    ["http://127.9.9.9", undefined],
    ["http://127.1", undefined],
    ["http://0.0.0.0", undefined],
    ["http://[::]", undefined],
    ["http://[::1]", undefined],
    ["http://[::ffff:0.0.0.0]", undefined],
    ["http://8.8.8.8:25", undefined],
    ["http://192.168.0.1:25", "any"],
  ] as const) {
    assert.equal(ruleFor(network, url), rule, url);
  }
  const network2 = grants(network);
  const at = (host: string, address: string): boolean =>
    checkAddress(network2, { scheme: "http", host, port: 80, address }).allowed;
  assert.equal(at("fine.example", "8.8.8.8"), true);
  for (const address of ["10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "127.0.0.1", "0.0.0.0", "not an address"]) {
    assert.equal(at("fine.example", address), false, address);
  }
  const reason = checkTarget(network2, { scheme: "https", host: "example.com", port: 443 });
  assert.deepEqual(reason, {
    allowed: false,
    reason: "example.com:443 is denied by the rule https://example.com",
    rule: "https://example.com",
  });
});

test("a name that is granted leads to public addresses alone, whatever rule covers it", () => {
  for (const allow of [["example.com"], ["*.com"], ["*"], ["example.com", "10.0.0.1", "127.0.0.0/8"]]) {
    const at = (address: string): boolean =>
      checkAddress(grants({ allow }), { scheme: "http", host: "example.com", port: 80, address }).allowed;
    assert.equal(at("8.8.8.8"), true);
    assert.equal(at("2606:4700::1111"), true);
    for (const address of ["127.0.0.1", "10.0.0.1", "::1", "::ffff:8.8.8.8", "169.254.169.254", "0.0.0.0", "", "x"]) {
      assert.equal(at(address), false, `${allow.join()} ${address}`);
    }
  }
  const localhost = grants({ allow: ["localhost", "*"] });
  const of = (host: string, address: string): boolean =>
    checkAddress(localhost, { scheme: "http", host, port: 80, address }).allowed;
  assert.equal(of("localhost", "127.0.0.1"), true);
  assert.equal(of("localhost", "8.8.8.8"), false);
  // An address is reached as itself or not at all.
  assert.equal(of("8.8.8.8", "8.8.8.8"), true);
  assert.equal(of("8.8.8.8", "8.8.4.4"), false);
  assert.equal(of("127.0.0.1", "127.0.0.2"), false);
});

/** Rules, protocol, address, port, names that led there, whether it is allowed. */
const SOCKETS: readonly (readonly [readonly string[], "tcp" | "udp", string, number, readonly string[], boolean])[] = [
  [[], "tcp", "8.8.8.8", 53, [], false],
  [["tcp://8.8.8.8:53"], "tcp", "8.8.8.8", 53, [], true],
  [["tcp://8.8.8.8:53"], "udp", "8.8.8.8", 53, [], false],
  [["tcp://8.8.8.8:53"], "tcp", "8.8.8.8", 54, [], false],
  [["tcp://8.8.8.8:53"], "tcp", "8.8.4.4", 53, [], false],
  [["udp://*:53"], "udp", "8.8.8.8", 53, [], true],
  [["udp://*:53"], "udp", "10.0.0.1", 53, [], false],
  [["*"], "tcp", "169.254.169.254", 80, [], false],
  [["*"], "tcp", "::ffff:8.8.8.8", 80, [], false],
  [["any"], "tcp", "169.254.169.254", 80, [], true],
  [["any"], "tcp", "no address", 80, [], false],
  [["any"], "tcp", "127.1", 80, [], false],
  [["localhost:*"], "tcp", "127.0.0.1", 8080, [], true],
  [["localhost:*"], "tcp", "::1", 8080, [], true],
  [["localhost:*"], "tcp", "0.0.0.0", 8080, [], false],
  [["localhost:*"], "tcp", "::", 8080, [], false],
  [["localhost:*"], "tcp", "::ffff:127.0.0.1", 8080, [], false],
  [["10.0.0.0/8:1-1024"], "tcp", "10.1.2.3", 1024, [], true],
  [["10.0.0.0/8:1-1024"], "tcp", "10.1.2.3", 1025, [], false],
  // A rule without ports is about the default ports of HTTP, which no raw socket has.
  [["8.8.8.8"], "tcp", "8.8.8.8", 80, [], false],
  [["https://8.8.8.8"], "tcp", "8.8.8.8", 443, [], false],
  [["http://*"], "tcp", "8.8.8.8", 80, [], false],
  // Names count for the addresses they led to.
  [["tcp://db.example.com:5432"], "tcp", "8.8.8.8", 5432, [], false],
  [["tcp://db.example.com:5432"], "tcp", "8.8.8.8", 5432, ["db.example.com"], true],
  [["tcp://db.example.com:5432"], "tcp", "8.8.8.8", 5432, ["other.example.com"], false],
  [["tcp://db.example.com:5432"], "tcp", "10.0.0.1", 5432, ["db.example.com"], false],
  [["tcp://*.example.com:5432"], "tcp", "8.8.8.8", 5432, ["db.example.com"], true],
  [["tcp://*.example.com:5432"], "tcp", "8.8.8.8", 5432, ["example.com"], false],
  [["tcp://localhost:1"], "tcp", "8.8.8.8", 1, ["localhost"], false],
];

for (const [allow, scheme, address, port, names, allowed] of SOCKETS) {
  test(`${scheme}://${address}:${port} (${names.join()}) under [${allow.join(" ")}] is ${allowed ? "allowed" : "refused"}`, () => {
    const decision = checkSocketAddress(grants({ allow }), { scheme, address, port, names });
    assert.equal(decision.allowed, allowed);
  });
}

test("raw sockets: denials win, also by the names that led there", () => {
  const network = grants({ allow: ["any"], deny: ["tcp://*:22", "evil.example", "169.254.0.0/16"] });
  const to = (scheme: "tcp" | "udp", address: string, port: number, names?: readonly string[]): boolean =>
    checkSocketAddress(network, { scheme, address, port, ...(names === undefined ? {} : { names }) }).allowed;
  assert.equal(to("tcp", "8.8.8.8", 80), true);
  assert.equal(to("tcp", "8.8.8.8", 22), false);
  assert.equal(to("udp", "8.8.8.8", 22), true);
  assert.equal(to("tcp", "10.0.0.1", 22), true);
  assert.equal(to("tcp", "8.8.8.8", 80, ["fine.example", "evil.example"]), false);
  assert.equal(to("udp", "169.254.169.254", 80), false);
  assert.equal(to("udp", "::ffff:169.254.169.254", 80), false);
  assert.equal(to("udp", "64:ff9b::a9fe:a9fe", 80), false);
});

test("what --allow-network and public grant is HTTP, no raw socket", () => {
  const network = grants({ public: true, hosts: ["8.8.8.8:53", "localhost:80"] });
  for (const scheme of ["tcp", "udp"] as const) {
    for (const [address, port] of [
      ["8.8.8.8", 53],
      ["127.0.0.1", 80],
      ["1.1.1.1", 443],
    ] as const) {
      assert.equal(checkSocketAddress(network, { scheme, address, port }).allowed, false);
    }
  }
});

test("a refusal says what would allow it", () => {
  const socket = checkSocketAddress(grants("none"), { scheme: "tcp", address: "2001:DB8::1", port: 5432 });
  assert.deepEqual(socket, {
    allowed: false,
    reason: "tcp://[2001:db8::1]:5432 is not granted",
    remedies: [{ setting: "grants.network.allow", value: "tcp://[2001:db8::1]:5432" }],
  });
});

test("grantsHttp and namesHost", () => {
  assert.equal(grantsHttp(grants("none")), false);
  assert.equal(grantsHttp(grants({ allow: ["tcp://a.b:1"] })), false);
  assert.equal(grantsHttp(grants({ hosts: ["a.b"] })), true);
  const network = grants({ allow: ["a.example", "*.b.example", "10.0.0.0/8", "localhost", "*"] });
  for (const host of ["a.example", "A.example.", "10.1.1.1", "localhost"]) assert.ok(namesHost(network, host), host);
  for (const host of ["x.b.example", "c.example", "8.8.8.8", "a b", ""]) assert.ok(!namesHost(network, host), host);
});
