import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anyUserAtHost } from "../../../test/support/any-text.ts";
import type { Grants } from "../../policy/grants.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import type { NetworkInput } from "../../policy/parsing/parse-network.ts";
import { checkAddress, checkSocketAddress, checkTarget } from "./check.ts";

function grants(network: NetworkInput): Grants["network"] {
  return parseGrants({ network }, { cwd: "/" }).network;
}

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z0-9]$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));

test("a suffix covers exactly the names that end in a dot and it", () => {
  fc.assert(
    fc.property(
      name,
      fc.oneof(
        name,
        fc.tuple(label, name).map((parts) => parts.join("")),
        fc.constant(""),
      ),
      name,
      (suffix, before, other) => {
        const { allow } = grants({ allow: [`https://*.${suffix}:*`] });
        for (const host of [suffix, `${before}${suffix}`, `${before}.${suffix}`, other, `${suffix}.${other}`]) {
          const decision = checkTarget({ allow, deny: [] }, { scheme: "https", host, port: 1 });
          assert.equal(
            decision.allowed,
            host.endsWith(`.${suffix}`) && !host.startsWith("."),
            `${host} under ${suffix}`,
          );
        }
      },
    ),
    { numRuns: 200 },
  );
});

/** An oracle of its own: the address as one number. */
function bitsOf(address: string): bigint {
  return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

test("a block covers exactly the addresses that share its prefix, and a port range its ports", () => {
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.integer({ min: 0, max: 32 }),
      fc.ipV4(),
      fc.nat(31),
      fc.integer({ min: 1, max: 65_535 }),
      fc.integer({ min: 1, max: 65_535 }),
      fc.integer({ min: 1, max: 65_535 }),
      (address, prefix, other, flipped, a, b, port) => {
        const shift = BigInt(32 - prefix);
        const base = (bitsOf(address) >> shift) << shift;
        const text = [24n, 16n, 8n, 0n].map((by) => (base >> by) & 255n).join(".");
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const network = grants({ allow: [`tcp://${text}/${prefix}:${start}-${end}`] });
        const near = bitsOf(address) ^ (1n << BigInt(flipped));
        const nearText = [24n, 16n, 8n, 0n].map((by) => (near >> by) & 255n).join(".");
        for (const one of [address, other, nearText]) {
          for (const at of [port, start, end, start - 1, end + 1]) {
            const expected = bitsOf(one) >> shift === base >> shift && at >= start && at <= end;
            const decision = checkSocketAddress(network, { scheme: "tcp", address: one, port: at });
            assert.equal(decision.allowed, expected, `${one}:${at} under ${text}/${prefix}:${start}-${end}`);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

function hex(address: string): string {
  const bits = bitsOf(address);
  return `${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
}

test("no IPv6 form of a denied IPv4 address gets through, and none of it is allowed by its IPv4 rule", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const denied = grants({ allow: ["any"], deny: [address] });
      const allowed = grants({ allow: [`${address}:*`, "[::]/0:*"] });
      for (const form of [
        `::ffff:${hex(address)}`,
        `::ffff:0:${hex(address)}`,
        `64:ff9b::${hex(address)}`,
        `64:ff9b:1:2:3:4:${hex(address)}`,
        `2002:${hex(address)}::1`,
        `2001:0:${hex(address)}::1`,
        `2606:4700::5efe:${hex(address)}`,
      ]) {
        const target = { scheme: "tcp", address: form, port: 80 } as const;
        assert.equal(checkSocketAddress(denied, target).allowed, false, `deny ${address}: ${form}`);
        assert.equal(checkSocketAddress(allowed, target).allowed, false, `allow ${address}: ${form}`);
      }
    }),
    { numRuns: 100 },
  );
});

test("whatever a guest writes as a host: a public grant leads to nothing local, and nothing throws", () => {
  const network = grants({ public: true });
  const hosts = fc.oneof(
    fc.string(),
    fc.domain(),
    fc.ipV4Extended(),
    fc.ipV6(),
    fc.ipV6().map((one) => `[${one}]`),
    fc.webAuthority(),
    anyUserAtHost(),
  );
  fc.assert(
    fc.property(hosts, fc.ipV4(), (host, resolved) => {
      const target = { scheme: "http", host, port: 80 } as const;
      const decision = checkTarget(network, target);
      const reached = checkAddress(network, { ...target, address: resolved });
      if (/^(?:10|127|169\.254|192\.168)\./u.test(resolved)) assert.equal(reached.allowed, false);
      if (!decision.allowed) assert.ok(/^\P{Cc}*$/u.test(decision.reason));
      if (decision.allowed) assert.ok(!/@|localhost$/iu.test(host), host);
    }),
    { numRuns: 1_000 },
  );
});
