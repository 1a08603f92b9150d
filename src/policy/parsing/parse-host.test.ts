import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseHost } from "./parse-host.ts";

for (const [written, kind, host, port] of [
  ["example.com", "name", "example.com", undefined],
  ["Example.COM.", "name", "example.com", undefined],
  ["example.com:8443", "name", "example.com", 8443],
  ["example.com.:1", "name", "example.com", 1],
  ["my_service", "name", "my_service", undefined],
  ["bücher.example", "name", "xn--bcher-kva.example", undefined],
  ["localhost", "loopback", "localhost", undefined],
  ["LOCALHOST.:65535", "loopback", "localhost", 65535],
  ["foo.localhost", "name", "foo.localhost", undefined],
  ["127.0.0.1", "address", "127.0.0.1", undefined],
  ["10.1.2.3:80", "address", "10.1.2.3", 80],
  ["[::1]", "address", "::1", undefined],
  ["[2001:DB8:0:0::1]:443", "address", "2001:db8::1", 443],
  ["[::ffff:127.0.0.1]", "address", "::ffff:7f00:1", undefined],
] as const) {
  test(`${written} is the ${kind} ${host}`, () => {
    const parsed = parseHost(written);
    assert.deepEqual(parsed, {
      ok: true,
      grant: { kind, host, written, ...(port === undefined ? {} : { port }) },
    });
    assert.ok(parsed.ok && Object.isFrozen(parsed.grant));
  });
}

for (const [written, problem] of [
  ["", /empty/],
  ["https://example.com", /scheme/],
  ["example.com/path", /path/],
  ["example.com?q", /path/],
  ["example.com#f", /path/],
  ["example.com\\path", /path/],
  ["user@example.com", /user name/],
  ["*", /wildcards/],
  ["*.example.com", /wildcards/],
  ["exa mple.com", /space/],
  [" example.com", /space/],
  ["example.com\n", /space/],
  ["exam\u00adple.com", /control/],
  ["%31.2.3.4", /percent/],
  ["example.com:", /port/],
  ["example.com:0", /port/],
  ["example.com:080", /port/],
  ["example.com:65536", /port/],
  ["example.com:-1", /port/],
  ["example.com:80x", /port/],
  ["example.com:80:80", /not a host/],
  [":80", /not a DNS name/],
  [".", /not a DNS name/],
  ["example..com", /not a DNS name/],
  ["example.com..", /not a DNS name/],
  ["-example.com", /not a DNS name/],
  ["$(id).example.com", /not a DNS name/],
  [`${"a".repeat(64)}.com`, /not a DNS name/],
  ["1.2.3.256", /not a DNS name/],
  ["1.2.3.4.5", /not a DNS name/],
  ["127.1", /four decimal/],
  ["127.0.1", /four decimal/],
  ["0x7f.1", /four decimal/],
  ["01200034567", /four decimal/],
  ["2130706433", /four decimal/],
  ["127.0.0.01", /four decimal/],
  ["127.0.0.1.", /four decimal/],
  ["１２７.0.0.1", /four decimal/],
  ["::1", /brackets/],
  ["[::1", /not a host/],
  ["[]", /not an IPv6/],
  ["[1.2.3.4]", /not an IPv6/],
  ["[fe80::1%eth0]", /percent/],
  ["[::1]x", /not a host/],
  ["[::1]:", /port/],
  ["a".repeat(100_000), /longer/],
] as const) {
  test(`${JSON.stringify(written.slice(0, 40))} is refused, with the grammar`, () => {
    const parsed = parseHost(written);
    assert.ok(!parsed.ok);
    assert.match(parsed.problem, problem);
    assert.match(parsed.problem, /; write HOST, HOST:PORT/);
    assert.ok(!parsed.problem.includes("\n"));
  });
}

test("whatever parses is what the URL parser makes of it", () => {
  fc.assert(
    fc.property(fc.oneof(fc.webAuthority(), fc.domain(), fc.ipV4Extended(), fc.ipV6(), fc.string()), (written) => {
      const parsed = parseHost(written);
      if (!parsed.ok) return;
      const { kind, host } = parsed.grant;
      const url = new URL(`http://${host.includes(":") ? `[${host}]` : host}/`);
      assert.equal(url.hostname.replaceAll(/[[\]]/gu, ""), host);
      assert.equal(kind === "loopback", host === "localhost");
      assert.equal(kind === "address", /^[0-9.]+$|:/u.test(host));
    }),
    { numRuns: 500 },
  );
});
