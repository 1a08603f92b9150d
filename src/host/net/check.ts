import type { GrantSetting } from "../../shared/text/remedy.ts";
import { isIP } from "node:net";
import type { Decision } from "../../policy/decision.ts";
import type { ListenRule, LookupRule, NetworkGrant, NetworkRule, NetworkScheme } from "../../policy/grants.ts";
import { hasPort } from "../../policy/port-ranges.ts";
import { canonicalAddress, isInBlock, isPublicAddress } from "./addresses.ts";
import { candidates } from "./candidates.ts";
import { embeddedAddresses, reachedAddresses } from "./embedded.ts";
import { type Host, hostText, isLocalName, parseGuestHost } from "./host.ts";
import { allowsAddress, allowsResolved, coversName, coversPort, denies } from "./rule-match.ts";

/** What a guest asks to reach over HTTP. */
export interface Target {
  readonly scheme: "http" | "https";
  /** As the guest wrote it; {@link parseGuestHost} reads it. */
  readonly host: string;
  readonly port: number;
}

/** A raw socket's other end. */
export interface SocketTarget {
  readonly scheme: "tcp" | "udp";
  /** In strict notation, IPv6 without brackets and zone. */
  readonly address: string;
  readonly port: number;
  /**
   * The names that led to this address when this invocation looked them up, in the form that {@link checkLookup} allowed. Rules
   * about names cover no address but those.
   */
  readonly names?: readonly string[];
}

/**
 * Whether a host may be asked for, as far as its text shows. Whatever the name resolves to needs {@link checkAddress} as well.
 * A denial wins.
 */
export function checkTarget(grant: NetworkGrant, { scheme, host: written, port }: Target): Decision {
  const host = parseGuestHost(written);
  if (host === undefined) return denied("the host is not a DNS name or an address");
  const shown = (): string => shownHost(hostText(host), port);
  const names = host.kind === "name" ? [host.name] : [];
  const address = host.kind === "address" ? host.address : undefined;
  const denial = denialOf(grant, scheme, port, names, address, shown);
  if (denial !== undefined) return denial;
  const covers = (one: NetworkRule): boolean =>
    coversPort(one, scheme, port) &&
    (host.kind === "name" ? coversName(one.target, host.name) : allowsAddress(one.target, host.address));
  const rule = candidates(grant.allow, names, address === undefined ? [] : [address]).find(covers);
  if (rule !== undefined) return fenced(grant, covers, shown) ?? { allowed: true, rule: rule.written };
  const why = isHeldBack(grant, scheme, port, host) ? "is not public" : "is not granted";
  return denied(`${shown()} ${why}`, "grants.network.hosts", shown());
}

/**
 * Whether a connection may be made to `address`, which is what `host` resolved to. A name that is granted may lead to public
 * addresses alone, unless the rule is `any`; `localhost` to the loopback interface alone; an address to itself alone.
 */
export function checkAddress(
  grant: NetworkGrant,
  { scheme, host: written, port, address }: Target & { readonly address: string },
): Decision {
  const host = parseGuestHost(written);
  if (host === undefined) return denied("the host is not a DNS name or an address");
  const names = host.kind === "name" ? [host.name] : [];
  const shown = (): string => `${hostText(host)} at ${address}`;
  const denial = denialOf(grant, scheme, port, names, address, shown);
  if (denial !== undefined) return denial;
  const covers = (one: NetworkRule): boolean =>
    coversPort(one, scheme, port) && allowsResolved(one.target, host, address);
  const rule = candidates(grant.allow, names, [address]).find(covers);
  if (rule !== undefined) {
    return fenced(grant, covers, shown) ?? { allowed: true, rule: rule.written };
  }
  return denied(
    `${hostText(host)} leads to ${address}, which is not what is granted; a local address must be granted as an address`,
  );
}

/** Whether a socket may connect, or send datagrams, to an address. A denial wins. */
export function checkSocketAddress(grant: NetworkGrant, { scheme, address, port, names = [] }: SocketTarget): Decision {
  const canonical = canonicalAddress(address);
  if (canonical === undefined) return denied("what the socket is to reach is not an address");
  const shown = (): string => shownHost(canonical, port);
  const denial = denialOf(grant, scheme, port, names, canonical, shown);
  if (denial !== undefined) return denial;
  const covers = (one: NetworkRule): boolean =>
    coversPort(one, scheme, port) &&
    (allowsAddress(one.target, canonical) ||
      names.some((name) => allowsResolved(one.target, { kind: "name", name }, canonical)));
  const rule = candidates(grant.allow, names, [canonical]).find(covers);
  if (rule !== undefined) return fenced(grant, covers, shown) ?? { allowed: true, rule: rule.written };
  const url = `${scheme}://${shown()}`;
  return denied(`${url} is not granted`, "grants.network.allow", url);
}

