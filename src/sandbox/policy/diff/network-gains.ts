import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";
import { isInBlock } from "../../../host/net/addresses.ts";
import { embeddedAddresses } from "../../../host/net/embedded.ts";
import { isLocalName } from "../../../host/net/host.ts";
import { allowsAddress, coversName, DEFAULT_PORTS } from "../../../host/net/rule-match.ts";
import type { NetworkGrant, NetworkRule, NetworkScheme, NetworkTarget, PortRange } from "../../../policy/grants.ts";
import { printPorts } from "../../../policy/port-ranges.ts";
import type { Gain } from "./gain.ts";

type Block = Extract<NetworkTarget, { readonly kind: "block" }>;
type Covers = (outer: NetworkTarget, inner: NetworkTarget) => boolean;

/**
 * What of the network may be reached under `after` and not under `before`. Never too little: a rule counts as covered where that is certain,
 * and a denial as made up for where every part of it is.
 */
export function networkGains(before: NetworkGrant, after: NetworkGrant): readonly Gain[] {
  const bounds = [
    before.allow,
    ...(before.fences ?? []).filter((one) => !(after.fences ?? []).some((other) => isSame(one, other))),
  ];
  const permissions = after.allow.flatMap((rule) =>
    each(rule, (scheme, ports) => {
      const left = bounds.flatMap((rules) => uncovered(rules, scheme, rule.target, ports, isAllowedBy));
      return left.length === 0
        ? []
        : [{ text: shown(rule, scheme, left), ...(isUnclear(rule.target, bounds) ? { undecided: true } : {}) }];
    }),
  );
  const denials = before.deny.flatMap((rule) =>
    each(rule, (scheme, ports) => {
      const left = uncovered(after.deny, scheme, rule.target, ports, isDeniedBy);
      // It is one of what other documents allow, too.
      return left.length === 0 ? [] : [{ text: shown(rule, scheme, left), denied: true }];
    }),
  );
  return [...permissions, ...denials];
}

function isSame(one: readonly NetworkRule[], other: readonly NetworkRule[]): boolean {
  return isDeepStrictEqual(plain(one), plain(other));
}

function plain(rules: readonly NetworkRule[]): readonly unknown[] {
  return rules.map(({ schemes, target, ports }) => ({ schemes, target, ports }));
}

function each(
  rule: NetworkRule,
  gains: (scheme: NetworkScheme, ports: readonly PortRange[]) => readonly Gain[],
): readonly Gain[] {
  return rule.schemes.flatMap((scheme) => gains(scheme, portsOf(rule, scheme)));
}

function portsOf({ ports }: NetworkRule, scheme: NetworkScheme): readonly PortRange[] {
  const port = DEFAULT_PORTS[scheme];
  return ports ?? (port === undefined ? [] : [{ start: port, end: port }]);
}

function shown({ target, written }: NetworkRule, scheme: NetworkScheme, ports: readonly PortRange[]): string {
  return `network: ${scheme}://${targetText(target, written)}:${printPorts(merged(ports))}`;
}

function targetText(target: NetworkTarget, written: string): string {
  switch (target.kind) {
    case "name":
      return target.name;
    case "suffix":
      return `*.${target.suffix}`;
    case "block":
      return `${isIP(target.address) === 6 ? `[${target.address}]` : target.address}/${target.prefix}`;
    case "loopback":
    case "public":
    case "any":
      return target.kind;
    default:
      return written;
  }
}

/** The ports of a target that no rule covers. */
function uncovered(
  rules: readonly NetworkRule[],
  scheme: NetworkScheme,
  target: NetworkTarget,
  ports: readonly PortRange[],
  isCovered: Covers,
): readonly PortRange[] {
  let left = ports;
  for (const rule of rules) {
    if (rule.schemes.includes(scheme) && isCovered(rule.target, target)) left = without(left, portsOf(rule, scheme));
  }
  if (left.length === 0 || target.kind !== "block") return left;
  // What no rule covers whole, several may by its halves.
  const isInside = ({ target: one }: NetworkRule): boolean =>
    one.kind === "block" &&
    one.prefix > target.prefix &&
    isIP(one.address) === isIP(target.address) &&
    isInBlock(one.address, target);
  const inner = rules.filter((rule) => rule.schemes.includes(scheme) && isInside(rule));
  if (inner.length === 0) return left;
  const ranges = left;
  return merged(halves(target).flatMap((half) => uncovered(inner, scheme, half, ranges, isCovered)));
}

