import type { NetworkRule, NetworkScheme, NetworkTarget } from "../../policy/grants.ts";
import { hasPort } from "../../policy/port-ranges.ts";
import { canonicalAddress, isInBlock, isLoopbackAddress, isPublicAddress } from "./addresses.ts";
import { embeddedAddresses, reachedAddresses } from "./embedded.ts";
import { type Host, isLocalName } from "./host.ts";

/** The default port of a scheme that has one. */
export const DEFAULT_PORTS: Readonly<Partial<Record<NetworkScheme, number>>> = Object.freeze({ http: 80, https: 443 });

/** Whether a rule is about this protocol and this port. */
export function coversPort(rule: NetworkRule, scheme: NetworkScheme, port: number): boolean {
  if (!rule.schemes.includes(scheme)) return false;
  return rule.ports === undefined ? DEFAULT_PORTS[scheme] === port : hasPort(rule.ports, port);
}

/** Whether a name or a name below it is what a target is about. `localhost` is a name like others here. */
export function coversName(target: NetworkTarget, name: string): boolean {
  switch (target.kind) {
    case "name":
      return name === target.name;
    case "suffix":
      return name.endsWith(`.${target.suffix}`);
    case "loopback":
      return name === "localhost";
    case "public":
      return !isLocalName(name);
    case "any":
      return true;
    case "block":
      return false;
  }
}

/** Whether an address that a guest named itself is what a target allows. */
export function allowsAddress(target: NetworkTarget, address: string): boolean {
  switch (target.kind) {
    case "name":
    case "suffix":
      return false;
    case "loopback":
      return isLoopbackAddress(address);
    case "block":
      return isInBlock(address, target) && embeddedAddresses(address).every(({ prefix }) => target.prefix >= prefix);
    case "public":
      return isPublicAddress(address);
    case "any":
      return canonicalAddress(address) !== undefined;
  }
}

/** Whether a target that covers a host lets it lead to this address. */
export function allowsResolved(target: NetworkTarget, host: Host, address: string): boolean {
  if (host.kind === "address") {
    return canonicalAddress(address) === host.address && allowsAddress(target, address);
  }
  if (!coversName(target, host.name)) return false;
  if (target.kind === "any") return canonicalAddress(address) !== undefined;
  return host.name === "localhost" ? isLoopbackAddress(address) : isPublicAddress(address);
}

/**
 * Whether a target denies a host by its name, or an address by any address that it reaches. A denial is read widely: a block
 * covers the IPv6 forms of its IPv4 addresses, and the loopback interface the unspecified address.
 */
export function denies(target: NetworkTarget, names: readonly string[], address: string | undefined): boolean {
  switch (target.kind) {
    case "name":
    case "suffix":
      return names.some((name) => coversName(target, name));
    case "loopback":
      return names.some(isLocalName) || reaches(address, isLoopbackAddress);
    case "block":
      return reaches(address, (one) => isInBlock(one, target));
    case "public":
      return reaches(address, isPublicAddress);
    case "any":
      return true;
  }
}

function reaches(address: string | undefined, matches: (address: string) => boolean): boolean {
  return address !== undefined && reachedAddresses(address).some(matches);
}
