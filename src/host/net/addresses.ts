import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { lazy } from "../../shared/lazy.ts";

/**
 * IPv4 that is not plain global unicast: the IANA special-purpose registry
 * (https://www.iana.org/assignments/iana-ipv4-special-registry), anycast services included, then multicast and Azure's
 * metadata address, the one such address in public space.
 */
const refusedIpv4 = lazy(() =>
  [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "168.63.129.16/32",
  ].map((range) => ipaddr.IPv4.parseCIDR(range)),
);

/** The only IPv6 that IANA has opened for global unicast. Loopback, mapped, translated, local and multicast forms lie outside. */
const globalIpv6 = lazy(() => ipaddr.IPv6.parseCIDR("2000::/3"));

/**
 * What is special inside it (https://www.iana.org/assignments/iana-ipv6-special-registry): protocol assignments with Teredo,
 * benchmarking and ORCHID; documentation; 6to4; AS112; the former 6bone; documentation again.
 */
const refusedIpv6 = lazy(() =>
  ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20"].map((range) =>
    ipaddr.IPv6.parseCIDR(range),
  ),
);

/**
 * Whether an address is global unicast, and so no part of the host's own networks. Addresses that stand for another one
 * (IPv4 in IPv6, 6to4, Teredo, NAT64) are not public whatever they stand for; nor is anything that is not an address in
 * strict notation, or has a zone.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4: {
      const parsed = ipaddr.IPv4.parse(address);
      return !refusedIpv4().some((range) => parsed.match(range));
    }
    case 6: {
      if (address.includes("%")) return false;
      const parsed = ipaddr.IPv6.parse(address);
      return parsed.match(globalIpv6()) && !refusedIpv6().some((range) => parsed.match(range));
    }
    default:
      return false;
  }
}

/** Whether an address is 127.0.0.0/8 or ::1, in strict notation. */
export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  return (family === 4 && address.startsWith("127.")) || (family === 6 && canonicalAddress(address) === "::1");
}

/** The canonical text of an address (RFC 5952), by which addresses compare, or `undefined` for what is not an address. */
export function canonicalAddress(address: string): string | undefined {
  const family = isIP(address);
  if (family === 4) return address;
  if (family === 0 || address.includes("%")) return undefined;
  return URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1);
}

/** Whether a block holds an address. IPv4 blocks hold no IPv6 address and the other way round, whatever it stands for. */
export function isInBlock(address: string, block: { readonly address: string; readonly prefix: number }): boolean {
  if (isIP(address) === 0 || isIP(address) !== isIP(block.address) || address.includes("%")) return false;
  const [parsed, start] = [ipaddr.parse(address), ipaddr.parse(block.address)];
  return parsed.kind() === "ipv4"
    ? (parsed as ipaddr.IPv4).match(start, block.prefix)
    : (parsed as ipaddr.IPv6).match(start, block.prefix);
}
