import type { NetworkGrant, NetworkRule, NetworkScheme, NetworkTarget, PortRange } from "../grants.ts";
import { parseTarget } from "../network-pattern.ts";
import { EVERY_SCHEME, HTTP_SCHEMES, parseNetworkRule, ruleOf } from "../network-rule.ts";
import { type HostGrant, parseHost } from "./parse-host.ts";
import { EVERY_PORT, parsePorts, portRange, PORTS_GRAMMAR, printPorts } from "../port-ranges.ts";
import { describe, flag, items, type Problems, quote, section } from "../problems.ts";

/** Ports in the SDK: one, or a range `START-END` as text, or its two ends, both included. */
export type PortsInput =
  | number
  | string
  | {
      /** The first port. */
      readonly start: number;
      /** The last, which is included. */
      readonly end: number;
    };

/** One host in the SDK with its ports. */
export interface HostInput {
  /** A DNS name, `*.SUFFIX`, `localhost`, an IP address (IPv6 in brackets) or a block `ADDRESS/PREFIX`. */
  readonly host: string;
  /** Its ports; default: the default port of the URL's scheme. */
  readonly ports?: readonly PortsInput[];
  /** Whether only HTTPS is allowed; default `false`. */
  readonly secure?: boolean;
}

/** Hosts that a guest may reach. What is left out is not granted. */
export interface NetworkGrantsInput {
  /** Whether any host that resolves to a public address may be reached over HTTP and HTTPS, on any port; default `false`. */
  readonly public?: boolean;
  /**
   * Single hosts over HTTP and HTTPS, as `HOST[:PORT]`: a DNS name (public addresses only), `localhost` (the loopback
   * interface), an IPv4 address or a bracketed IPv6 address. Without a port, the default port of the URL's scheme is meant.
   * What has a scheme, `SCHEME://HOST[:PORTS]`, is read as `allow` reads it.
   */
  readonly hosts?: readonly (string | HostInput)[];
  /** Ports of any public address, over every protocol. Not to be combined with `public`, `hosts` and `allow`. */
  readonly ports?: readonly PortsInput[];
  /** Rules `[SCHEME://]HOST[:PORTS]`; see docs/grants.md. */
  readonly allow?: readonly (string | NetworkRuleInput)[];
  /** Rules of the same form that win over all others. Without ports they cover every port. */
  readonly deny?: readonly (string | NetworkRuleInput)[];
}

/** A rule of the network with why it is there, which is told with a denial, and in its event. */
export interface NetworkRuleInput {
  /** `[SCHEME://]HOST[:PORTS]`. */
  readonly rule: string;
  /** One line. */
  readonly reason?: string;
}

/**
 * The network in one word, or in parts. `none`: nothing. `loopback`: this machine's loopback interface, every protocol and
 * port. `full`: everything, private networks included.
 */
export type NetworkInput = "none" | "loopback" | "full" | NetworkGrantsInput;

/** Reads the network part of grants; what is wrong goes to `problems`. */
export function parseNetwork(value: unknown, problems: Problems): NetworkGrant {
  if (value === undefined || value === "none") return grantOf([], []);
  if (value === "loopback") return grantOf([wholeRule({ kind: "loopback" }, "loopback")], []);
  if (value === "full") return grantOf([wholeRule({ kind: "any" }, "full")], []);
  const parts = section(value, "network", ["public", "hosts", "ports", "allow", "deny"], problems);
  const allow = [
    ...parseHosts(parts["hosts"], problems),
    ...parsePublic(parts["public"], problems),
    ...parsePortsMode(parts, problems),
    ...parseRules(parts["allow"], "allow", problems),
  ];
  return grantOf(allow, parseRules(parts["deny"], "deny", problems));
}

function grantOf(allow: readonly NetworkRule[], deny: readonly NetworkRule[]): NetworkGrant {
  return Object.freeze({ allow: Object.freeze(allow), deny: Object.freeze(deny) });
}

function wholeRule(target: NetworkTarget, written: string): NetworkRule {
  return Object.freeze({ schemes: EVERY_SCHEME, target: Object.freeze(target), ports: EVERY_PORT, written });
}

function parsePublic(value: unknown, problems: Problems): readonly NetworkRule[] {
  if (!flag(value, "network.public", false, problems)) return [];
  const target = Object.freeze({ kind: "public" } as const);
  return [Object.freeze({ schemes: HTTP_SCHEMES, target, ports: EVERY_PORT, written: "public" })];
}

