import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import type { buildConnector } from "undici";
import type { NetworkGrant } from "../../policy/grants.ts";
import { checkAddress, hostOf, portOf } from "./check.ts";

/** Turns a DNS name into addresses; rejects when there are none. */
export type Resolver = (name: string) => Promise<readonly string[]>;

/** The operating system's resolver: its hosts file, then DNS. */
export const systemResolver: Resolver = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/** The addresses that a URL's host may be reached at. */
export type Candidates =
  | { readonly kind: "checked"; readonly addresses: readonly string[] }
  | { readonly kind: "denied"; readonly reason: string }
  | { readonly kind: "unresolved" };

/** More addresses than this of one name are left out. */
const MAX_ADDRESSES = 16;

/**
 * Resolves a URL's host, once, and keeps the addresses that {@link checkAddress} allows. An address resolves to itself and
 * `localhost` to 127.0.0.1 and ::1, without a lookup.
 */
export async function checkedAddresses(network: NetworkGrant, url: URL, resolve: Resolver): Promise<Candidates> {
  const host = hostOf(url);
  let found: readonly string[];
  try {
    found = await addressesOf(host, resolve);
  } catch {
    // Why a lookup failed depends on the resolver and helps nobody; that it failed is reported.
    return { kind: "unresolved" };
  }
  const addresses: string[] = [];
  let refusal: string | undefined;
  for (const address of found.slice(0, MAX_ADDRESSES)) {
    const decision = checkAddress(network, host, portOf(url), address);
    if (decision.allowed) addresses.push(address);
    else refusal ??= decision.reason;
  }
  if (addresses.length > 0) return { kind: "checked", addresses };
  return refusal === undefined ? { kind: "unresolved" } : { kind: "denied", reason: refusal };
}

async function addressesOf(host: string, resolve: Resolver): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  if (host === "localhost") return ["127.0.0.1", "::1"];
  return resolve(host);
}

/**
 * A connector that reaches the given addresses and no others, whatever name it is asked for; the name stays the one that TLS
 * certificates are verified against. Nothing is looked up again.
 *
 * @param build undici's `buildConnector`
 * @param timeoutMs time to connect, in milliseconds
 */
export function pinnedConnector(
  build: typeof buildConnector,
  addresses: readonly string[],
  timeoutMs: number,
): buildConnector.connector {
  const pinned = addresses.map((address) => ({ address, family: isIP(address) }));
  const lookupPinned: LookupFunction = (_name, options, callback) => {
    const [first] = pinned;
    if (options.all === true) callback(null, pinned);
    else if (first === undefined) callback(new Error("no address"), "");
    else callback(null, first.address, first.family);
  };
  const connect = build({
    lookup: lookupPinned,
    allowH2: false,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1_000,
    maxCachedSessions: 0,
    rejectUnauthorized: true,
    timeout: timeoutMs,
  });
  return (options, callback) => {
    // Node looks no address up, so the pin would not hold for one: an address may only be connected to itself.
    const name = options.hostname.replace(/^\[(.*)\]$/u, "$1");
    if (isIP(name) !== 0 && !addresses.includes(name)) {
      callback(new Error("the address is not the one that was checked"), null);
      return;
    }
    connect(options, callback);
  };
}
