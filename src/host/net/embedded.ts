import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { lazy } from "../../shared/lazy.ts";
import { canonicalAddress } from "./addresses.ts";

/** IPv6 blocks whose addresses stand for an IPv4 address, and at which byte that begins. */
const embedding = lazy(
  (): readonly { readonly prefix: number; readonly bytes: readonly number[]; readonly at: number }[] =>
    [
      ["::ffff:0:0/96", 12],
      ["::ffff:0:0:0/96", 12],
      ["64:ff9b::/96", 12],
      ["64:ff9b:1::/48", 12],
      ["2002::/16", 2],
      ["::/96", 12],
    ].map(([block, at]) => {
      const [start, prefix] = ipaddr.IPv6.parseCIDR(String(block));
      return { prefix, bytes: start.toByteArray(), at: Number(at) };
    }),
);

/** An IPv4 address inside an IPv6 address. */
export interface Embedded {
  readonly address: string;
  /** How long the prefix is that gives the IPv6 address this meaning, in bits. */
  readonly prefix: number;
}

/**
 * The IPv4 addresses that an IPv6 address stands for: mapped and compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052,
 * RFC 8215), 6to4 (RFC 3056), Teredo's server and client (RFC 4380) and ISATAP (RFC 5214). None for `::` and `::1`, nor for an
 * IPv4 address.
 */
export function embeddedAddresses(address: string): readonly Embedded[] {
  if (isIP(address) !== 6 || address.includes("%")) return [];
  const bytes = ipaddr.IPv6.parse(address).toByteArray();
  if (bytes.every((byte, index) => byte === 0 || (index === 15 && byte === 1))) return [];
  const found: Embedded[] = [];
  for (const { prefix, bytes: start, at } of embedding()) {
    if (start.slice(0, prefix / 8).every((byte, index) => byte === bytes[index])) {
      found.push({ address: ipv4At(bytes, at), prefix });
    }
  }
  if (bytes[0] === 0x20 && bytes[1] === 0x01 && bytes[2] === 0 && bytes[3] === 0) {
    const client = bytes.slice(12).map((byte) => byte ^ 0xff);
    found.push({ address: ipv4At(bytes, 4), prefix: 32 }, { address: ipv4At(client, 0), prefix: 32 });
  }
  // ISATAP's mark is in the interface identifier, under whatever prefix.
  if (((bytes[8] ?? 0) & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe) {
    found.push({ address: ipv4At(bytes, 12), prefix: 96 });
  }
  return found;
}

/**
 * Every address that a connection to this one may reach: itself, the IPv4 addresses inside it, and the loopback interface for
 * an unspecified address, which systems take for it. In canonical form; none for what is not an address.
 */
export function reachedAddresses(address: string): readonly string[] {
  const canonical = canonicalAddress(address);
  if (canonical === undefined) return [];
  const reached = [canonical, ...embeddedAddresses(canonical).map((embedded) => embedded.address)];
  if (reached.includes("0.0.0.0")) reached.push("127.0.0.1");
  if (canonical === "::") reached.push("::1", "127.0.0.1");
  return reached;
}

function ipv4At(bytes: readonly number[], at: number): string {
  return bytes.slice(at, at + 4).join(".");
}