function parseRules(value: unknown, use: "allow" | "deny", problems: Problems): readonly NetworkRule[] {
  return items(value, `network.${use}`, "a list of rules", problems).flatMap((item, index) => {
    const name = `network.${use}[${index}]`;
    const isObject = typeof item === "object" && item !== null && !Array.isArray(item);
    const { rule: written, reason } = isObject ? section(item, name, ["rule", "reason"], problems) : { rule: item };
    if (typeof written !== "string" || (reason !== undefined && typeof reason !== "string")) {
      problems.push(
        `Cannot read ${name}: expected a string, or an object with rule and reason, found ${describe(item)}`,
      );
      return [];
    }
    const parsed = parseNetworkRule(written, use);
    if (parsed.ok) return [reason === undefined ? parsed.rule : Object.freeze({ ...parsed.rule, reason })];
    problems.push(`Cannot ${use === "allow" ? "grant" : "deny"} the network ${quote(written)}: ${parsed.problem}`);
    return [];
  });
}

function parseHosts(value: unknown, problems: Problems): readonly NetworkRule[] {
  return items(value, "network.hosts", "a list of strings", problems).flatMap((item, index) => {
    if (typeof item === "object" && item !== null && !Array.isArray(item)) {
      return parseHostInput(item, `network.hosts[${index}]`, problems);
    }
    if (typeof item !== "string") {
      problems.push(`Cannot read network.hosts[${index}]: expected a string, found ${describe(item)}`);
      return [];
    }
    const parsed = item.includes("://") ? parseNetworkRule(item, "allow") : parseHost(item);
    if (parsed.ok) return ["rule" in parsed ? parsed.rule : ruleOfHost(parsed.grant)];
    problems.push(`Cannot grant the host ${quote(item)}: ${parsed.problem}`);
    return [];
  });
}

/** A single host is an exact name: `localhost` does not grant its addresses. */
function ruleOfHost({ kind, host, port, written }: HostGrant): NetworkRule {
  const target =
    kind === "address"
      ? ({ kind: "block", address: host, prefix: host.includes(":") ? 128 : 32 } as const)
      : ({ kind: "name", name: host } as const);
  const ports = port === undefined ? undefined : Object.freeze([Object.freeze({ start: port, end: port })]);
  return Object.freeze({ schemes: HTTP_SCHEMES, target: Object.freeze(target), ports, written });
}

function parseHostInput(value: object, name: string, problems: Problems): readonly NetworkRule[] {
  const { host, ports: given, secure } = section(value, name, ["host", "ports", "secure"], problems);
  if (typeof host !== "string") {
    problems.push(`Cannot read ${name}.host: expected a string, found ${describe(host)}`);
    return [];
  }
  const schemes: readonly NetworkScheme[] = flag(secure, `${name}.secure`, false, problems)
    ? Object.freeze(["https"] as const)
    : HTTP_SCHEMES;
  const ports = given === undefined ? undefined : parsePortList(given, `${name}.ports`, problems);
  const parsed = parseTarget(host);
  if (!parsed.ok) {
    problems.push(`Cannot grant the host ${quote(host)}: ${parsed.problem}`);
    return [];
  }
  const written = `${schemes.length === 1 ? "https://" : ""}${host}${ports === undefined ? "" : `:${printPorts(ports)}`}`;
  const rule = ruleOf(schemes, parsed.target, ports, written);
  return rule.ok ? [rule.rule] : [];
}

function parsePortsMode(parts: Readonly<Record<string, unknown>>, problems: Problems): readonly NetworkRule[] {
  if (parts["ports"] === undefined) return [];
  const ports = parsePortList(parts["ports"], "network.ports", problems);
  // Beside hosts it could be read as limiting their ports, which it does not.
  for (const other of ["public", "hosts", "allow"] as const) {
    if (parts[other] === undefined || parts[other] === false) continue;
    problems.push(
      `Cannot read network.ports beside network.${other}: it grants these ports of every public address; write the ports with each host instead`,
    );
  }
  if (ports.length === 0) return [];
  const target = Object.freeze({ kind: "public" } as const);
  return [Object.freeze({ schemes: EVERY_SCHEME, target, ports, written: `*:${printPorts(ports)}` })];
}

function parsePortList(value: unknown, name: string, problems: Problems): readonly PortRange[] {
  const ranges: PortRange[] = [];
  for (const [index, item] of items(value, name, "a list of ports", problems).entries()) {
    const found = parsePortItem(item, `${name}[${index}]`, problems);
    if (found === undefined) problems.push(`Cannot read ${name}[${index}]: ${PORTS_GRAMMAR}`);
    else ranges.push(...found);
  }
  return Object.freeze(ranges);
}

function parsePortItem(item: unknown, name: string, problems: Problems): readonly PortRange[] | undefined {
  if (typeof item === "string") return parsePorts(item);
  if (typeof item === "object" && item !== null && !Array.isArray(item)) {
    const { start, end } = section(item, name, ["start", "end"], problems);
    const range = portRange(start, end);
    return range === undefined ? undefined : [range];
  }
  const range = portRange(item, item);
  return range === undefined ? undefined : [range];
}
