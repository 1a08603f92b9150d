import { isIP } from "node:net";
import { parseGuestHost } from "../../../host/net/host.ts";
import { allowsResolved } from "../../../host/net/rule-match.ts";
import type { NetworkEntry } from "../../../policy/documents/policy-shape.ts";
import type { NetworkTarget } from "../../../policy/grants.ts";
import type { Use } from "../../../shared/use.ts";

/** What of the network was used, as a document says it. */
export interface LearnedNetwork {
  readonly allow: readonly NetworkEntry[];
  readonly listen: readonly string[];
  readonly lookup: readonly string[];
}

interface Reached {
  readonly host: string;
  readonly isAddress: boolean;
  readonly protocol: string;
  readonly ports: Set<number>;
}

/** The rules of the network that cover these uses. */
export function learnNetwork(uses: readonly Use[]): LearnedNetwork {
  const reached = new Map<string, Reached>();
  const reach = (host: string, isAddress: boolean, protocol: string, port: number): void => {
    const key = `${protocol} ${host}`;
    const known = reached.get(key) ?? { host, isAddress, protocol, ports: new Set() };
    known.ports.add(port);
    reached.set(key, known);
  };
  const listen = new Set<string>();
  const lookup = new Set<string>();
  for (const use of uses) {
    if (use.kind === "http") learnHttp(use, reach);
    else if (use.kind === "socket") learnSocket(use, reach);
    else if (use.kind === "lookup") lookup.add(lookedUp(use));
    else if (use.kind === "bind" && (use.listens || use.port !== 0)) {
      const { scheme, address, port } = use;
      listen.add(`${scheme}://${isIP(address) === 6 ? `[${address}]` : address}:${port}`);
    }
  }
  return { allow: withoutWeaker([...reached.values()]).map(entryOf), listen: [...listen], lookup: [...lookup] };
}

type Reach = (host: string, isAddress: boolean, protocol: string, port: number) => void;

function learnHttp(
  { scheme, host: written, port, address }: Extract<Use, { readonly kind: "http" }>,
  reach: Reach,
): void {
  const host = parseGuestHost(written);
  if (host === undefined) return;
  if (host.kind === "address") reach(host.address, true, scheme, port);
  else if (address === undefined || allowsResolved(targetOf(host.name), host, address))
    reach(host.name, false, scheme, port);
  // A name that leads to what is not public is covered by no other rule.
  else reach("any", false, scheme, port);
}

function learnSocket({ scheme, address, port, names }: Extract<Use, { readonly kind: "socket" }>, reach: Reach): void {
  const name = names.find((one) => allowsResolved(targetOf(one), { kind: "name", name: one }, address));
  if (name === undefined) reach(address, true, scheme, port);
  else reach(name, false, scheme, port);
}

function lookedUp({ name, address }: Extract<Use, { readonly kind: "lookup" }>): string {
  if (address === undefined || allowsResolved(targetOf(name), { kind: "name", name }, address)) return name;
  return "any";
}

function targetOf(name: string): NetworkTarget {
  return name === "localhost" ? { kind: "loopback" } : { kind: "name", name };
}

/** Without ports of hosts that a rule for any host has as well. */
function withoutWeaker(all: readonly Reached[]): readonly Reached[] {
  return all.filter((one) => {
    const any =
      one.host === "any" ? undefined : all.find(({ host, protocol }) => host === "any" && protocol === one.protocol);
    return any === undefined || !one.ports.isSubsetOf(any.ports);
  });
}

function entryOf({ host, isAddress, protocol, ports }: Reached): NetworkEntry {
  const all = [...ports].toSorted((one, other) => one - other);
  const port = all.length === 1 ? all[0] : all;
  const common = { ...(port === undefined ? {} : { port }), protocol };
  return isAddress ? { cidr: `${host}/${isIP(host) === 6 ? 128 : 32}`, ...common } : { host, ...common };
}
