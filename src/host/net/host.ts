import { isIP } from "node:net";
import { isDnsName } from "../../policy/parsing/parse-host.ts";
import { canonicalAddress } from "./addresses.ts";

/** What a guest named as a host, in the one form that checks compare. */
export type Host =
  /** Lower case, punycode, without a trailing dot. */
  { readonly kind: "name"; readonly name: string } | { readonly kind: "address"; readonly address: string };

/** A name that the standard leaves as it is: its last label begins with a letter, so that it is no address either. */
const IN_ITS_FORM = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

/**
 * Reads a host as a guest wrote it, which is as the WHATWG URL Standard reads it: `127.1` and `0x7f.1` are 127.0.0.1, an IPv6
 * address may have brackets, one trailing dot counts for nothing. `undefined` for what is neither a DNS name nor an address, a
 * user name and a zone included.
 */
export function parseGuestHost(written: string): Host | undefined {
  if (written.length > 1_000) return undefined;
  if (written.length <= 253 && IN_ITS_FORM.test(written) && !written.includes("xn--")) {
    return { kind: "name", name: written };
  }
  const bare = /^\[(.*)\]$/u.exec(written)?.[1];
  if (isIP(bare ?? written) === 6) return addressOf(bare ?? written);
  if (bare !== undefined || /[\s%@:/\\?#[\]\p{Cc}]/u.test(written)) return undefined;
  const name = URL.parse(`http://${written}/`)?.hostname.replace(/\.$/u, "");
  if (name === undefined) return undefined;
  if (isIP(name) !== 0) return addressOf(name);
  return isDnsName(name) ? { kind: "name", name } : undefined;
}

/** The host as text: a name or an address, without brackets. */
export function hostText(host: Host): string {
  return host.kind === "name" ? host.name : host.address;
}

/** Whether a name is `localhost` or below it, which is never another machine (RFC 6761). */
export function isLocalName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

function addressOf(text: string): Host | undefined {
  const address = canonicalAddress(text);
  return address === undefined ? undefined : { kind: "address", address };
}