function halves({ address, prefix }: Block): readonly Block[] {
  const bytes = ipaddr.parse(address).toByteArray();
  const other = bytes.map((byte, at) => (at === Math.floor(prefix / 8) ? byte | (0x80 >> (prefix % 8)) : byte));
  const text = ipaddr.fromByteArray(other).toString();
  return [
    { kind: "block", address, prefix: prefix + 1 },
    { kind: "block", address: text, prefix: prefix + 1 },
  ];
}

/** Ports of the first that are in none of the others. */
function without(all: readonly PortRange[], taken: readonly PortRange[]): readonly PortRange[] {
  return taken.reduce<readonly PortRange[]>(
    (left, { start, end }) =>
      left.flatMap((one) => {
        if (end < one.start || start > one.end) return [one];
        const parts: PortRange[] = [];
        if (one.start < start) parts.push({ start: one.start, end: start - 1 });
        if (one.end > end) parts.push({ start: end + 1, end: one.end });
        return parts;
      }),
    all,
  );
}

function merged(ports: readonly PortRange[]): readonly PortRange[] {
  const all: { start: number; end: number }[] = [];
  for (const { start, end } of ports.toSorted((one, other) => one.start - other.start)) {
    const last = all.at(-1);
    if (last !== undefined && start <= last.end + 1) last.end = Math.max(last.end, end);
    else all.push({ start, end });
  }
  return all;
}

/** Whether all that a rule about `inner` allows, one about `outer` does. */
function isAllowedBy(outer: NetworkTarget, inner: NetworkTarget): boolean {
  if (outer.kind === "any") return true;
  switch (inner.kind) {
    case "name":
      return coversName(outer, inner.name) && outer.kind !== "loopback";
    case "suffix":
      if (outer.kind === "public") return !isLocalName(inner.suffix);
      return outer.kind === "suffix" && `.${inner.suffix}`.endsWith(`.${outer.suffix}`);
    case "block":
      return isBlockAllowed(outer, inner);
    case "loopback":
    case "public":
    case "any":
      return outer.kind === inner.kind;
  }
}

/** A block allows no IPv6 form of an IPv4 address that it does not mean; a narrower one may. */
function isBlockAllowed(outer: NetworkTarget, inner: Block): boolean {
  const isSingle = inner.prefix === (isIP(inner.address) === 6 ? 128 : 32);
  if (isSingle) return allowsAddress(outer, inner.address);
  if (outer.kind !== "block" || isIP(outer.address) !== isIP(inner.address) || outer.prefix > inner.prefix)
    return false;
  const forms = embeddedAddresses(inner.address).filter(({ prefix }) => prefix <= inner.prefix);
  return isInBlock(inner.address, outer) && forms.every(({ prefix }) => outer.prefix >= prefix);
}

/** Whether all that a denial of `inner` denies, one of `outer` does. */
function isDeniedBy(outer: NetworkTarget, inner: NetworkTarget): boolean {
  if (outer.kind === "any" || isDeepStrictEqual(outer, inner)) return true;
  if (inner.kind === "name") return outer.kind === "suffix" && coversName(outer, inner.name);
  if (inner.kind === "suffix") return outer.kind === "suffix" && `.${inner.suffix}`.endsWith(`.${outer.suffix}`);
  if (inner.kind !== "block" || outer.kind !== "block" || isIP(outer.address) !== isIP(inner.address)) return false;
  return outer.prefix <= inner.prefix && isInBlock(inner.address, outer);
}

/** Whether rules of another kind than the target's may cover it together, which is not decided. */
function isUnclear(target: NetworkTarget, bounds: readonly (readonly NetworkRule[])[]): boolean {
  return (
    target.kind === "block" &&
    bounds.flat().some((rule) => rule.target.kind === "public" || rule.target.kind === "loopback")
  );
}
