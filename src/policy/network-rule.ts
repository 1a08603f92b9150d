import type { NetworkRule, NetworkScheme, NetworkTarget, PortRange } from "./grants.ts";
import { parseTarget } from "./network-pattern.ts";
import { EVERY_PORT, parsePorts, PORTS_GRAMMAR } from "./port-ranges.ts";

/** Every protocol a rule can be about. */
export const EVERY_SCHEME: readonly NetworkScheme[] = Object.freeze(["http", "https", "tcp", "udp"] as const);
/** The protocols that `--allow-network` and `network.hosts` are about. */
export const HTTP_SCHEMES: readonly NetworkScheme[] = Object.freeze(["http", "https"] as const);

/** What a rule looks like; part of every message about a wrong one. */
const GRAMMAR = "write [SCHEME://]HOST[:PORTS], such as https://api.example.com or tcp://10.0.0.0/8:5432-5440";

/** A rule, or what is wrong with what was written; one line. */
export type RuleParse =
  | { readonly ok: true; readonly rule: NetworkRule }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads one network rule, `[SCHEME://]HOST[:PORTS]`, after the outbound hosts of Spin
 * (https://spinframework.dev/v3/http-outbound).
 *
 * - SCHEME is `http`, `https`, `tcp`, `udp` or `*`; without one, every protocol is meant.
 * - HOST is what {@link parseTarget} reads.
 * - PORTS are numbers, ranges `START-END` or `*`, with commas between. Without them, a rule that allows means the default port
 *   of HTTP or HTTPS, so that it covers no raw socket, unless HOST is `*`, `public` or `any`, where every port is meant; a rule
 *   that denies means every port.
 *
 * There are no paths, queries or user names.
 */
export function parseNetworkRule(written: string, use: "allow" | "deny"): RuleParse {
  if (written === "") return wrong("it is empty");
  if (written.length > 1_000) return wrong("it is longer than 1,000 characters");
  if (/[\s%\p{Cc}\p{Cf}]/u.test(written)) return wrong("it has a space, a percent sign or a control character");
  if (written.includes("@")) return wrong("it has a user name");
  const [, schemeText, rest] = /^(?:([^/:]*):\/\/)?(.*)$/u.exec(written) ?? [];
  const schemes = schemesOf(schemeText);
  if (schemes === undefined) return wrong("its scheme is not http, https, tcp, udp or *");
  const { host, portsText } = splitPorts(rest ?? "");
  if (host === "") return wrong("it has no host");
  const parsed = parseTarget(host);
  if (!parsed.ok) return wrong(parsed.problem);
  const ports = portsText === undefined ? defaultPorts(parsed.target, use) : parsePorts(portsText);
  if (portsText !== undefined && ports === undefined) return wrong(`its port is wrong: ${PORTS_GRAMMAR}`);
  return ruleOf(schemes, parsed.target, ports, written);
}

/** The parts of a rule put together; wrong when there are no ports for raw sockets alone, which have no default. */
export function ruleOf(
  schemes: readonly NetworkScheme[],
  target: NetworkTarget,
  ports: readonly PortRange[] | undefined,
  written: string,
): RuleParse {
  if (ports === undefined && !schemes.some((scheme) => HTTP_SCHEMES.includes(scheme))) {
    return wrong(`${schemes.join(" and ")} has no default port; add :PORT, or :* for every port`);
  }
  return { ok: true, rule: Object.freeze({ schemes, target, ports, written }) };
}

function wrong(problem: string): RuleParse {
  return { ok: false, problem: `${problem}; ${GRAMMAR}` };
}

function schemesOf(text: string | undefined): readonly NetworkScheme[] | undefined {
  if (text === undefined || text === "*") return EVERY_SCHEME;
  const scheme = EVERY_SCHEME.find((one) => one === text.toLowerCase());
  return scheme === undefined ? undefined : Object.freeze([scheme]);
}

/** What is before and after the colon that starts the ports. Colons of an IPv6 address are before a bracket or a prefix. */
function splitPorts(text: string): { readonly host: string; readonly portsText: string | undefined } {
  const parts =
    /^(\[[^\]]*\](?:\/[0-9]*)?)(?::(.*))?$/u.exec(text) ??
    /^([^/[\]]*\/[0-9]+)(?::(.*))?$/u.exec(text) ??
    /^([^:]*)(?::([^:]*))?$/u.exec(text);
  return { host: parts?.[1] ?? text, portsText: parts?.[2] };
}

function defaultPorts(target: NetworkTarget, use: "allow" | "deny"): readonly PortRange[] | undefined {
  return use === "deny" || target.kind === "public" || target.kind === "any" ? EVERY_PORT : undefined;
}
