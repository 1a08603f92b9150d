import { isIP } from "node:net";
import type { Decision } from "../../policy/decision.ts";
import type { HostGrant, NetworkGrant } from "../../policy/grants.ts";
import { isDnsName } from "../../policy/parse-host.ts";
import { canonicalAddress, isLoopbackAddress, isPublicAddress } from "./addresses.ts";

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ["http:", 80],
  ["https:", 443],
]);

/** The URL's host as grants write it: without brackets and without one trailing dot. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/u, "$1").replace(/\.$/u, "");
}

/** The URL's port, the default of its scheme included; 0 for a scheme that is neither `http` nor `https`. */
export function portOf(url: URL): number {
  return url.port === "" ? (DEFAULT_PORTS.get(url.protocol) ?? 0) : Number(url.port);
}

/**
 * Whether a URL may be requested, as far as its text tells. The host is checked in the form that the URL parser gives it, so
 * `127.1` is 127.0.0.1 here. Whatever the name resolves to needs {@link checkAddress} as well.
 */
export function checkUrl(network: NetworkGrant, url: URL): Decision {
  const defaultPort = DEFAULT_PORTS.get(url.protocol);
  if (defaultPort === undefined) return denied("the scheme of the URL is not http or https");
  if (url.username !== "" || url.password !== "") return denied("the URL has a user name or password");
  const host = hostOf(url);
  const port = portOf(url);
  const isAddress = isIP(host) !== 0;
  if (!isAddress && !isDnsName(host)) return denied("the host of the URL is not a DNS name or an address");

  const grant = network.hosts.find((grant) => grant.host === host && (grant.port ?? defaultPort) === port);
  if (grant !== undefined) return { allowed: true, rule: grant.written };
  const local = host === "localhost" || host.endsWith(".localhost") || (isAddress && !isPublicAddress(host));
  if (network.public && !local) return { allowed: true, rule: "public" };

  const shown = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const why = network.public ? "is not public" : "is not granted";
  return denied(`${shown} ${why}; allow it with --allow-network=${shown}`);
}

/**
 * Whether a connection may be made to `address`, which is what `host` resolved to. A granted name, and a host that only
 * `public` covers, may lead to public addresses alone; `localhost` to the loopback interface alone; a granted address to
 * itself alone. `host` is as {@link hostOf} gives it. A grant without a port covers 80 and 443 here, since
 * {@link checkUrl} has matched the scheme before.
 */
export function checkAddress(network: NetworkGrant, host: string, port: number, address: string): Decision {
  for (const grant of network.hosts) {
    const portMatches = grant.port === undefined ? port === 80 || port === 443 : grant.port === port;
    if (grant.host === host && portMatches && covers(grant, address)) return { allowed: true, rule: grant.written };
  }
  if (network.public && host !== "localhost" && isPublicAddress(address)) return { allowed: true, rule: "public" };
  return denied(
    `${host} leads to ${address}, which is not what is granted; a local address must be granted as an address`,
  );
}

function covers({ kind, host }: HostGrant, address: string): boolean {
  if (kind === "name") return isPublicAddress(address);
  if (kind === "loopback") return isLoopbackAddress(address);
  return canonicalAddress(address) === host;
}

function denied(reason: string): Decision {
  return { allowed: false, reason };
}
