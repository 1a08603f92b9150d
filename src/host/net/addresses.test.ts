import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { canonicalAddress, isLoopbackAddress, isPublicAddress } from "./addresses.ts";

/** First and last address of every range of https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast. */
const SPECIAL_IPV4: readonly (readonly [string, string, string])[] = [
  ["0.0.0.0", "0.255.255.255", "this network, RFC 791"],
  ["10.0.0.0", "10.255.255.255", "private use, RFC 1918"],
  ["100.64.0.0", "100.127.255.255", "shared address space, RFC 6598"],
  ["127.0.0.0", "127.255.255.255", "loopback, RFC 1122"],
  ["169.254.0.0", "169.254.255.255", "link local, RFC 3927"],
  ["172.16.0.0", "172.31.255.255", "private use, RFC 1918"],
  ["192.0.0.0", "192.0.0.255", "IETF protocol assignments, RFC 6890"],
  ["192.0.0.0", "192.0.0.7", "IPv4 service continuity, RFC 7335"],
  ["192.0.0.8", "192.0.0.8", "dummy address, RFC 7600"],
  ["192.0.0.9", "192.0.0.9", "port control protocol anycast, RFC 7723"],
  ["192.0.0.10", "192.0.0.10", "TURN anycast, RFC 8155"],
  ["192.0.0.170", "192.0.0.171", "NAT64/DNS64 discovery, RFC 7050"],
  ["192.0.2.0", "192.0.2.255", "documentation, RFC 5737"],
  ["192.31.196.0", "192.31.196.255", "AS112, RFC 7535"],
  ["192.52.193.0", "192.52.193.255", "AMT, RFC 7450"],
  ["192.88.99.0", "192.88.99.255", "6to4 relay anycast, RFC 7526"],
  ["192.168.0.0", "192.168.255.255", "private use, RFC 1918"],
  ["192.175.48.0", "192.175.48.255", "AS112 direct delegation, RFC 7534"],
  ["198.18.0.0", "198.19.255.255", "benchmarking, RFC 2544"],
  ["198.51.100.0", "198.51.100.255", "documentation, RFC 5737"],
  ["203.0.113.0", "203.0.113.255", "documentation, RFC 5737"],
  ["224.0.0.0", "239.255.255.255", "multicast, RFC 5771"],
  ["240.0.0.0", "255.255.255.255", "reserved and limited broadcast, RFC 1112, RFC 8190"],
  ["168.63.129.16", "168.63.129.16", "Azure's metadata and DNS address"],
  ["169.254.169.254", "169.254.169.254", "instance metadata"],
  ["100.100.100.200", "100.100.100.200", "Alibaba's metadata"],
];

/** The same for https://www.iana.org/assignments/iana-ipv6-special-registry, and what lies outside 2000::/3. */
const SPECIAL_IPV6: readonly (readonly [string, string, string])[] = [
  ["::", "::", "unspecified, RFC 4291"],
  ["::1", "::1", "loopback, RFC 4291"],
  ["::127.0.0.1", "::ffff:ffff", "IPv4-compatible, RFC 4291"],
  ["::ffff:0.0.0.0", "::ffff:255.255.255.255", "IPv4-mapped, RFC 4291"],
  ["::ffff:8.8.8.8", "::ffff:0:7f00:1", "IPv4-mapped and -translated public and loopback, RFC 2765"],
  ["64:ff9b::", "64:ff9b::ffff:ffff", "NAT64, RFC 6052"],
  ["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "local NAT64, RFC 8215"],
  ["100::", "100::ffff:ffff:ffff:ffff", "discard only, RFC 6666"],
  ["100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", "dummy prefix, RFC 9780"],
  ["1fff:ffff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "below global unicast"],
  ["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "IETF protocol assignments, RFC 2928"],
  ["2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo, RFC 4380"],
  ["2001:1::1", "2001:1::3", "anycast services, RFC 7723, RFC 8155, RFC 9665"],
  ["2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmarking, RFC 5180"],
  ["2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", "AMT, RFC 7450"],
  ["2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", "AS112, RFC 7535"],
  ["2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID, RFC 4843"],
  ["2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHIDv2, RFC 7343"],
  ["2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", "drone remote ID, RFC 9374"],
  ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation, RFC 3849"],
  ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4, RFC 3056"],
  ["2002:7f00:1::", "2002:808:808::", "6to4 of loopback and of a public address"],
  ["2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "AS112, RFC 7534"],
  ["3ffe::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6bone, RFC 3701"],
  ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation, RFC 9637"],
  ["4000::", "4000::1", "above global unicast"],
  ["5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "SRv6 SIDs, RFC 9602"],
  ["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local, RFC 4193"],
  ["fd00:ec2::254", "fd20:ce::254", "instance metadata"],
  ["fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link local, RFC 4291"],
  ["fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site local, RFC 3879"],
  ["ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast, RFC 4291"],
];

for (const [first, last, name] of [...SPECIAL_IPV4, ...SPECIAL_IPV6]) {
  test(`${first} to ${last} is not public: ${name}`, () => {
    assert.equal(isPublicAddress(first), false);
    assert.equal(isPublicAddress(last), false);
  });
}

test("the neighbours of special ranges are public", () => {
  for (const address of [
    "1.0.0.0",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.114.0",
    "223.255.255.255",
    "2000::",
    "2001:200::",
    "2001:4860:4860::8888",
    "2001:db7:ffff::",
    "2001:db9::",
    "2003::",
    "2620:4f:8001::",
    "2606:4700::1111",
    "3fff:1000::",
  ]) {
    assert.equal(isPublicAddress(address), true, address);
  }
});

test("what is not an address in strict notation is not public", () => {
  for (const text of [
    "",
    "8.8.8",
    "8.8.8.010",
    "0x8.8.8.8",
    "134744072",
    " 8.8.8.8",
    "8.8.8.8%eth0",
    "[2606:4700::1111]",
    "2606:4700::1111%eth0",
    "example.com",
  ]) {
    assert.equal(isPublicAddress(text), false, text);
    assert.equal(isLoopbackAddress(text), false, text);
  }
});

test("IPv4 inside IPv6 is never public, whatever it is", () => {
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.constantFrom("::", "::ffff:", "::ffff:0:", "64:ff9b::", "64:ff9b:1::"),
      (ipv4, prefix) => {
        assert.equal(isPublicAddress(`${prefix}${ipv4}`), false);
      },
    ),
    { numRuns: 200 },
  );
});

test("loopback", () => {
  for (const address of ["127.0.0.1", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1"])
    assert.equal(isLoopbackAddress(address), true);
  for (const address of ["128.0.0.1", "1.127.0.0", "::2", "::ffff:127.0.0.1", "::127.0.0.1", "localhost"]) {
    assert.equal(isLoopbackAddress(address), false, address);
  }
});

test("one address has one canonical form", () => {
  assert.equal(canonicalAddress("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  assert.equal(canonicalAddress("::ffff:127.0.0.1"), "::ffff:7f00:1");
  assert.equal(canonicalAddress("127.0.0.1"), "127.0.0.1");
  assert.equal(canonicalAddress("127.1"), undefined);
  assert.equal(canonicalAddress("fe80::1%eth0"), undefined);
});
