import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anyUrl } from "../../test/support/any-text.ts";
import type { NetworkRule } from "./grants.ts";
import { parseNetworkRule } from "./network-rule.ts";

const EVERY = ["http", "https", "tcp", "udp"];
const ALL_PORTS = [{ start: 0, end: 65_535 }];

function allowed(written: string): NetworkRule {
  const parsed = parseNetworkRule(written, "allow");
  return parsed.ok ? parsed.rule : assert.fail(`${written}: ${parsed.problem}`);
}

/** What was written, schemes, target, ports. */
const RULES: readonly (readonly [string, readonly string[], NetworkRule["target"], NetworkRule["ports"]])[] = [
  ["https://api.example.com", ["https"], { kind: "name", name: "api.example.com" }, undefined],
  ["HTTPS://API.Example.COM.", ["https"], { kind: "name", name: "api.example.com" }, undefined],
  ["http://example.com:8080", ["http"], { kind: "name", name: "example.com" }, [{ start: 8080, end: 8080 }]],
  ["example.com", EVERY, { kind: "name", name: "example.com" }, undefined],
  ["*://example.com:*", EVERY, { kind: "name", name: "example.com" }, ALL_PORTS],
  ["tcp://db.example.com:5432", ["tcp"], { kind: "name", name: "db.example.com" }, [{ start: 5432, end: 5432 }]],
  [
    "udp://ns.example:53,5353",
    ["udp"],
    { kind: "name", name: "ns.example" },
    [
      { start: 53, end: 53 },
      { start: 5353, end: 5353 },
    ],
  ],
  ["tcp://a.b:1-65535", ["tcp"], { kind: "name", name: "a.b" }, [{ start: 1, end: 65_535 }]],
  ["bücher.example", EVERY, { kind: "name", name: "xn--bcher-kva.example" }, undefined],
  ["*.example.com", EVERY, { kind: "suffix", suffix: "example.com" }, undefined],
  ["https://*.Example.com:8443", ["https"], { kind: "suffix", suffix: "example.com" }, [{ start: 8443, end: 8443 }]],
  ["*.com", EVERY, { kind: "suffix", suffix: "com" }, undefined],
  ["localhost", EVERY, { kind: "loopback" }, undefined],
  ["tcp://LOCALHOST.:1", ["tcp"], { kind: "loopback" }, [{ start: 1, end: 1 }]],
  ["loopback:*", EVERY, { kind: "loopback" }, ALL_PORTS],
  ["*", EVERY, { kind: "public" }, ALL_PORTS],
  ["*:443", EVERY, { kind: "public" }, [{ start: 443, end: 443 }]],
  ["https://*", ["https"], { kind: "public" }, ALL_PORTS],
  ["public", EVERY, { kind: "public" }, ALL_PORTS],
  ["any", EVERY, { kind: "any" }, ALL_PORTS],
  ["tcp://any:22", ["tcp"], { kind: "any" }, [{ start: 22, end: 22 }]],
  ["10.0.0.1", EVERY, { kind: "block", address: "10.0.0.1", prefix: 32 }, undefined],
  [
    "tcp://10.0.0.0/8:5432-5440",
    ["tcp"],
    { kind: "block", address: "10.0.0.0", prefix: 8 },
    [{ start: 5432, end: 5440 }],
  ],
  ["0.0.0.0/0", EVERY, { kind: "block", address: "0.0.0.0", prefix: 0 }, undefined],
  ["[::1]:80", EVERY, { kind: "block", address: "::1", prefix: 128 }, [{ start: 80, end: 80 }]],
  ["[2001:DB8:0:0::]/32", EVERY, { kind: "block", address: "2001:db8::", prefix: 32 }, undefined],
  ["[2001:db8::/32]:443", EVERY, { kind: "block", address: "2001:db8::", prefix: 32 }, [{ start: 443, end: 443 }]],
  [
    "tcp://2001:db8::/32:443",
    ["tcp"],
    { kind: "block", address: "2001:db8::", prefix: 32 },
    [{ start: 443, end: 443 }],
  ],
  ["[::ffff:127.0.0.1]", EVERY, { kind: "block", address: "::ffff:7f00:1", prefix: 128 }, undefined],
  ["[::ffff:0:0]/96", EVERY, { kind: "block", address: "::ffff:0:0", prefix: 96 }, undefined],
];

for (const [written, schemes, target, ports] of RULES) {
  test(`${written} is a rule`, () => {
    const rule = allowed(written);
    assert.deepEqual(rule, { schemes, target, ports, written });
    for (const part of [rule, rule.schemes, rule.target, rule.ports ?? rule]) assert.ok(Object.isFrozen(part));
  });
}

