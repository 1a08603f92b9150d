import type { Remedy } from "../../shared/text/remedy.ts";
import { isIP, type LookupFunction } from "node:net";
import type { NetworkGrant } from "../../policy/grants.ts";
import { nodeDns } from "../../shared/node-modules.ts";
import { checkAddress, type Target } from "./check.ts";
import { hostText, parseGuestHost } from "./host.ts";

/** Turns a DNS name into addresses; rejects when there are none. */
export type Resolver = (name: string) => Promise<readonly string[]>;

/** The operating system's resolver: its hosts file, then DNS. */
export const systemResolver: Resolver = async (name) =>
  (await nodeDns().lookup(name, { all: true })).map(({ address }) => address);

/** The addresses that a host may be reached at. */
export type Candidates =
  | { readonly kind: "checked"; readonly addresses: readonly string[] }
  | { readonly kind: "denied"; readonly reason: string; readonly remedies?: readonly Remedy[] | undefined }
  | { readonly kind: "unresolved" };

/** More addresses than this of one name are left out. */
const MAX_ADDRESSES = 16;

/**
 * Resolves a host, once, and keeps the addresses that {@link checkAddress} allows. An address resolves to itself and
 * `localhost` to 127.0.0.1 and ::1, without a lookup.
 *
 * @param grant Asked for when the addresses are there: it may have changed since.
 */
export async function checkedAddresses(
  grant: () => NetworkGrant,
  target: Target,
  resolve: Resolver,
): Promise<Candidates> {
  let found: readonly string[];
  try {
    found = await addressesOf(target.host, resolve);
  } catch {
    // Why a lookup failed depends on the resolver and helps nobody; that it failed is reported.
    return { kind: "unresolved" };
  }
  const addresses: string[] = [];
  let refusal: Extract<Candidates, { kind: "denied" }> | undefined;
  for (const address of found.slice(0, MAX_ADDRESSES)) {
    const decision = checkAddress(grant(), { ...target, address });
    if (decision.allowed) addresses.push(address);
    else refusal ??= { kind: "denied", reason: decision.reason, remedies: decision.remedies };
  }
  if (addresses.length > 0) return { kind: "checked", addresses };
  return refusal ?? { kind: "unresolved" };
}

/** The addresses of a host as a guest wrote it; see {@link checkedAddresses}. Rejects when it is none, or has none. */
async function addressesOf(written: string, resolve: Resolver): Promise<readonly string[]> {
  const host = parseGuestHost(written);
  if (host === undefined) throw new Error("the host is not a DNS name or an address");
  if (host.kind === "address") return [host.address];
  if (host.name === "localhost") return ["127.0.0.1", "::1"];
  return resolve(hostText(host));
}

/** A `lookup` option for Node's sockets that answers with these addresses, whatever the name. Nothing is looked up again. */
export function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const pinned = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, options, callback) => {
    const [first] = pinned;
    if (options.all === true) callback(null, pinned);
    else if (first === undefined) callback(new Error("no address"), "");
    else callback(null, first.address, first.family);
  };
}
