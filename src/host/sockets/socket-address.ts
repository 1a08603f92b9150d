import ipaddr from "ipaddr.js";
import type { ErrorCode } from "./socket-errors.ts";

export type IpAddressFamily = "ipv4" | "ipv6";

export type Ipv4Address = readonly [number, number, number, number];
export type Ipv6Address = readonly [number, number, number, number, number, number, number, number];

/** `wasi:sockets/network.ip-address`. */
export type IpAddress =
  | { readonly tag: "ipv4"; readonly val: Ipv4Address }
  | { readonly tag: "ipv6"; readonly val: Ipv6Address };

/** `wasi:sockets/network.ip-socket-address`. */
export type IpSocketAddress =
  | { readonly tag: "ipv4"; readonly val: { readonly port: number; readonly address: Ipv4Address } }
  | {
      readonly tag: "ipv6";
      readonly val: {
        readonly port: number;
        readonly flowInfo: number;
        readonly address: Ipv6Address;
        readonly scopeId: number;
      };
    };

/** One end of a connection or datagram, as Node and the checks write it. */
export interface Endpoint {
  readonly family: IpAddressFamily;
  /** IPv4 as four decimal numbers, IPv6 as in RFC 5952; never IPv4-mapped, never with a zone. */
  readonly address: string;
  readonly port: number;
}

/**
 * Reads an address that a guest named for a socket of this family.
 *
 * @returns The error code for one that WASI or Cordon refuses: `invalid-argument` when its family is another or it is
 *   IPv4-mapped, `not-supported` for a scope id, since rules cannot name the link it stands for.
 */
export function readEndpoint(named: IpSocketAddress, family: IpAddressFamily): Endpoint | ErrorCode {
  if (named.tag !== family) return "invalid-argument";
  const { port } = named.val;
  const address = addressText({ tag: named.tag, val: named.val.address } as IpAddress);
  if (named.tag === "ipv4") return { family, address, port };
  if (ipaddr.IPv6.parse(address).isIPv4MappedAddress()) return "invalid-argument";
  return named.val.scopeId === 0 ? { family, address, port } : "not-supported";
}

/** An address as text, IPv6 as in RFC 5952. */
export function addressText({ tag, val }: IpAddress): string {
  return tag === "ipv4" ? own(val, 4).join(".") : new ipaddr.IPv6(own(val, 8)).toRFC5952String();
}

/** The numbers of a guest's tuple, in an array of this realm: a guest's arrays have methods that are not the host's to trust. */
function own(tuple: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, index) => tuple[index] ?? 0);
}

/** An endpoint as the guest gets it. */
export function toSocketAddress({ address, port }: Pick<Endpoint, "address" | "port">): IpSocketAddress {
  const ip = toIpAddress(address);
  return ip.tag === "ipv4"
    ? { tag: "ipv4", val: { port, address: ip.val } }
    : { tag: "ipv6", val: { port, flowInfo: 0, address: ip.val, scopeId: 0 } };
}

/** An address as Node writes it, in the form guests get. A zone is left out. */
export function toIpAddress(text: string): IpAddress {
  const bare = withoutZone(text);
  return bare.includes(":")
    ? { tag: "ipv6", val: ipaddr.IPv6.parse(bare).parts as unknown as Ipv6Address }
    : { tag: "ipv4", val: ipaddr.IPv4.parse(bare).octets as unknown as Ipv4Address };
}

/** An endpoint from what Node says of one. */
export function endpointOf(address: string, port: number): Endpoint {
  const bare = withoutZone(address);
  return bare.includes(":")
    ? { family: "ipv6", address: ipaddr.IPv6.parse(bare).toRFC5952String(), port }
    : { family: "ipv4", address: bare, port };
}

/** An endpoint as in a URL's authority, with its protocol. */
export function showEndpoint(scheme: "tcp" | "udp", { family, address, port }: Endpoint): string {
  return `${scheme}://${family === "ipv6" ? `[${address}]` : address}:${port}`;
}

/** Whether this is `0.0.0.0` or `::`. */
export function isUnspecified({ address }: Endpoint): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** Whether this is neither a multicast address nor IPv4's broadcast address. */
export function isUnicast({ family, address }: Endpoint): boolean {
  if (family === "ipv6") return !/^ff[0-9a-f]{2}:/u.test(address);
  return address !== "255.255.255.255" && !/^(?:22[4-9]|23[0-9])\./u.test(address);
}

/** The unspecified address of a family, with a port of the system's choice: where a socket is bound that a guest did not bind. */
export function unbound(family: IpAddressFamily): Endpoint {
  return { family, address: family === "ipv4" ? "0.0.0.0" : "::", port: 0 };
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/u, "");
}