for (const [written, problem] of [
  ["", /empty/],
  ["https://", /no host/],
  ["https://:443", /no host/],
  ["ftp://example.com", /scheme/],
  ["httpsx://example.com", /scheme/],
  ["://example.com", /scheme/],
  ["https:example.com", /not a DNS name|port/],
  ["https:/example.com", /path|port/],
  ["https://https://example.com", /./],
  ["https://example.com/", /path/],
  ["https://example.com/x", /path/],
  ["example.com/8", /path|not an address/],
  ["https://example.com?x", /path/],
  ["https://example.com#x", /path/],
  ["https:\\\\example.com", /./],
  ["user@example.com", /user name/],
  ["https://u:p@example.com", /user name/],
  ["exa mple.com", /space/],
  ["example.com\n", /space/],
  ["%65xample.com", /percent/],
  ["exam\u00adple.com", /control/],
  ["**.example.com", /wildcard/],
  ["*example.com", /wildcard/],
  ["a.*.com", /wildcard/],
  ["example.*", /wildcard/],
  ["*.*.com", /not a DNS name/],
  ["*.", /not a DNS name/],
  ["*..com", /not a DNS name/],
  ["*.0.0.1", /not a DNS name/],
  ["*.127.0.0.1", /not a DNS name/],
  ["*.[::1]", /./],
  ["127.1", /four decimal/],
  ["0x7f.1", /four decimal/],
  ["2130706433", /four decimal/],
  ["127.0.0.01", /four decimal/],
  ["１２７.0.0.1", /four decimal/],
  ["::1", /brackets|not/],
  ["tcp://::1:80", /brackets|not/],
  ["[::1", /brackets|not an IPv6/],
  ["[1.2.3.4]", /not an IPv6/],
  ["[fe80::1%eth0]", /percent/],
  ["10.0.0.0/33", /0 to 32/],
  ["10.0.0.0/08", /0 to 32/],
  ["[2001:db8::]/129", /0 to 128/],
  ["10.0.0.1/8", /its first address is 10\.0\.0\.0/],
  ["[2001:db8::1]/32", /its first address is 2001:db8::/],
  ["10.0.0/8", /not an address/],
  ["10.0.0.0/", /path|0 to 32/],
  ["[10.0.0.0]/8x", /./],
  ["example.com:", /port/],
  ["example.com:0", /port/],
  ["example.com:080", /port/],
  ["example.com:65536", /port/],
  ["example.com:80-79", /port/],
  ["example.com:80-", /port/],
  ["example.com:-80", /port/],
  ["example.com:80,", /port/],
  ["example.com:http", /port/],
  ["example.com:1-2-3", /port/],
  ["tcp://example.com", /tcp has no default port; add :PORT/],
  ["udp://10.0.0.0/8", /udp has no default port/],
  ["tcp://localhost", /no default port/],
  ["a".repeat(100_000), /longer/],
] as const) {
  test(`${JSON.stringify(written.slice(0, 40))} is refused, with the grammar`, () => {
    for (const use of ["allow", "deny"] as const) {
      const parsed = parseNetworkRule(written, use);
      if (use === "deny" && /default port/.test(String(problem))) {
        assert.ok(parsed.ok, "a denial covers every port");
        continue;
      }
      assert.ok(!parsed.ok, written);
      assert.match(parsed.problem, problem);
      assert.match(parsed.problem, /; write \[SCHEME:\/\/\]HOST\[:PORTS\]/);
      assert.ok(!parsed.problem.includes("\n") && parsed.problem.length < 400);
    }
  });
}

test("a denial without ports covers every port, of a scheme and of a host", () => {
  for (const written of ["example.com", "https://example.com", "10.0.0.0/8", "tcp://localhost"]) {
    const parsed = parseNetworkRule(written, "deny");
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.rule.ports, ALL_PORTS);
  }
});

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const port = fc.integer({ min: 1, max: 65_535 });

test("what the grammar can say is read back as it was meant", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(undefined, "*", "http", "https", "tcp", "udp"),
      fc.array(label, { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      fc.array(fc.tuple(port, port), { minLength: 1, maxLength: 3 }),
      (scheme, labels, wildcard, pairs) => {
        const ranges = pairs.map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
        const portText = ranges.map(({ start, end }) => (start === end ? start : `${start}-${end}`)).join(",");
        const name = labels.join(".");
        const rule = allowed(`${scheme === undefined ? "" : `${scheme}://`}${wildcard ? "*." : ""}${name}:${portText}`);
        assert.deepEqual(rule.ports, ranges);
        assert.deepEqual(rule.target, wildcard ? { kind: "suffix", suffix: name } : { kind: "name", name });
        assert.deepEqual(rule.schemes, scheme === undefined || scheme === "*" ? EVERY : [scheme]);
      },
    ),
    { numRuns: 200 },
  );
});

test("any text gives a rule in canonical form, or one line of reason; never an exception", () => {
  const texts = fc.oneof(
    fc.string(),
    anyUrl(),
    fc.webAuthority(),
    fc.ipV6(),
    fc.ipV4Extended(),
    fc.stringMatching(/^[a-z*]{0,4}(?::\/\/)?[a-z0-9*.:[\]/-]{0,20}$/),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom("allow" as const, "deny" as const), (written, use) => {
      const parsed = parseNetworkRule(written, use);
      if (!parsed.ok) return assert.ok(!/[\r\n]/u.test(parsed.problem));
      const { schemes, target, ports } = parsed.rule;
      assert.ok(schemes.length > 0 && schemes.every((scheme) => EVERY.includes(scheme)));
      for (const { start, end } of ports ?? []) assert.ok(start >= 0 && start <= end && end <= 65_535);
      if (target.kind === "name") assert.equal(new URL(`http://${target.name}/`).hostname, target.name);
      if (target.kind === "suffix") assert.equal(new URL(`http://x.${target.suffix}/`).hostname, `x.${target.suffix}`);
    }),
    { numRuns: 1_000 },
  );
});