/** Where a guest asks to wait for connections or datagrams. Port 0 stands for one of the system's choice. */
export interface ListenTarget {
  readonly scheme: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/** Whether a guest may wait for connections or datagrams there. IPv6 forms of IPv4 addresses are never granted. */
export function checkListen(rules: readonly ListenRule[], { scheme, address, port }: ListenTarget): Decision {
  const canonical = canonicalAddress(address);
  if (canonical === undefined || embeddedAddresses(canonical).length > 0) {
    return denied("what the socket is to listen on is not an address of its own kind");
  }
  const rule = rules.find(
    (one) => one.schemes.includes(scheme) && isInBlock(canonical, one) && hasPort(one.ports, port),
  );
  if (rule !== undefined) return { allowed: true, rule: rule.written };
  const shown = `${scheme}://${shownHost(canonical, port)}`;
  return denied(`listening on ${shown} is not granted`, "grants.listen", shown);
}

/**
 * Whether a guest may look up a name. An address needs no lookup, and no grant: nothing is asked of anyone. `localhost` is
 * answered without a lookup, but needs its grant.
 */
export function checkLookup(rules: readonly LookupRule[], name: string): Decision {
  const host = parseGuestHost(name);
  if (host === undefined) return denied("the name is not a DNS name");
  if (host.kind === "address") return { allowed: true, rule: "an address" };
  const rule = rules.find(({ target }) => coversName(target, host.name));
  if (rule !== undefined) return { allowed: true, rule: rule.written };
  return denied(`looking up ${host.name} is not granted`, "grants.lookup", host.name);
}

/** Whether any rule is about HTTP at all, so that what serves it need not be loaded for a guest that has none. */
export function grantsHttp(grant: NetworkGrant): boolean {
  return grant.allow.some(({ schemes }) => schemes.includes("http") || schemes.includes("https"));
}

/**
 * Whether the grant names exactly this host. Of any other, a guest must not learn whether the name exists: it could list the
 * names of an internal network.
 */
export function namesHost(grant: NetworkGrant, written: string): boolean {
  const host = parseGuestHost(written);
  return grant.allow.some(({ target }) => {
    if (host?.kind !== "name") return host !== undefined && target.kind === "block" && isInBlock(host.address, target);
    return (target.kind === "name" || target.kind === "loopback") && coversName(target, host.name);
  });
}

function denialOf(
  grant: NetworkGrant,
  scheme: NetworkScheme,
  port: number,
  names: readonly string[],
  address: string | undefined,
  shown: () => string,
): Decision | undefined {
  const matches = (rule: NetworkRule): boolean => coversPort(rule, scheme, port) && denies(rule.target, names, address);
  const reached = address === undefined ? [] : reachedAddresses(address);
  const rule = candidates(grant.deny, names, reached).find(matches);
  if (rule === undefined) return undefined;
  const why = rule.reason === undefined ? "" : `: ${rule.reason}`;
  return { allowed: false, reason: `${shown()} is denied by the rule ${rule.written}${why}`, rule: rule.written };
}

/** The refusal of what is allowed, and not by a rule of every fence. */
function fenced(
  { fences = [] }: NetworkGrant,
  covers: (rule: NetworkRule) => boolean,
  shown: () => string,
): Decision | undefined {
  if (fences.every((fence) => fence.some(covers))) return undefined;
  return denied(`${shown()} lies outside the fence that the machine's policy sets`);
}

/** Whether the host would be allowed if only it were public. */
function isHeldBack(grant: NetworkGrant, scheme: NetworkScheme, port: number, host: Host): boolean {
  const isPublic = host.kind === "name" ? !isLocalName(host.name) : isPublicAddress(host.address);
  return !isPublic && grant.allow.some((rule) => rule.target.kind === "public" && coversPort(rule, scheme, port));
}

function shownHost(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function denied(reason: string, setting?: GrantSetting, value?: string): Decision {
  return { allowed: false, reason, ...(setting === undefined ? {} : { remedies: [{ setting, value }] }) };
}
