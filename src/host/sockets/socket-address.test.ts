import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import * as fc from "fast-check";
import { socketAddress } from "../../../test/support/socket-guest.ts";
import { canonicalAddress } from "../net/addresses.ts";
import {
  endpointOf,
  type IpSocketAddress,
  isUnicast,
  readEndpoint,
  showEndpoint,
  toSocketAddress,
} from "./socket-address.ts";

const port = fc.integer({ min: 0, max: 65_535 });
const anyAddress: fc.Arbitrary<IpSocketAddress> = fc.oneof(
  fc.record({
    tag: fc.constant("ipv4" as const),
    val: fc.record({ port, address: tuple(4, 0xff) }),
  }),
  fc.record({
    tag: fc.constant("ipv6" as const),
    val: fc.record({ port, flowInfo: fc.nat(), scopeId: fc.constant(0), address: tuple(8, 0xffff) }),
  }),
);

function tuple(length: number, max: number): fc.Arbitrary<never> {
  const part = fc.oneof(fc.constant(0), fc.constant(max), fc.integer({ min: 0, max }));
  return fc.array(part, { minLength: length, maxLength: length }) as fc.Arbitrary<never>;
}

test("an address read and shown again is the same, in the form that checks compare", () => {
  fc.assert(
    fc.property(anyAddress, (named) => {
      const read = readEndpoint(named, named.tag);
      if (typeof read === "string") return assert.equal(read, "invalid-argument");
      assert.equal(read.address, canonicalAddress(read.address));
      assert.equal(net.isIP(read.address), named.tag === "ipv4" ? 4 : 6);
      const shown = toSocketAddress(read);
      assert.deepEqual(shown.val.address, named.val.address);
      assert.equal(shown.val.port, named.val.port);
      assert.deepEqual(endpointOf(read.address, read.port), read);
    }),
    { numRuns: 500 },
  );
});

test("IPv4-mapped addresses, other families and scopes are refused", () => {
  assert.equal(readEndpoint(socketAddress("::ffff:7f00:1", 80), "ipv6"), "invalid-argument");
  assert.equal(readEndpoint(socketAddress("::1", 80), "ipv4"), "invalid-argument");
  assert.equal(readEndpoint(socketAddress("127.0.0.1", 80), "ipv6"), "invalid-argument");
  const linkLocal = socketAddress("fe80::1", 80);
  const scoped = { ...linkLocal, val: { ...linkLocal.val, scopeId: 2 } } as IpSocketAddress;
  assert.equal(readEndpoint(scoped, "ipv6"), "not-supported");
});

test("methods that a guest gave its arrays are not called", () => {
  const address = Object.assign([127, 0, 0, 1], {
    join: () => "8.8.8.8",
    [Symbol.iterator]: () => [8, 8, 8, 8].values(),
    map: () => [8, 8, 8, 8],
  });
  const named = { tag: "ipv4", val: { port: 1, address: address as never } } as const;
  assert.deepEqual(readEndpoint(named, "ipv4"), { family: "ipv4", address: "127.0.0.1", port: 1 });
});

test("multicast and broadcast addresses are no unicast addresses", () => {
  for (const [address, expected] of [
    ["223.255.255.255", true],
    ["224.0.0.1", false],
    ["239.255.255.255", false],
    ["240.0.0.1", true],
    ["255.255.255.255", false],
    ["ff02::1", false],
    ["feff::1", true],
    ["ff::1", true],
    ["2001:db8::ff", true],
  ] as const) {
    assert.equal(isUnicast(endpointOf(address, 1)), expected, address);
  }
});

test("an endpoint is shown as in a URL", () => {
  assert.equal(showEndpoint("tcp", endpointOf("::1", 80)), "tcp://[::1]:80");
  assert.equal(showEndpoint("udp", endpointOf("fe80::1%eth0", 53)), "udp://[fe80::1]:53");
  assert.equal(showEndpoint("udp", endpointOf("10.0.0.1", 53)), "udp://10.0.0.1:53");
});
